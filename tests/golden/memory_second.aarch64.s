;; function 0 `copy`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  mov w11, w2
  movz x12, #1, LSL #32
  b label1
block1:
  orr x13, x11, #4294967296
  ldr w13, [x13, #4]
  str w13, [x12, w2, UXTW]
  sub w3, w3, #1
  cbnz w3, label2 ; b label3
block2:
  b label1
block3:
  b label4
block4:
  movz x0, #8, LSL #32
  orr x1, x11, #34359738368
  ldr w1, [x1, #4]
  str w1, [x0, w2, UXTW]
  b label5
block5:
  ldp fp, lr, [sp], #16
  ret

