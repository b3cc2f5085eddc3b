;; function 0 `load`
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

;; function 1 `load_extended`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movl %edi, %esi
  movsbq 0x3c080000(%rsi), %rax
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 2 `store_constant`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movl %edi, %edx
  movl $0x7, 0x3c080010(%rdx)
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 3 `increment`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movl %edi, %edx
  addl $0x1, 0x3c080010(%rdx)
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 4 `constant_index`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movl $0x3c080000, %edi
  movq 0x400(%rdi), %rsi
  movq 0x408(%rdi), %rdi
  jmp     label1
block1:
  leaq (%rsi, %rdi), %rax
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 5 `computed`
  pushq %rbp
  movq %rsp, %rbp
block0:
  leal (%rdi, %rsi, 4), %esi
  movl 0x3c080000(%rsi), %eax
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 6 `large_offset`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movl %edi, %esi
  movl $0xbc080000, %edi
  movl (%rsi, %rdi), %eax
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 7 `sum`
  pushq %rbp
  movq %rsp, %rbp
block0:
  uninit  %rax
  xorl %eax, %eax
  jmp     label1
block1:
  movl %edi, %ecx
  movl 0x3c080000(%rcx), %ecx
  subl $0x1, %esi
  leal (%rax, %rcx), %eax
  leal 4(%rdi), %edi
  testl %esi, %esi
  jnz     label2; j label3
block2:
  jmp     label1
block3:
  jmp     label4
block4:
  jmp     label5
block5:
  movq %rbp, %rsp
  popq %rbp
  retq

