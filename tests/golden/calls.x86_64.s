;; function 1 `callee`
  pushq %rbp
  movq %rsp, %rbp
block0:
  jmp     label1
block1:
  leal 1(%rdi), %eax
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 2 `direct`
  pushq %rbp
  movq %rsp, %rbp
block0:
  call    User(userextname0)
  jmp     label1
block1:
  leal 1(%rax), %eax
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 3 `indirect`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movl %esi, %r10d
  cmpq $0x2, %r10
  jnb #trap=user4
  load_ext_name userextname0+0, %rax
  movq (%rax, %r10, 8), %r10
  cmpl $0x1, %r10d
  jz      label2; j label1
block2:
  load_ext_name userextname1+0, %rax
  shrq $0x20, %r10
  leaq (%rax, %r10), %rax
  call    *%rax
  jmp     label3
block3:
  leal 1(%rax), %eax
  movq %rbp, %rsp
  popq %rbp
  retq
block1:
  testq %r10, %r10
  jz #trap=user5
  ud2

;; function 4 `indirect_written`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movl %esi, %r10d
  cmpq $0x2, %r10
  jnb #trap=user4
  load_ext_name userextname0+112, %rax
  movq (%rax, %r10, 8), %r10
  cmpl $0x1, %r10d
  jz      label2; j label1
block2:
  load_ext_name userextname1+0, %rax
  shrq $0x20, %r10
  leaq (%rax, %r10), %rax
  call    *%rax
  jmp     label3
block3:
  leal 1(%rax), %eax
  movq %rbp, %rsp
  popq %rbp
  retq
block1:
  testq %r10, %r10
  jz #trap=user5
  ud2

;; function 5 `set`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movl %edi, %esi
  cmpq $0x2, %rsi
  jnb #trap=user3
  load_ext_name userextname0+0, %rdi
  movq (%rdi, %rsi, 8), %rdi
  load_ext_name userextname1+112, %r8
  movq %rdi, (%r8, %rsi, 8)
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 6 `tail`
  pushq %rbp
  movq %rsp, %rbp
block0:
  return_call_known User(userextname0) (0) tmp=%r11 %rdi=%rdi

;; function 7 `runtime`
  pushq %rbp
  movq %rsp, %rbp
block0:
  load_ext_name userextname0+0, %rdi
  call    User(userextname1)
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

