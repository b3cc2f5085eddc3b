;; function 1 `callee`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  b label1
block1:
  add w2, w2, #1
  ldp fp, lr, [sp], #16
  ret

;; function 2 `direct`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  bl 0
  b label1
block1:
  add w2, w2, #1
  ldp fp, lr, [sp], #16
  ret

;; function 3 `indirect`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  mov w10, w3
  subs xzr, x10, #2
  b.hs #trap=user4
  load_ext_name_near x12, User(userextname0)+0
  ldr x12, [x12, w3, UXTW #3]
  subs wzr, w12, #1
  b.eq label2 ; b label1
block2:
  load_ext_name_near x0, User(userextname1)+0
  lsr x1, x12, #32
  add x0, x0, x1
  blr x0
  b label3
block3:
  add w2, w2, #1
  ldp fp, lr, [sp], #16
  ret
block1:
  cbz x12, #trap=user5
  udf #0xc11f

;; function 4 `indirect_written`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  mov w10, w3
  subs xzr, x10, #2
  b.hs #trap=user4
  load_ext_name_near x12, User(userextname0)+112
  ldr x12, [x12, w3, UXTW #3]
  subs wzr, w12, #1
  b.eq label2 ; b label1
block2:
  load_ext_name_near x0, User(userextname1)+0
  lsr x1, x12, #32
  add x0, x0, x1
  blr x0
  b label3
block3:
  add w2, w2, #1
  ldp fp, lr, [sp], #16
  ret
block1:
  cbz x12, #trap=user5
  udf #0xc11f

;; function 5 `set`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  mov w5, w2
  subs xzr, x5, #2
  b.hs #trap=user3
  load_ext_name_near x7, User(userextname0)+0
  ldr x7, [x7, w2, UXTW #3]
  load_ext_name_near x8, User(userextname1)+112
  str x7, [x8, w2, UXTW #3]
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; function 6 `tail`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  return_call User(userextname0) new_stack_arg_size:0 x2=x2

;; function 7 `runtime`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  load_ext_name_near x0, User(userextname0)+0
  bl 0
  b label1
block1:
  mov x2, x0
  ldp fp, lr, [sp], #16
  ret

