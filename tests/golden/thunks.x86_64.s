;; function 1 `own`
  pushq %rbp
  movq %rsp, %rbp
block0:
  jmp     label1
block1:
  movq %rdi, %rax
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 2 `call`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movq %rsi, %r10
  movl %edi, %r9d
  cmpq $0x2, %r9
  jnb #trap=user4
  load_ext_name userextname0+0, %r11
  movq (%r11, %r9, 8), %r9
  cmpl $0x1, %r9d
  jz      label2; j label1
block2:
  load_ext_name userextname1+0, %rax
  shrq $0x20, %r9
  leaq (%rax, %r9), %rax
  movq %r10, %rdi
  call    *%rax
  jmp     label3
block3:
  movq %rbp, %rsp
  popq %rbp
  retq
block1:
  testq %r9, %r9
  jz #trap=user5
  ud2

;; thunk of `fd_close`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movq %rdi, %rsi
  load_ext_name userextname0+0, %rdi
  call    User(userextname1)
  movq %rbp, %rsp
  popq %rbp
  retq

