;; function 0 `load`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  load_ext_name_near x7, User(userextname0)+0
  ldr x7, [x7, #8]
  sub x7, x7, #20
  subs xzr, x2, x7
  b.hi #trap=heap_oob
  movz x9, #16
  movk x9, x9, #1, LSL #32
  ldr w2, [x2, x9]
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; function 1 `store`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  load_ext_name_near x6, User(userextname0)+0
  ldr x6, [x6, #8]
  sub x6, x6, #8
  subs xzr, x2, x6
  b.hi #trap=heap_oob
  movz x8, #1
  movz x9, #1, LSL #32
  str x8, [x2, x9]
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; function 2 `size`
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

;; function 3 `grow`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  load_ext_name_near x0, User(userextname0)+0
  mov x1, x2
  bl 0
  b label1
block1:
  mov x2, x0
  ldp fp, lr, [sp], #16
  ret

