;; function 0 `load`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  mov w4, w2
  orr x4, x4, #4294967296
  ldr w2, [x4, #16]
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; function 1 `load_extended`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  movz x3, #1, LSL #32
  ldrsb x2, [x3, w2, UXTW]
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; function 2 `store_constant`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  movz w4, #7
  mov w5, w2
  orr x5, x5, #4294967296
  str w4, [x5, #16]
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; function 3 `increment`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  mov w5, w2
  orr x5, x5, #4294967296
  ldr w6, [x5, #16]
  add w6, w6, #1
  str w6, [x5, #16]
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; function 4 `constant_index`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  movz x4, #1, LSL #32
  ldr x3, [x4, #1024]
  ldr x4, [x4, #1032]
  b label1
block1:
  add x2, x3, x4
  ldp fp, lr, [sp], #16
  ret

;; function 5 `computed`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  add w5, w2, w3, LSL 2
  movz x6, #1, LSL #32
  ldr w2, [x6, w5, UXTW]
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; function 6 `large_offset`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  orr x3, xzr, #6442450944
  ldr w2, [x3, w2, UXTW]
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; function 7 `sum`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  mov x14, x2
  movz w2, #0
  b label1
block1:
  movz x12, #1, LSL #32
  mov x0, x14
  ldr w12, [x12, w0, UXTW]
  sub w3, w3, #1
  add w2, w2, w12
  add w0, w0, #4
  cbnz w3, label2 ; b label3
block2:
  mov x14, x0
  b label1
block3:
  b label4
block4:
  b label5
block5:
  ldp fp, lr, [sp], #16
  ret

