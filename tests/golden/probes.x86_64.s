;; function 1 `frame`
  pushq %rbp
  movq %rsp, %rbp
  subq $0x1000, %rsp
  movl $0x0, (%rsp)
  subq $0x1000, %rsp
  movl $0x0, (%rsp)
  addq $0x2000, %rsp
  subq $0x2010, %rsp
  movq %rbx, 0x1fe0(%rsp)
  movq %r12, 0x1fe8(%rsp)
  movq %r13, 0x1ff0(%rsp)
  movq %r14, 0x1ff8(%rsp)
  movq %r15, 0x2000(%rsp)
block0:
  testl %edi, %edi
  jnz #trap=user4
  load_ext_name userextname0+0, %rax
  movl %edi, %ecx
  movq (%rax, %rcx, 8), %rax
  cmpl $0x1, %eax
  jz      label2; j label1
block2:
  load_ext_name userextname1+0, %rcx
  shrq $0x20, %rax
  leaq (%rcx, %rax), %rax
  leaq (%rsp), %rdi
  call    *%rax
  jmp     label3
block3:
  movq 0x1fe0(%rsp), %rbx
  movq 0x1fe8(%rsp), %r12
  movq 0x1ff0(%rsp), %r13
  movq 0x1ff8(%rsp), %r14
  movq 0x2000(%rsp), %r15
  addq $0x2010, %rsp
  movq %rbp, %rsp
  popq %rbp
  retq
block1:
  testq %rax, %rax
  jz #trap=user5
  ud2

