;; function 0 `unreachable`
  pushq %rbp
  movq %rsp, %rbp
block0:
  ud2

;; function 1 `divide`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movq %rdi, %rax
  cltd  ;; implicit: %edx, %eax
  testl %esi, %esi
  jz #trap=int_divz
  idivl %esi ;; implicit: %eax, %edx, trap=252
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 2 `remainder`
  pushq %rbp
  movq %rsp, %rbp
block0:
  uninit  %rdx
  xorq %rdx, %rdx
  movq %rdi, %rax
  divq %rsi ;; implicit: %rax, %rdx, trap=254
  jmp     label1
block1:
  movq %rdx, %rax
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 3 `truncate`
  pushq %rbp
  movq %rsp, %rbp
block0:
  cvt_float64_to_sint32_seq %xmm0, %eax, %rsi, %xmm3
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 4 `table`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movl %edi, %esi
  cmpq $0x3, %rsi
  jnb #trap=user3
  load_ext_name userextname0+0, %rdi
  movq (%rdi, %rsi, 8), %rax
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 5 `fill`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movl %edi, %r8d
  movl %esi, %edx
  leaq (%r8, %rdx), %r9
  cmpq $0x10000, %r9
  jnbe #trap=heap_oob
  leaq 0x3c080000(%r8), %rdi
  uninit  %rsi
  xorl %esi, %esi
  call    User(userextname0)
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 6 `constant_address`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movabsq $0x13c07ffff, %rax
  movl $0x1, (%rax)
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

