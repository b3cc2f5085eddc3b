;; function 0 `unreachable`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  udf #0xc11f

;; function 1 `divide`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  cbz w3, #trap=int_divz
  adds wzr, w3, #1
  ccmp w2, #1, #nzcv, eq
  b.vs #trap=int_ovf
  sdiv w2, w2, w3
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; function 2 `remainder`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  cbz x3, #trap=int_divz
  udiv x4, x2, x3
  msub x2, x4, x3, x2
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; function 3 `truncate`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  fcmp d0, d0
  b.vs #trap=bad_toint
  ldr d4, [const(0)]
  fcmp d0, d4
  b.le #trap=int_ovf
  movz x8, #16864, LSL #48
  fmov d16, x8
  fcmp d0, d16
  b.ge #trap=int_ovf
  fcvtzs w2, d0
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; function 4 `table`
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

;; function 5 `fill`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  mov w7, w3
  add x8, x7, x2, UXTW
  subs xzr, x8, #65536
  b.hi #trap=heap_oob
  movz x9, #1, LSL #32
  add x0, x9, x2, UXTW
  movz w1, #0
  mov x2, x7
  bl 0
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; function 6 `constant_address`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  movz w1, #1
  orr x2, xzr, #8589934591
  str w1, [x2]
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

