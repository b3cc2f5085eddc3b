;; function 0 `new`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
  str x19, [sp, #-16]!
  sub sp, sp, #16
block0:
  mov x19, x2
  load_ext_name_near x15, User(userextname0)+0
  ldr x15, [x15]
  str x15, [sp]
  load_ext_name_near x0, User(userextname0)+16
  ldr x2, [x0]
  ldr x1, [x0, #8]
  add x3, x2, #16
  subs xzr, x3, x1
  b.ls label2 ; b label1
block2:
  add x1, x2, #16
  str x1, [x0]
  b label3
block3:
  movz w0, #2
  str w0, [x2]
  mov x0, x19
  str w0, [x2, #4]
  ldr x0, [sp]
  str w0, [x2, #8]
  b label4
block4:
  add sp, sp, #16
  ldr x19, [sp], #16
  ldp fp, lr, [sp], #16
  ret
block1:
  movz w0, #1
  movz x1, #16
  bl 0
  ; UserStackMap { by_type: [(types::I64, CompoundBitSet {0})], sp_to_sized_stack_slots: None }
  mov x2, x0
  b label3

;; function 1 `get`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  ldr w3, [x2, #8]
  ldr w2, [x3, #4]
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; function 2 `set`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  str w3, [x2, #8]
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; function 3 `packed`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  ldrsb x2, [x2, #4]
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; objects of instance 0
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  load_ext_name_near x12, User(userextname0)+16
  ldr x0, [x12]
  ldr x13, [x12, #8]
  add x14, x0, #16
  subs xzr, x14, x13
  b.ls label2 ; b label1
block2:
  add x15, x0, #16
  str x15, [x12]
  b label3
block3:
  movz w1, #2
  str w1, [x0]
  movz w1, #1
  str w1, [x0, #4]
  movz x1, #0
  str w1, [x0, #8]
  load_ext_name_near x1, User(userextname0)+0
  str x0, [x1]
  ldp fp, lr, [sp], #16
  ret
block1:
  movz w0, #1
  movz x1, #16
  bl 0
  b label3

