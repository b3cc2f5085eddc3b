;; function 0 `get`
  pushq %rbp
  movq %rsp, %rbp
block0:
  cmpl 4(%rdi), %esi
  jnb #trap=user22
  movl %esi, %esi
  movl 8(%rdi, %rsi, 4), %eax
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 1 `set`
  pushq %rbp
  movq %rsp, %rbp
block0:
  cmpl 4(%rdi), %esi
  jnb #trap=user22
  movl %esi, %esi
  movb %dl, 8(%rdi, %rsi)
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 2 `new`
  pushq %rbp
  movq %rsp, %rbp
  subq $0x20, %rsp
  movq %rbx, 0x10(%rsp)
  movq %r12, 0x18(%rsp)
block0:
  load_ext_name userextname0+0, %rcx
  movq (%rcx), %rax
  movq 8(%rcx), %rdx
  movl %edi, %ebx
  movq %rdi, %r12
  leaq 0xf(%rbx), %rsi
  movq %rsi, %rdi
  andq $0xfffffffffffffff8, %rdi
  leaq (%rax, %rdi), %rdi
  cmpq %rdx, %rdi
  jbe     label2; j label1
block2:
  movq %rdi, (%rcx)
  jmp     label3
block3:
  movq %rax, <offset:1>+(%rsp)
  movl $0x4, (%rax)
  movq %r12, %rdi
  movl %edi, 4(%rax)
  leaq 8(%rax), %rdi
  uninit  %rsi
  xorl %esi, %esi
  movq %rbx, %rdx
  call    User(userextname2)
  ; UserStackMap { by_type: [(types::I64, CompoundBitSet {0})], sp_to_sized_stack_slots: None }
  movq <offset:1>+(%rsp), %rax
  jmp     label4
block4:
  movq 0x10(%rsp), %rbx
  movq 0x18(%rsp), %r12
  addq $0x20, %rsp
  movq %rbp, %rsp
  popq %rbp
  retq
block1:
  movl $0x2, %edi
  andq $0xfffffffffffffff8, %rsi
  call    User(userextname1)
  jmp     label3

;; function 3 `fixed`
  pushq %rbp
  movq %rsp, %rbp
  subq $0x10, %rsp
  movq %r12, (%rsp)
block0:
  movq %rdi, %r12
  load_ext_name userextname0+0, %r11
  movq (%r11), %rax
  movq 8(%r11), %rcx
  leaq 0x10(%rax), %rdx
  cmpq %rcx, %rdx
  jbe     label2; j label1
block2:
  leaq 0x10(%rax), %rcx
  movq %rcx, (%r11)
  jmp     label3
block3:
  movl $0x2, (%rax)
  movl $0x2, 4(%rax)
  movq %r12, %rdi
  movl %edi, 8(%rax)
  movl $0x7, 0xc(%rax)
  jmp     label4
block4:
  movq (%rsp), %r12
  addq $0x10, %rsp
  movq %rbp, %rsp
  popq %rbp
  retq
block1:
  movl $0x1, %edi
  movl $0x10, %esi
  call    User(userextname1)
  jmp     label3

;; function 4 `copy`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movl %edx, %edx
  movl 4(%rdi), %r9d
  cmpq %r9, %rdx
  jnbe #trap=user22
  leaq 1(%rdx), %r11
  movl 4(%rsi), %eax
  cmpq %rax, %r11
  jnbe #trap=user22
  leaq 8(%rdi), %rdi
  leaq 9(%rsi), %rsi
  call    User(userextname0)
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

