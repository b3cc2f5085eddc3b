;; function 0 `swizzle`
  pushq %rbp
  movq %rsp, %rbp
block0:
  jmp     label1
block1:
  pshufb %xmm1, %xmm0
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 1 `trunc`
  pushq %rbp
  movq %rsp, %rbp
block0:
  jmp     label1
block1:
  cvttps2dq %xmm0, %xmm0
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 2 `laneselect`
  pushq %rbp
  movq %rsp, %rbp
block0:
  jmp     label1
block1:
  movdqa %xmm0, %xmm7
  movdqa %xmm2, %xmm0
  movdqa %xmm1, %xmm5
  pblendvb %xmm0, %xmm7, %xmm5
  movdqa %xmm5, %xmm0
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 3 `min`
  pushq %rbp
  movq %rsp, %rbp
block0:
  jmp     label1
block1:
  movdqa %xmm0, %xmm5
  movdqa %xmm1, %xmm0
  minpd %xmm5, %xmm0
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 4 `dot`
  pushq %rbp
  movq %rsp, %rbp
block0:
  jmp     label1
block1:
  movdqa %xmm0, %xmm5
  movdqa %xmm1, %xmm0
  pmaddubsw %xmm5, %xmm0
  movq %rbp, %rsp
  popq %rbp
  retq

