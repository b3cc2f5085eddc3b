;; function 0 `zero`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  b label1
block1:
  movi v0.16b, #0
  ldp fp, lr, [sp], #16
  ret

;; function 1 `ones`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  b label1
block1:
  movi v0.16b, #255
  ldp fp, lr, [sp], #16
  ret

;; function 2 `constant`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  b label1
block1:
  ldr q4, [const(0)]
  add v0.4s, v0.4s, v4.4s
  ldp fp, lr, [sp], #16
  ret

;; function 3 `twice`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  b label1
block1:
  movi v0.16b, #0
  ldp fp, lr, [sp], #16
  ret

;; function 4 `not`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  b label1
block1:
  mvn v0.16b, v0.16b
  ldp fp, lr, [sp], #16
  ret

;; function 5 `splat`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  b label1
block1:
  dup v0.16b, w2
  ldp fp, lr, [sp], #16
  ret

;; function 6 `extract`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  b label1
block1:
  smov w2, v0.h[7]
  ldp fp, lr, [sp], #16
  ret

;; function 7 `replace`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  b label1
block1:
  mov v0.s[2], v0.s[2], v1.s[0]
  ldp fp, lr, [sp], #16
  ret

;; function 8 `shuffle`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  b label1
block1:
  zip1 v0.16b, v0.16b, v1.16b
  ldp fp, lr, [sp], #16
  ret

;; function 9 `swizzle`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  b label1
block1:
  tbl v0.16b, { v0.16b }, v1.16b
  ldp fp, lr, [sp], #16
  ret

;; function 10 `load_splat`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  mov w5, w2
  orr x5, x5, #4294967296
  ldrh w5, [x5, #4]
  b label1
block1:
  dup v0.8h, w5
  ldp fp, lr, [sp], #16
  ret

;; function 11 `load_widening`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  movz x4, #1, LSL #32
  ldr d3, [x4, w2, UXTW]
  uxtl v0.8h, v3.8b
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; function 12 `load_lane`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  mov w6, w2
  orr x6, x6, #4294967296
  ldr w6, [x6, #8]
  b label1
block1:
  mov v0.s[1], v0.s[1], w6
  ldp fp, lr, [sp], #16
  ret

;; function 13 `store_lane`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  mov x4, v0.d[1]
  movz x5, #1, LSL #32
  str x4, [x5, w2, UXTW]
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; function 14 `add_loaded`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  movz x5, #1, LSL #32
  ldr q5, [x5, w2, UXTW]
  b label1
block1:
  add v0.4s, v0.4s, v5.4s
  ldp fp, lr, [sp], #16
  ret

;; function 15 `narrow`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  b label1
block1:
  sqxtun v0.8b, v0.8h
  sqxtun2 v0.16b, v0.16b, v1.8h
  ldp fp, lr, [sp], #16
  ret

;; function 16 `trunc_sat`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  b label1
block1:
  fcvtzs v0.4s, v0.4s
  ldp fp, lr, [sp], #16
  ret

;; function 17 `dot`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  b label1
block1:
  smull v6.4s, v0.4h, v1.4h
  smull2 v7.4s, v0.8h, v1.8h
  addp v0.4s, v6.4s, v7.4s
  ldp fp, lr, [sp], #16
  ret

;; function 18 `q15`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  b label1
block1:
  sqrdmulh v0.8h, v0.8h, v1.8h
  ldp fp, lr, [sp], #16
  ret

;; function 19 `pmin`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  b label1
block1:
  mov v7.16b, v0.16b
  fcmgt v0.4s, v7.4s, v1.4s
  bsl v0.16b, v0.16b, v1.16b, v7.16b
  ldp fp, lr, [sp], #16
  ret

;; function 20 `bitmask`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  b label1
block1:
  sshr v3.16b, v0.16b, #7
  movz x8, #513
  movk x8, x8, #2052, LSL #16
  movk x8, x8, #8208, LSL #32
  movk x8, x8, #32832, LSL #48
  dup v16.2d, x8
  and v16.16b, v3.16b, v16.16b
  ext v17.16b, v16.16b, v16.16b, #8
  zip1 v19.16b, v16.16b, v17.16b
  addv h21, v19.8h
  umov w2, v21.h[0]
  ldp fp, lr, [sp], #16
  ret

;; function 21 `any_true`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  b label1
block1:
  umaxp v4.4s, v0.4s, v0.4s
  mov x6, v4.d[0]
  subs xzr, x6, #0
  cset x9, ne
  uxtb w2, w9
  ldp fp, lr, [sp], #16
  ret

;; function 22 `bitselect`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  b label1
block1:
  mov v6.16b, v0.16b
  mov v0.16b, v2.16b
  bsl v0.16b, v0.16b, v6.16b, v1.16b
  ldp fp, lr, [sp], #16
  ret

