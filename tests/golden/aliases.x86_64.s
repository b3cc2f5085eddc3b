;; function 0 `global_memory`
  pushq %rbp
  movq %rsp, %rbp
block0:
  load_ext_name userextname0+112, %rsi
  movl (%rsi), %esi
  movl %edi, %edi
  movl $0x1, 0x3c080000(%rdi)
  jmp     label1
block1:
  jmp     label2
block2:
  leal (%rsi, %rsi), %eax
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 1 `two_memories`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movl %edi, %edi
  movl 0x3c080000(%rdi), %esi
  movabsq $0x800000000, %r8
  movl $0x1, (%rdi, %r8)
  jmp     label1
block1:
  jmp     label2
block2:
  leal (%rsi, %rsi), %eax
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 2 `one_memory`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movl %edi, %r8d
  movl 0x3c080000(%r8), %edi
  movl %esi, %r9d
  movl $0x1, 0x3c080000(%r9)
  movl 0x3c080000(%r8), %r8d
  jmp     label1
block1:
  jmp     label2
block2:
  leal (%rdi, %r8), %eax
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 3 `stored_is_loaded`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movl %edi, %edi
  movl %esi, 0x3c080000(%rdi)
  jmp     label1
block1:
  movq %rsi, %rax
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 4 `table_memory`
  pushq %rbp
  movq %rsp, %rbp
block0:
  load_ext_name userextname0+0, %r8
  movq (%r8), %r8
  movl %edi, %edi
  movl $0x1, 0x3c080000(%rdi)
  jmp     label1
block1:
  jmp     label2
block2:
  testq %r8, %r8
  sete %r11b
  movzbl %r11b, %r11d
  leal (%r11, %r11), %eax
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 5 `write`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movl %edi, %esi
  cmpq $0x2, %rsi
  jnb #trap=user3
  load_ext_name userextname0+0, %rdi
  movq $0x0, (%rdi, %rsi, 8)
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

