;; function 0 `ceil`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  b label1
block1:
  frintp s0, s0
  ldp fp, lr, [sp], #16
  ret

;; function 1 `floor`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  b label1
block1:
  frintm d0, d0
  ldp fp, lr, [sp], #16
  ret

;; function 2 `trunc`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  b label1
block1:
  frintz d0, d0
  ldp fp, lr, [sp], #16
  ret

;; function 3 `nearest`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  b label1
block1:
  frintn s0, s0
  ldp fp, lr, [sp], #16
  ret

;; function 4 `popcnt`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  b label1
block1:
  fmov d3, x2
  cnt v5.8b, v3.8b
  addv b7, v5.8b
  umov w2, v7.b[0]
  ldp fp, lr, [sp], #16
  ret

;; function 5 `ctz`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  b label1
block1:
  rbit w3, w2
  clz w2, w3
  ldp fp, lr, [sp], #16
  ret

;; function 6 `swizzle`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  b label1
block1:
  tbl v0.16b, { v0.16b }, v1.16b
  ldp fp, lr, [sp], #16
  ret

