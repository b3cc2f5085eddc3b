;; function 0 `div_s_7`
  pushq %rbp
  movq %rsp, %rbp
block0:
  jmp     label1
block1:
  movq %rdi, %rax
  imull (%rip) ;; implicit: %eax, %edx
  leal (%rdx, %rdi), %esi
  sarl $0x2, %esi
  movq %rsi, %rdi
  shrl $0x1f, %edi
  leal (%rsi, %rdi), %eax
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 1 `div_u_7`
  pushq %rbp
  movq %rsp, %rbp
block0:
  jmp     label1
block1:
  movq %rdi, %rax
  mulq (%rip) ;; implicit: %rax, %rdx
  subq %rdx, %rdi
  shrq $1, %rdi
  leaq (%rdx, %rdi), %rax
  shrq $0x2, %rax
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 2 `rem_s_8`
  pushq %rbp
  movq %rsp, %rbp
block0:
  jmp     label1
block1:
  movq %rdi, %rsi
  sarl $0x2, %esi
  shrl $0x1d, %esi
  leal (%rdi, %rsi), %esi
  andl $0xfffffff8, %esi
  movq %rdi, %rax
  subl %esi, %eax
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 3 `div_s_minus_1`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movl $0xffffffff, %esi
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

;; function 4 `mul_5`
  pushq %rbp
  movq %rsp, %rbp
block0:
  jmp     label1
block1:
  imull $0x5, %edi, %eax
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 5 `rotate`
  pushq %rbp
  movq %rsp, %rbp
block0:
  jmp     label1
block1:
  movq %rsi, %rcx
  movq %rdi, %rax
  roll %cl, %eax
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 6 `shift`
  pushq %rbp
  movq %rsp, %rbp
block0:
  jmp     label1
block1:
  movq %rsi, %rcx
  movq %rdi, %rax
  sarq %cl, %rax
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 7 `clz`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movq %rdi, %r9
  jmp     label1
block1:
  movq $0xffffffffffffffff, %rdi
  bsrq %r9, %rsi
  cmoveq %rdi, %rsi
  movl $0x3f, %eax
  subq %rsi, %rax
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 8 `popcnt`
  pushq %rbp
  movq %rsp, %rbp
block0:
  jmp     label1
block1:
  popcntl %edi, %eax
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 9 `extend8`
  pushq %rbp
  movq %rsp, %rbp
block0:
  jmp     label1
block1:
  movsbq %dil, %rax
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 10 `extend`
  pushq %rbp
  movq %rsp, %rbp
block0:
  jmp     label1
block1:
  leal 1(%rdi), %eax
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 11 `compare`
  pushq %rbp
  movq %rsp, %rbp
block0:
  jmp     label1
block1:
  cmpl $0xa, %edi
  setb %dil
  notq %rsi
  shrq $0x3f, %rsi
  andl %esi, %edi
  movzbl %dil, %eax
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 12 `trunc`
  pushq %rbp
  movq %rsp, %rbp
block0:
  cvt_float64_to_uint64_seq %xmm0, %rax, %rsi, %xmm3, %xmm4
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 13 `trunc_sat`
  pushq %rbp
  movq %rsp, %rbp
block0:
  jmp     label1
block1:
  cvt_float32_to_sint32_sat_seq %xmm0, %eax, %rsi, %xmm4
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 14 `convert`
  pushq %rbp
  movq %rsp, %rbp
block0:
  jmp     label1
block1:
  u64_to_f64_seq %rdi, %xmm0, %r8, %rsi
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 15 `min`
  pushq %rbp
  movq %rsp, %rbp
block0:
  jmp     label1
block1:
  movdqa %xmm0, %xmm5
  movdqa %xmm1, %xmm0
  xmm min seq f64 %xmm5, %xmm0, %xmm0
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 16 `nearest`
  pushq %rbp
  movq %rsp, %rbp
block0:
  jmp     label1
block1:
  roundsd $0x0, %xmm0, %xmm0
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 17 `reinterpret`
  pushq %rbp
  movq %rsp, %rbp
block0:
  jmp     label1
block1:
  movd %xmm0, %eax
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 18 `wide`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movq %rdi, %rax
  mulq %rsi ;; implicit: %rax, %rdx
  jmp     label1
block1:
  movq %rdx, %rcx
  movq %rbp, %rsp
  popq %rbp
  retq

