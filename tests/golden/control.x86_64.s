;; function 0 `if_else`
  pushq %rbp
  movq %rsp, %rbp
block0:
  testl %edi, %edi
  jnz     label2; j label1
block1:
  movl $0x2, %eax
  jmp     label3
block2:
  movl $0x1, %eax
  jmp     label3
block3:
  jmp     label4
block4:
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 1 `select`
  pushq %rbp
  movq %rsp, %rbp
block0:
  jmp     label1
block1:
  testl %edi, %edi
  movq %rdx, %rax
  cmovneq %rsi, %rax
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 2 `br_table`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movq %rdi, %r11
  movl $0x3, %edi
  movl %r11d, %r8d
  cmpl %edi, %r8d
  cmovbl %r8d, %edi
  br_table %rdi, %rcx, %rax
block1:
  jmp     label4
block2:
  jmp     label4
block3:
  movl $0x14, %eax
  movq %rbp, %rsp
  popq %rbp
  retq
block4:
  movl $0xa, %eax
  movq %rbp, %rsp
  popq %rbp
  retq
block5:
  jmp     label6
block6:
  movl $0x1e, %eax
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 3 `loop_with_values`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movl $0x1, %eax
  jmp     label1
block1:
  imulq %rdi, %rax
  movq %rdi, %r8
  subq $0x1, %r8
  cmpq $0x1, %rdi
  jnbe    label2; j label3
block2:
  movq %r8, %rdi
  jmp     label1
block3:
  jmp     label4
block4:
  jmp     label5
block5:
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 4 `early_return`
  pushq %rbp
  movq %rsp, %rbp
block0:
  testl %edi, %edi
  jz      label4; j label1
block1:
  jmp     label2
block2:
  jmp     label3
block3:
  leal 1(%rdi), %eax
  movq %rbp, %rsp
  popq %rbp
  retq
block4:
  movl $0xffffffff, %eax
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 5 `dead_code`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movl $0x1, %eax
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 6 `compare_and_branch`
  pushq %rbp
  movq %rsp, %rbp
block0:
  cmpl %esi, %edi
  jl      label2; j label1
block1:
  uninit  %rax
  xorl %eax, %eax
  movq %rbp, %rsp
  popq %rbp
  retq
block2:
  jmp     label3
block3:
  movl $0x1, %eax
  movq %rbp, %rsp
  popq %rbp
  retq

