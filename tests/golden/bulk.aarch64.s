;; function 0 `copy`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  mov x12, x2
  load_ext_name_near x11, User(userextname0)+0
  ldr x11, [x11, #8]
  mov w2, w4
  mov x15, x12
  add x12, x2, x15, UXTW
  subs xzr, x12, x11
  b.hi #trap=heap_oob
  add x13, x2, x3, UXTW
  subs xzr, x13, x11
  b.hi #trap=heap_oob
  movz x0, #1, LSL #32
  add x15, x0, x15, UXTW
  add x1, x0, x3, UXTW
  mov x0, x15
  bl 0
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; function 1 `copy_8`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  load_ext_name_near x10, User(userextname0)+0
  ldr x10, [x10, #8]
  mov w11, w2
  add x11, x11, #8
  subs xzr, x11, x10
  b.hi #trap=heap_oob
  mov w12, w3
  add x12, x12, #8
  subs xzr, x12, x10
  b.hi #trap=heap_oob
  movz x14, #1, LSL #32
  ldr x15, [x14, w3, UXTW]
  str x15, [x14, w2, UXTW]
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; function 2 `fill`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  mov x10, x2
  load_ext_name_near x9, User(userextname0)+0
  ldr x9, [x9, #8]
  mov w2, w3
  mov x13, x10
  add x10, x2, x13, UXTW
  subs xzr, x10, x9
  b.hi #trap=heap_oob
  movz x11, #1, LSL #32
  add x0, x11, x13, UXTW
  movz w1, #255
  bl 0
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; function 3 `fill_16`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  load_ext_name_near x9, User(userextname0)+0
  ldr x10, [x9, #8]
  mov w11, w2
  movz x9, #16
  add x11, x11, #16
  subs xzr, x11, x10
  b.hi #trap=heap_oob
  movz x11, #1, LSL #32
  add x0, x11, x2, UXTW
  movz w1, #0
  mov x2, x9
  bl 0
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; function 4 `init`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  mov x12, x2
  load_ext_name_near x11, User(userextname0)+0
  ldr x11, [x11, #8]
  mov w2, w3
  mov x15, x12
  add x12, x2, x15, UXTW
  subs xzr, x12, x11
  b.hi #trap=heap_oob
  load_ext_name_near x13, User(userextname0)+48
  ldr x13, [x13]
  subs xzr, x2, x13
  b.hi #trap=heap_oob
  movz x0, #1, LSL #32
  add x0, x0, x15, UXTW
  load_ext_name_near x1, User(userextname1)+0
  bl 0
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; function 5 `drop`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  movz x1, #0
  load_ext_name_near x2, User(userextname0)+48
  str x1, [x2]
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; function 6 `size`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  load_ext_name_near x2, User(userextname0)+0
  ldr x2, [x2, #8]
  b label1
block1:
  lsr x2, x2, #16
  ldp fp, lr, [sp], #16
  ret

;; function 7 `grow`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  load_ext_name_near x0, User(userextname0)+0
  mov w1, w2
  bl 0
  b label1
block1:
  mov x2, x0
  ldp fp, lr, [sp], #16
  ret

