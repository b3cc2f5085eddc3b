;; function 0 `double`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  b label1
block1:
  lsl w2, w2, #1
  ldp fp, lr, [sp], #16
  ret

;; function 1 `func`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  b label1
block1:
  load_ext_name_near x2, User(userextname0)+0
  ldr x2, [x2]
  ldp fp, lr, [sp], #16
  ret

;; function 2 `null`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  b label1
block1:
  movz x2, #0
  ldp fp, lr, [sp], #16
  ret

;; function 3 `is_null`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  b label1
block1:
  subs xzr, x2, #0
  cset x5, eq
  uxtb w2, w5
  ldp fp, lr, [sp], #16
  ret

;; function 4 `call`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  cbz x2, #trap=user11
  load_ext_name_near x7, User(userextname0)+0
  lsr x8, x2, #32
  add x7, x7, x8
  movz w2, #3
  blr x7
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; function 5 `call_null`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  cbz x2, #trap=user11
  load_ext_name_near x7, User(userextname0)+0
  lsr x8, x2, #32
  add x7, x7, x8
  movz w2, #3
  blr x7
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; function 6 `call_known`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  load_ext_name_near x6, User(userextname0)+0
  ldr x6, [x6]
  cbz x6, #trap=user11
  load_ext_name_near x7, User(userextname1)+0
  lsr x8, x6, #32
  add x7, x7, x8
  movz w2, #3
  blr x7
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; function 7 `tail`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  cbz x2, #trap=user11
  load_ext_name_near x6, User(userextname0)+0
  lsr x7, x2, #32
  add x1, x6, x7
  movz w2, #3
  return_call_ind x1 new_stack_arg_size:0 x2=x2

;; function 8 `non_null`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  cbz x2, #trap=user12
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; function 9 `br_on_null`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  cbz x2, label2 ; b label1
block1:
  cbz x2, #trap=user11
  load_ext_name_near x9, User(userextname0)+0
  lsr x10, x2, #32
  add x9, x9, x10
  movz w2, #3
  blr x9
  ldp fp, lr, [sp], #16
  ret
block2:
  b label3
block3:
  movz w2, #0
  ldp fp, lr, [sp], #16
  ret

