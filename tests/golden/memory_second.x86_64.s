;; function 0 `copy`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movl %edi, %r9d
  jmp     label1
block1:
  movl 0x3c080004(%r9), %r10d
  movl %r10d, 0x3c080000(%r9)
  subl $0x1, %esi
  testl %esi, %esi
  jnz     label2; j label3
block2:
  jmp     label1
block3:
  jmp     label4
block4:
  movabsq $0x800000004, %rax
  movl (%r9, %rax), %eax
  movabsq $0x800000000, %rcx
  movl %eax, (%r9, %rcx)
  jmp     label5
block5:
  movq %rbp, %rsp
  popq %rbp
  retq

