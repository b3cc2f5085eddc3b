;; function 0 `new`
  pushq %rbp
  movq %rsp, %rbp
  subq $0x20, %rsp
  movq %r15, 0x10(%rsp)
block0:
  movq %rdi, %r15
  load_ext_name userextname0+0, %rax
  movq (%rax), %rax
  movq %rax, <offset:1>+(%rsp)
  load_ext_name userextname0+16, %rcx
  movq (%rcx), %rax
  movq 8(%rcx), %rdx
  leaq 0x10(%rax), %rsi
  cmpq %rdx, %rsi
  jbe     label2; j label1
block2:
  leaq 0x10(%rax), %rdx
  movq %rdx, (%rcx)
  jmp     label3
block3:
  movl $0x2, (%rax)
  movq %r15, %rdi
  movl %edi, 4(%rax)
  movq <offset:1>+(%rsp), %rcx
  movl %ecx, 8(%rax)
  jmp     label4
block4:
  movq 0x10(%rsp), %r15
  addq $0x20, %rsp
  movq %rbp, %rsp
  popq %rbp
  retq
block1:
  movl $0x1, %edi
  movl $0x10, %esi
  call    User(userextname1)
  ; UserStackMap { by_type: [(types::I64, CompoundBitSet {0})], sp_to_sized_stack_slots: None }
  jmp     label3

;; function 1 `get`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movl 8(%rdi), %esi
  movl 4(%rsi), %eax
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 2 `set`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movl %esi, 8(%rdi)
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 3 `packed`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movsbq 4(%rdi), %rax
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

;; objects of instance 0
  pushq %rbp
  movq %rsp, %rbp
block0:
  load_ext_name userextname0+16, %r11
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
  movl $0x1, 4(%rax)
  uninit  %rcx
  xorq %rcx, %rcx
  movl %ecx, 8(%rax)
  load_ext_name userextname0+0, %rcx
  movq %rax, (%rcx)
  movq %rbp, %rsp
  popq %rbp
  retq
block1:
  movl $0x1, %edi
  movl $0x10, %esi
  call    User(userextname1)
  jmp     label3

