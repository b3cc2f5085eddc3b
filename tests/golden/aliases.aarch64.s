;; function 0 `global_memory`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  load_ext_name_near x6, User(userextname0)+112
  ldr w6, [x6]
  movz w7, #1
  movz x8, #1, LSL #32
  str w7, [x8, w2, UXTW]
  b label1
block1:
  b label2
block2:
  add w2, w6, w6
  ldp fp, lr, [sp], #16
  ret

;; function 1 `two_memories`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  movz x6, #1, LSL #32
  ldr w6, [x6, w2, UXTW]
  movz w7, #1
  movz x8, #8, LSL #32
  str w7, [x8, w2, UXTW]
  b label1
block1:
  b label2
block2:
  add w2, w6, w6
  ldp fp, lr, [sp], #16
  ret

;; function 2 `one_memory`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  movz x8, #1, LSL #32
  ldr w7, [x8, w2, UXTW]
  movz w9, #1
  str w9, [x8, w3, UXTW]
  ldr w8, [x8, w2, UXTW]
  b label1
block1:
  b label2
block2:
  add w2, w7, w8
  ldp fp, lr, [sp], #16
  ret

;; function 3 `stored_is_loaded`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  movz x4, #1, LSL #32
  str w3, [x4, w2, UXTW]
  b label1
block1:
  mov x2, x3
  ldp fp, lr, [sp], #16
  ret

;; function 4 `table_memory`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  load_ext_name_near x8, User(userextname0)+0
  ldr x8, [x8]
  movz w9, #1
  movz x10, #1, LSL #32
  str w9, [x10, w2, UXTW]
  b label1
block1:
  b label2
block2:
  subs xzr, x8, #0
  cset x12, eq
  uxtb w13, w12
  add w2, w13, w12, UXTB
  ldp fp, lr, [sp], #16
  ret

;; function 5 `write`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  mov w4, w2
  subs xzr, x4, #2
  b.hs #trap=user3
  movz x6, #0
  load_ext_name_near x7, User(userextname0)+0
  str x6, [x7, w2, UXTW #3]
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

