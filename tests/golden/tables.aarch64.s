;; function 0 `nothing`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; function 1 `get_constant`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  mov w4, w2
  subs xzr, x4, #3
  b.hs #trap=user3
  load_ext_name_near x6, User(userextname0)+0
  ldr x2, [x6, w2, UXTW #3]
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; function 2 `get_first`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  load_ext_name_near x1, User(userextname0)+0
  ldr x2, [x1]
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; function 3 `set`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  mov w5, w2
  subs xzr, x5, #3
  b.hs #trap=user3
  load_ext_name_near x7, User(userextname0)+0
  ldr x7, [x7]
  load_ext_name_near x8, User(userextname1)+0
  str x7, [x8, w2, UXTW #3]
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; function 4 `set_host`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  mov w4, w2
  subs xzr, x4, #2
  b.hs #trap=user3
  load_ext_name_near x6, User(userextname0)+24
  str x3, [x6, w2, UXTW #3]
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; function 5 `get_grown`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  load_ext_name_near x6, User(userextname0)+64
  ldr x6, [x6, #8]
  mov w7, w2
  subs xzr, x7, x6
  b.hs #trap=user3
  movz x8, #48, LSL #32
  ldr x2, [x8, w2, UXTW #3]
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; function 6 `call_grown`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  load_ext_name_near x9, User(userextname0)+64
  ldr x9, [x9, #8]
  mov w10, w2
  subs xzr, x10, x9
  b.hs #trap=user4
  movz x11, #48, LSL #32
  ldr x11, [x11, w2, UXTW #3]
  subs wzr, w11, #1
  b.eq label2 ; b label1
block2:
  load_ext_name_near x15, User(userextname1)+0
  lsr x0, x11, #32
  add x15, x15, x0
  blr x15
  b label3
block3:
  ldp fp, lr, [sp], #16
  ret
block1:
  cbz x11, #trap=user5
  udf #0xc11f

;; function 7 `size`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  load_ext_name_near x2, User(userextname0)+64
  ldr x2, [x2, #8]
  b label1
block1:
  add w2, w2, #3
  ldp fp, lr, [sp], #16
  ret

;; function 8 `grow`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  load_ext_name_near x0, User(userextname0)+64
  mov w1, w2
  movz x2, #0
  bl 0
  b label1
block1:
  mov x2, x0
  ldp fp, lr, [sp], #16
  ret

;; function 9 `fill`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  mov w8, w2
  mov w9, w3
  add x10, x9, x2, UXTW
  subs xzr, x10, #3
  b.hi #trap=user3
  load_ext_name_near x10, User(userextname0)+0
  add x0, x10, x8, LSL 3
  movz x1, #0
  mov x2, x9
  bl 0
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; function 10 `copy`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  mov w14, w2
  mov w13, w4
  add x15, x13, x2, UXTW
  subs xzr, x15, #3
  b.hi #trap=user3
  mov w15, w3
  add x0, x13, x3, UXTW
  subs xzr, x0, #3
  b.hi #trap=user3
  load_ext_name_near x0, User(userextname0)+0
  add x0, x0, x14, LSL 3
  load_ext_name_near x1, User(userextname1)+0
  add x1, x1, x15, LSL 3
  lsl x2, x13, #3
  bl 0
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; function 11 `init`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  mov w9, w2
  add x10, x9, #1
  subs xzr, x10, #3
  b.hi #trap=user3
  load_ext_name_near x11, User(userextname1)+128
  ldr x11, [x11]
  cbz x11, #trap=user3
  load_ext_name_near x12, User(userextname0)+0
  add x0, x12, x9, LSL 3
  load_ext_name_near x1, User(userextname2)+0
  movz x2, #8
  bl 0
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; function 12 `drop`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  movz x1, #0
  load_ext_name_near x2, User(userextname0)+128
  str x1, [x2]
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

