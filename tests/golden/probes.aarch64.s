;; function 1 `frame`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
  sub sp, sp, #4096
  str wzr, [sp]
  sub sp, sp, #4096
  str wzr, [sp]
  add sp, sp, #8192
  stp x27, x28, [sp, #-16]!
  stp x25, x26, [sp, #-16]!
  stp x23, x24, [sp, #-16]!
  stp x21, x22, [sp, #-16]!
  stp x19, x20, [sp, #-16]!
  movz x16, #8144
  sub sp, sp, x16, UXTX
block0:
  cbnz w2, #trap=user4
  load_ext_name_near x0, User(userextname0)+0
  ldr x0, [x0, w2, UXTW #3]
  subs wzr, w0, #1
  b.eq label2 ; b label1
block2:
  load_ext_name_near x1, User(userextname1)+0
  lsr x0, x0, #32
  add x0, x1, x0
  mov x8, sp
  blr x0
  b label3
block3:
  movz x16, #8144
  add sp, sp, x16, UXTX
  ldp x19, x20, [sp], #16
  ldp x21, x22, [sp], #16
  ldp x23, x24, [sp], #16
  ldp x25, x26, [sp], #16
  ldp x27, x28, [sp], #16
  ldp fp, lr, [sp], #16
  ret
block1:
  cbz x0, #trap=user5
  udf #0xc11f

