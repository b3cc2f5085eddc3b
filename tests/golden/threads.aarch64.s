;; function 1 `count`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  mov x2, x21
  ldr w3, [x2, #96]
  add w3, w3, #42
  str w3, [x2, #96]
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; function 2 `around_call`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  mov x3, x21
  movz w4, #1
  str w4, [x3, #96]
  bl 0
  mov x5, x21
  movz w6, #2
  str w6, [x5, #96]
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; function 3 `load`
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

;; function 4 `size`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  load_ext_name_near x2, User(userextname0)+8
  ldar x2, [x2]
  b label1
block1:
  lsr x2, x2, #16
  ldp fp, lr, [sp], #16
  ret

;; function 5 `grow`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  load_ext_name_near x0, User(userextname0)+0
  movz x1, #1
  bl 0
  b label1
block1:
  mov x2, x0
  ldp fp, lr, [sp], #16
  ret

;; function 6 `call_fixed`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  mov w7, w2
  subs xzr, x7, #2
  b.hs #trap=user4
  load_ext_name_near x9, User(userextname0)+0
  ldr x9, [x9, w2, UXTW #3]
  subs wzr, w9, #1
  b.eq label2 ; b label1
block2:
  load_ext_name_near x13, User(userextname1)+0
  lsr x14, x9, #32
  add x13, x13, x14
  blr x13
  b label3
block3:
  ldp fp, lr, [sp], #16
  ret
block1:
  cbz x9, #trap=user5
  udf #0xc11f

;; function 7 `call_written`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  mov w8, w2
  subs xzr, x8, #2
  b.hs #trap=user4
  mov x10, x21
  add x10, x10, #112
  ldr x10, [x10, w2, UXTW #3]
  subs wzr, w10, #1
  b.eq label2 ; b label1
block2:
  load_ext_name_near x14, User(userextname0)+0
  lsr x15, x10, #32
  add x14, x14, x15
  blr x14
  b label3
block3:
  ldp fp, lr, [sp], #16
  ret
block1:
  cbz x10, #trap=user5
  udf #0xc11f

;; function 8 `call_grown`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  mov x9, x21
  ldr x10, [x9, #72]
  mov w11, w2
  subs xzr, x11, x10
  b.hs #trap=user4
  ldr x11, [x9, #64]
  ldr x11, [x11, w2, UXTW #3]
  subs wzr, w11, #1
  b.eq label2 ; b label1
block2:
  load_ext_name_near x15, User(userextname0)+0
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

;; function 9 `write`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  mov w9, w2
  mov x0, x2
  subs xzr, x9, #2
  b.hs #trap=user3
  mov x11, x21
  load_ext_name_near x12, User(userextname0)+0
  ldr x2, [x12]
  add x12, x11, #112
  str x2, [x12, w0, UXTW #3]
  add x0, x11, #64
  movz x1, #1
  bl 0
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; function 10 `start`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  load_ext_name_near x0, User(userextname0)+0
  movz w1, #0
  bl 0
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; function 11 `wasi_thread_start`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  bl 0
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

