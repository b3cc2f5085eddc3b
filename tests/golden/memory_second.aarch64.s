;; function 0 `copy`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  movz x12, #4
  movk x12, x12, #1, LSL #32
  movz x13, #1, LSL #32
  b label1
block1:
  ldr w14, [x12, w2, UXTW]
  str w14, [x13, w2, UXTW]
  sub w3, w3, #1
  cbnz w3, label2 ; b label3
block2:
  b label1
block3:
  b label4
block4:
  movz x0, #4
  movk x0, x0, #8, LSL #32
  ldr w0, [x0, w2, UXTW]
  movz x1, #8, LSL #32
  str w0, [x1, w2, UXTW]
  b label5
block5:
  ldp fp, lr, [sp], #16
  ret

