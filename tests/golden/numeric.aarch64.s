;; function 0 `div_s_7`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  b label1
block1:
  movz w12, #9363
  movk w12, w12, #37449, LSL #16
  sxtw x9, w2
  sxtw x11, w12
  madd x13, x9, x11, xzr
  asr x15, x13, #32
  add w12, w15, w2
  asr w12, w12, #2
  lsr w13, w12, #31
  add w2, w12, w13
  ldp fp, lr, [sp], #16
  ret

;; function 1 `div_u_7`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  b label1
block1:
  movz x11, #9363
  movk x11, x11, #37449, LSL #16
  movk x11, x11, #18724, LSL #32
  movk x11, x11, #9362, LSL #48
  umulh x11, x2, x11
  sub x12, x2, x11
  lsr x12, x12, #1
  add x11, x11, x12
  lsr x2, x11, #2
  ldp fp, lr, [sp], #16
  ret

;; function 2 `rem_s_8`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  b label1
block1:
  asr w7, w2, #2
  lsr w7, w7, #29
  add w7, w2, w7
  and w7, w7, #4294967288
  sub w2, w2, w7
  ldp fp, lr, [sp], #16
  ret

;; function 3 `div_s_minus_1`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  movn w3, #0
  adds wzr, w3, #1
  ccmp w2, #1, #nzcv, eq
  b.vs #trap=int_ovf
  sdiv w2, w2, w3
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; function 4 `mul_5`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  b label1
block1:
  movz w4, #5
  madd w2, w2, w4, wzr
  ldp fp, lr, [sp], #16
  ret

;; function 5 `rotate`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  b label1
block1:
  sub w4, wzr, w3
  extr w2, w2, w4
  ldp fp, lr, [sp], #16
  ret

;; function 6 `shift`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  b label1
block1:
  asr x2, x2, x3
  ldp fp, lr, [sp], #16
  ret

;; function 7 `clz`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  b label1
block1:
  clz x2, x2
  ldp fp, lr, [sp], #16
  ret

;; function 8 `popcnt`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  b label1
block1:
  fmov s3, w2
  cnt v5.8b, v3.8b
  addv b7, v5.8b
  umov w2, v7.b[0]
  ldp fp, lr, [sp], #16
  ret

;; function 9 `extend8`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  b label1
block1:
  sxtb x2, w2
  ldp fp, lr, [sp], #16
  ret

;; function 10 `extend`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  b label1
block1:
  add w4, w2, #1
  mov w2, w4
  ldp fp, lr, [sp], #16
  ret

;; function 11 `compare`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  b label1
block1:
  subs wzr, w2, #10
  cset x8, lo
  subs xzr, x3, #0
  cset x9, ge
  and w9, w8, w9
  uxtb w2, w9
  ldp fp, lr, [sp], #16
  ret

;; function 12 `trunc`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  fcmp d0, d0
  b.vs #trap=bad_toint
  fmov d4, #-1
  fcmp d0, d4
  b.le #trap=int_ovf
  movz x8, #17392, LSL #48
  fmov d16, x8
  fcmp d0, d16
  b.ge #trap=int_ovf
  fcvtzu x2, d0
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; function 13 `trunc_sat`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  b label1
block1:
  fcvtzs w2, s0
  ldp fp, lr, [sp], #16
  ret

;; function 14 `convert`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  b label1
block1:
  ucvtf d0, x2
  ldp fp, lr, [sp], #16
  ret

;; function 15 `min`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  b label1
block1:
  fmin d0, d0, d1
  ldp fp, lr, [sp], #16
  ret

;; function 16 `nearest`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  b label1
block1:
  frintn d0, d0
  ldp fp, lr, [sp], #16
  ret

;; function 17 `reinterpret`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  b label1
block1:
  mov w2, v0.s[0]
  ldp fp, lr, [sp], #16
  ret

;; function 18 `wide`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  madd x4, x2, x3, xzr
  umulh x3, x2, x3
  b label1
block1:
  mov x2, x4
  ldp fp, lr, [sp], #16
  ret

