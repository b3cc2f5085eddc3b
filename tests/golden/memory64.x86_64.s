;; function 0 `load`
  pushq %rbp
  movq %rsp, %rbp
block0:
  load_ext_name userextname0+0, %rsi
  movq $0xffffffffffffffec, %r8
  addq 8(%rsi), %r8
  cmpq %r8, %rdi
  jnbe #trap=heap_oob
  movl 0x3c080010(%rdi), %eax
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 1 `store`
  pushq %rbp
  movq %rsp, %rbp
block0:
  load_ext_name userextname0+0, %rsi
  movq $0xfffffffffffffff8, %r8
  addq 8(%rsi), %r8
  cmpq %r8, %rdi
  jnbe #trap=heap_oob
  movq $0x1, 0x3c080000(%rdi)
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 2 `size`
  pushq %rbp
  movq %rsp, %rbp
block0:
  load_ext_name userextname0+0, %rdx
  movq 8(%rdx), %rax
  jmp     label1
block1:
  shrq $0x10, %rax
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 3 `grow`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movq %rdi, %rsi
  load_ext_name userextname0+0, %rdi
  call    User(userextname1)
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

