;; function 0 `zero`
  pushq %rbp
  movq %rsp, %rbp
block0:
  jmp     label1
block1:
  uninit  %xmm0
  pxor %xmm0, %xmm0
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 1 `ones`
  pushq %rbp
  movq %rsp, %rbp
block0:
  jmp     label1
block1:
  uninit  %xmm0
  pcmpeqd %xmm0, %xmm0
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 2 `constant`
  pushq %rbp
  movq %rsp, %rbp
block0:
  jmp     label1
block1:
  movdqu (%rip), %xmm4
  paddd %xmm4, %xmm0
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 3 `twice`
  pushq %rbp
  movq %rsp, %rbp
block0:
  jmp     label1
block1:
  uninit  %xmm0
  pxor %xmm0, %xmm0
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 4 `not`
  pushq %rbp
  movq %rsp, %rbp
block0:
  jmp     label1
block1:
  uninit  %xmm4
  pcmpeqd %xmm4, %xmm4
  pxor %xmm4, %xmm0
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 5 `splat`
  pushq %rbp
  movq %rsp, %rbp
block0:
  jmp     label1
block1:
  movd %edi, %xmm0
  uninit  %xmm6
  pxor %xmm6, %xmm6
  pshufb %xmm6, %xmm0
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 6 `extract`
  pushq %rbp
  movq %rsp, %rbp
block0:
  jmp     label1
block1:
  pextrw $0x7, %xmm0, %esi
  movswl %si, %eax
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 7 `replace`
  pushq %rbp
  movq %rsp, %rbp
block0:
  jmp     label1
block1:
  insertps $0x20, %xmm1, %xmm0
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 8 `shuffle`
  pushq %rbp
  movq %rsp, %rbp
block0:
  jmp     label1
block1:
  punpcklbw %xmm1, %xmm0
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 9 `swizzle`
  pushq %rbp
  movq %rsp, %rbp
block0:
  jmp     label1
block1:
  paddusb (%rip), %xmm1
  pshufb %xmm1, %xmm0
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 10 `load_splat`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movl %edi, %esi
  movzwq 0x3c080004(%rsi), %rsi
  jmp     label1
block1:
  movd %esi, %xmm5
  pshuflw $0x0, %xmm5, %xmm7
  pshufd $0x0, %xmm7, %xmm0
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 11 `load_widening`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movl %edi, %esi
  pmovzxbw 0x3c080000(%rsi), %xmm0
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 12 `load_lane`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movl %edi, %esi
  movl 0x3c080008(%rsi), %esi
  jmp     label1
block1:
  pinsrd $0x1, %esi, %xmm0
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 13 `store_lane`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movl %edi, %esi
  pextrq $0x1, %xmm0, 0x3c080000(%rsi)
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 14 `add_loaded`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movl %edi, %esi
  movdqu 0x3c080000(%rsi), %xmm5
  jmp     label1
block1:
  paddd %xmm5, %xmm0
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 15 `narrow`
  pushq %rbp
  movq %rsp, %rbp
block0:
  jmp     label1
block1:
  packuswb %xmm1, %xmm0
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 16 `trunc_sat`
  pushq %rbp
  movq %rsp, %rbp
block0:
  jmp     label1
block1:
  movdqa %xmm0, %xmm5
  cmpeqps %xmm0, %xmm5
  andps %xmm5, %xmm0
  pxor %xmm0, %xmm5
  cvttps2dq %xmm0, %xmm1
  movdqa %xmm1, %xmm0
  pand %xmm5, %xmm0
  psrad $0x1f, %xmm0
  pxor %xmm1, %xmm0
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 17 `dot`
  pushq %rbp
  movq %rsp, %rbp
block0:
  jmp     label1
block1:
  pmaddwd %xmm1, %xmm0
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 18 `q15`
  pushq %rbp
  movq %rsp, %rbp
block0:
  jmp     label1
block1:
  pmulhrsw %xmm1, %xmm0
  movdqa %xmm0, %xmm6
  pcmpeqw (%rip), %xmm6
  pxor %xmm6, %xmm0
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 19 `pmin`
  pushq %rbp
  movq %rsp, %rbp
block0:
  jmp     label1
block1:
  movdqa %xmm0, %xmm5
  movdqa %xmm1, %xmm0
  minps %xmm5, %xmm0
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 20 `bitmask`
  pushq %rbp
  movq %rsp, %rbp
block0:
  jmp     label1
block1:
  pmovmskb %xmm0, %eax
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 21 `any_true`
  pushq %rbp
  movq %rsp, %rbp
block0:
  jmp     label1
block1:
  ptest %xmm0, %xmm0
  setne %sil
  movzbl %sil, %eax
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 22 `bitselect`
  pushq %rbp
  movq %rsp, %rbp
block0:
  jmp     label1
block1:
  pand %xmm2, %xmm0
  movdqa %xmm0, %xmm7
  pandn %xmm1, %xmm2
  movdqa %xmm7, %xmm1
  movdqa %xmm2, %xmm0
  por %xmm1, %xmm0
  movq %rbp, %rsp
  popq %rbp
  retq

