;; function 1 `count`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movq    %r15, %rax
  addl $0x2a, 0x60(%rax)
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 2 `around_call`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movq    %r15, %rcx
  movl $0x1, 0x60(%rcx)
  call    User(userextname0)
  movq    %r15, %rsi
  movl $0x2, 0x60(%rsi)
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 3 `load`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movl %edi, %esi
  movl 0x3c080010(%rsi), %eax
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 4 `size`
  pushq %rbp
  movq %rsp, %rbp
block0:
  load_ext_name userextname0+8, %rdx
  movq (%rdx), %rax
  jmp     label1
block1:
  shrq $0x10, %rax
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 5 `grow`
  pushq %rbp
  movq %rsp, %rbp
block0:
  load_ext_name userextname0+0, %rdi
  movl $0x1, %esi
  call    User(userextname1)
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 6 `call_fixed`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movl %edi, %edi
  cmpq $0x2, %rdi
  jnb #trap=user4
  load_ext_name userextname0+0, %r9
  movq (%r9, %rdi, 8), %rdi
  cmpl $0x1, %edi
  jz      label2; j label1
block2:
  load_ext_name userextname1+0, %rax
  shrq $0x20, %rdi
  leaq (%rax, %rdi), %rax
  call    *%rax
  jmp     label3
block3:
  movq %rbp, %rsp
  popq %rbp
  retq
block1:
  testq %rdi, %rdi
  jz #trap=user5
  ud2

;; function 7 `call_written`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movl %edi, %edi
  cmpq $0x2, %rdi
  jnb #trap=user4
  movq    %r15, %r9
  movq 0x70(%r9, %rdi, 8), %rdi
  cmpl $0x1, %edi
  jz      label2; j label1
block2:
  load_ext_name userextname0+0, %rax
  shrq $0x20, %rdi
  leaq (%rax, %rdi), %rax
  call    *%rax
  jmp     label3
block3:
  movq %rbp, %rsp
  popq %rbp
  retq
block1:
  testq %rdi, %rdi
  jz #trap=user5
  ud2

;; function 8 `call_grown`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movq    %r15, %r8
  movl %edi, %r9d
  cmpq 0x48(%r8), %r9
  jnb #trap=user4
  movq 0x40(%r8), %r10
  movq (%r10, %r9, 8), %r8
  cmpl $0x1, %r8d
  jz      label2; j label1
block2:
  load_ext_name userextname0+0, %rax
  shrq $0x20, %r8
  leaq (%rax, %r8), %rax
  call    *%rax
  jmp     label3
block3:
  movq %rbp, %rsp
  popq %rbp
  retq
block1:
  testq %r8, %r8
  jz #trap=user5
  ud2

;; function 9 `write`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movl %edi, %r8d
  cmpq $0x2, %r8
  jnb #trap=user3
  movq    %r15, %r10
  load_ext_name userextname0+0, %r11
  movq (%r11), %rdx
  movq %rdx, 0x70(%r10, %r8, 8)
  leaq 0x40(%r10), %rdi
  movl $0x1, %esi
  call    User(userextname1)
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 10 `start`
  pushq %rbp
  movq %rsp, %rbp
block0:
  load_ext_name userextname0+0, %rdi
  uninit  %rsi
  xorl %esi, %esi
  call    User(userextname1)
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 11 `wasi_thread_start`
  pushq %rbp
  movq %rsp, %rbp
block0:
  call    User(userextname0)
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

