;; function 0 `wrapping_sum`
  pushq %rbp
  movq %rsp, %rbp
block0:
  leal -4(%rdi), %esi
  movl 0x3c080000(%rsi), %eax
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 1 `sum_and_offset`
  pushq %rbp
  movq %rsp, %rbp
block0:
  leal (%rdi, %rsi), %esi
  movl 0x3c0803e8(%rsi), %eax
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 2 `shifted`
  pushq %rbp
  movq %rsp, %rbp
block0:
  shll $0x3, %edi
  movq 0x3c080008(%rdi), %rax
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 3 `shifted_large_offset`
  pushq %rbp
  movq %rsp, %rbp
block0:
  shll $0x3, %edi
  movabsq $0x13c07fff8, %rsi
  movq (%rdi, %rsi), %rax
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 4 `masked`
  pushq %rbp
  movq %rsp, %rbp
block0:
  andl $0xff, %edi
  movzbq 0x3c080005(%rdi), %rax
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 5 `wrapped`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movl %edi, %esi
  movl 0x3c080000(%rsi), %eax
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 6 `of_a_call`
  pushq %rbp
  movq %rsp, %rbp
block0:
  call    User(userextname0)
  movl %eax, %esi
  movl 0x3c080000(%rsi), %eax
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 7 `identity`
  pushq %rbp
  movq %rsp, %rbp
block0:
  jmp     label1
block1:
  movq %rdi, %rax
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 8 `copysign`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movl %edi, %r9d
  movsd 0x3c080000(%r9), %xmm1
  jmp     label1
block1:
  movabsq $0x8000000000000000, %rsi
  movq %rsi, %xmm2
  movdqa %xmm0, %xmm3
  movdqa %xmm2, %xmm0
  andnpd %xmm3, %xmm0
  andpd %xmm1, %xmm2
  orpd %xmm2, %xmm0
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 9 `add_f32`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movl %edi, %esi
  movss 0x3c080000(%rsi), %xmm5
  jmp     label1
block1:
  addss %xmm5, %xmm0
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 10 `splat`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movl %edi, %esi
  movq 0x3c080000(%rsi), %rsi
  jmp     label1
block1:
  movq %rsi, %xmm5
  pshufd $0x44, %xmm5, %xmm0
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 11 `convert`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movl %edi, %esi
  movl 0x3c080000(%rsi), %esi
  jmp     label1
block1:
  uninit  %xmm0
  xorpd %xmm0, %xmm0
  cvtsi2sdl %esi, %xmm0
  movq %rbp, %rsp
  popq %rbp
  retq

