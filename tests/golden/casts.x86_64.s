;; function 0 `leaf`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movl (%rdi), %esi
  jmp     label1
block1:
  cmpl $0x6, %esi
  sete %sil
  movzbl %sil, %eax
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 1 `middle`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movl (%rdi), %esi
  jmp     label1
block1:
  leal -4(%rsi), %esi
  cmpl $0x4, %esi
  setb %dil
  movzbl %dil, %eax
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 2 `cast`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movl (%rdi), %esi
  cmpl $0x6, %esi
  jnz #trap=user23
  movl 8(%rdi), %eax
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 3 `cast_any`
  pushq %rbp
  movq %rsp, %rbp
block0:
  testq %rdi, %rdi
  jnz     label2; j label1
block1:
  jmp     label3
block2:
  testq $0x3, %rdi
  jnz #trap=user23
  movl (%rdi), %r8d
  cmpl $0x6, %r8d
  jnz #trap=user23
  jmp     label3
block3:
  jmp     label4
block4:
  movq %rdi, %rax
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 4 `branch`
  pushq %rbp
  movq %rsp, %rbp
block0:
  testq $0x1, %rdi
  jz      label2; j label1
block1:
  movq %rdi, %rax
  sarl $1, %eax
  movq %rbp, %rsp
  popq %rbp
  retq
block2:
  jmp     label3
block3:
  movl $0xffffffff, %eax
  movq %rbp, %rsp
  popq %rbp
  retq

