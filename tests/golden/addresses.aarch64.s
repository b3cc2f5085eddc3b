;; function 0 `wrapping_sum`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  sub w4, w2, #4
  movz x5, #1, LSL #32
  ldr w2, [x5, w4, UXTW]
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; function 1 `sum_and_offset`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  add w6, w2, w3
  mov w6, w6
  orr x6, x6, #4294967296
  ldr w2, [x6, #1000]
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; function 2 `shifted`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  lsl w5, w2, #3
  mov w5, w5
  orr x5, x5, #4294967296
  ldr x2, [x5, #8]
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; function 3 `shifted_large_offset`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  lsl w4, w2, #3
  orr x5, xzr, #8589934584
  ldr x2, [x5, w4, UXTW]
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; function 4 `masked`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  and w5, w2, #255
  mov w5, w5
  orr x5, x5, #4294967296
  ldrb w2, [x5, #5]
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; function 5 `wrapped`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  movz x3, #1, LSL #32
  ldr w2, [x3, w2, UXTW]
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; function 6 `of_a_call`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  bl 0
  movz x4, #1, LSL #32
  ldr w2, [x4, w2, UXTW]
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; function 7 `identity`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; function 8 `copysign`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  movz x6, #1, LSL #32
  ldr d6, [x6, w2, UXTW]
  b label1
block1:
  ushr d7, d6, #63
  sli d0, d0, d7, #63
  ldp fp, lr, [sp], #16
  ret

;; function 9 `add_f32`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  movz x5, #1, LSL #32
  ldr s5, [x5, w2, UXTW]
  b label1
block1:
  fadd s0, s0, s5
  ldp fp, lr, [sp], #16
  ret

;; function 10 `splat`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  movz x4, #1, LSL #32
  ldr x4, [x4, w2, UXTW]
  b label1
block1:
  dup v0.2d, x4
  ldp fp, lr, [sp], #16
  ret

;; function 11 `convert`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  movz x4, #1, LSL #32
  ldr w4, [x4, w2, UXTW]
  b label1
block1:
  scvtf d0, w4
  ldp fp, lr, [sp], #16
  ret

