;; function 1 `own`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; function 2 `call`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  mov x10, x3
  mov w9, w2
  subs xzr, x9, #2
  b.hs #trap=user4
  load_ext_name_near x11, User(userextname0)+0
  ldr x11, [x11, w2, UXTW #3]
  subs wzr, w11, #1
  b.eq label2 ; b label1
block2:
  load_ext_name_near x15, User(userextname1)+0
  lsr x0, x11, #32
  add x15, x15, x0
  mov x2, x10
  blr x15
  b label3
block3:
  ldp fp, lr, [sp], #16
  ret
block1:
  cbz x11, #trap=user5
  udf #0xc11f

;; thunk of `fd_close`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  load_ext_name_near x0, User(userextname0)+0
  mov x1, x2
  bl 0
  mov x2, x0
  ldp fp, lr, [sp], #16
  ret

