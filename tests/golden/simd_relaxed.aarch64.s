;; function 0 `swizzle`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  b label1
block1:
  tbl v0.16b, { v0.16b }, v1.16b
  ldp fp, lr, [sp], #16
  ret

;; function 1 `trunc`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  b label1
block1:
  fcvtzs v0.4s, v0.4s
  ldp fp, lr, [sp], #16
  ret

;; function 2 `laneselect`
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

;; function 3 `min`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  b label1
block1:
  fmin v0.2d, v0.2d, v1.2d
  ldp fp, lr, [sp], #16
  ret

;; function 4 `dot`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  b label1
block1:
  smull v6.8h, v0.8b, v1.8b
  smull2 v7.8h, v0.16b, v1.16b
  addp v0.8h, v6.8h, v7.8h
  ldp fp, lr, [sp], #16
  ret

