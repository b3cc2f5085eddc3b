;; function 0 `get`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  ldr w6, [x2, #4]
  subs wzr, w3, w6
  b.hs #trap=user22
  mov w8, w3
  add x8, x2, x8, LSL 2
  ldr w2, [x8, #8]
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; function 1 `set`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  ldr w5, [x2, #4]
  subs wzr, w3, w5
  b.hs #trap=user22
  add x7, x2, x3, UXTW
  strb w4, [x7, #8]
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; function 2 `new`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
  stp x19, x20, [sp, #-16]!
  sub sp, sp, #16
block0:
  load_ext_name_near x1, User(userextname0)+0
  ldr x0, [x1]
  ldr x3, [x1, #8]
  mov w19, w2
  mov x20, x2
  add x2, x19, #15
  and x4, x2, #18446744073709551608
  add x4, x0, x4
  subs xzr, x4, x3
  b.ls label2 ; b label1
block2:
  str x4, [x1]
  b label3
block3:
  str x0, [sp]
  movz w1, #4
  str w1, [x0]
  mov x2, x20
  str w2, [x0, #4]
  add x0, x0, #8
  movz w1, #0
  mov x2, x19
  bl 0
  ; UserStackMap { by_type: [(types::I64, CompoundBitSet {0})], sp_to_sized_stack_slots: None }
  ldr x2, [sp]
  b label4
block4:
  add sp, sp, #16
  ldp x19, x20, [sp], #16
  ldp fp, lr, [sp], #16
  ret
block1:
  movz w0, #2
  and x1, x2, #18446744073709551608
  bl 0
  b label3

;; function 3 `fixed`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
  str x19, [sp, #-16]!
block0:
  mov x19, x2
  load_ext_name_near x13, User(userextname0)+0
  ldr x2, [x13]
  ldr x14, [x13, #8]
  add x15, x2, #16
  subs xzr, x15, x14
  b.ls label2 ; b label1
block2:
  add x0, x2, #16
  str x0, [x13]
  b label3
block3:
  movz w0, #2
  str w0, [x2]
  str w0, [x2, #4]
  mov x0, x19
  str w0, [x2, #8]
  movz w0, #7
  str w0, [x2, #12]
  b label4
block4:
  ldr x19, [sp], #16
  ldp fp, lr, [sp], #16
  ret
block1:
  movz w0, #1
  movz x1, #16
  bl 0
  mov x2, x0
  b label3

;; function 4 `copy`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  mov x10, x2
  mov w2, w4
  mov x11, x10
  ldr w9, [x11, #4]
  subs xzr, x2, x9
  b.hi #trap=user22
  add x12, x2, #1
  ldr w13, [x3, #4]
  subs xzr, x12, x13
  b.hi #trap=user22
  add x0, x11, #8
  add x1, x3, #9
  bl 0
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

