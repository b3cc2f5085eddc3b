;; function 0 `leaf`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  load_ext_name_near x5, User(userextname0)+0
  ldr x6, [x5]
  subs xzr, x6, #0
  b.lt #trap=user18
  b label1
block1:
  sub x8, x6, #3
  str x8, [x5]
  add w2, w2, #1
  ldp fp, lr, [sp], #16
  ret

;; function 1 `loop`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  mov x12, x2
  load_ext_name_near x11, User(userextname0)+0
  ldr x3, [x11]
  subs xzr, x3, #0
  b.lt #trap=user18
  movz w2, #0
  b label1
block1:
  subs xzr, x3, #0
  b.lt #trap=user18
  mov x4, x12
  sub w0, w4, #1
  sub x1, x3, #9
  add w2, w2, w4
  cbnz w0, label2 ; b label3
block2:
  mov x3, x1
  mov x12, x0
  b label1
block3:
  b label4
block4:
  b label5
block5:
  sub x0, x3, #10
  str x0, [x11]
  ldp fp, lr, [sp], #16
  ret

;; function 2 `call`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
  str x19, [sp, #-16]!
block0:
  load_ext_name_near x19, User(userextname0)+0
  ldr x9, [x19]
  subs xzr, x9, #0
  b.lt #trap=user18
  sub x11, x9, #2
  str x11, [x19]
  bl 0
  ldr x12, [x19]
  sub x12, x12, #1
  str x12, [x19]
  bl 0
  ldr x13, [x19]
  b label1
block1:
  ldr x19, [sp], #16
  ldp fp, lr, [sp], #16
  ret

