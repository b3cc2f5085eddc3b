;; function 0 `load`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  mov w5, w2
  add x6, x5, #20
  subs xzr, x6, #65536
  b.hi #trap=heap_oob
  orr x7, x5, #4294967296
  ldr w2, [x7, #16]
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; function 1 `load_extended`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  mov w5, w2
  add x5, x5, #1
  subs xzr, x5, #65536
  b.hi #trap=heap_oob
  movz x7, #1, LSL #32
  ldrsb x2, [x7, w2, UXTW]
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; function 2 `store_constant`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  mov w5, w2
  add x6, x5, #20
  subs xzr, x6, #65536
  b.hi #trap=heap_oob
  movz w7, #7
  orr x8, x5, #4294967296
  str w7, [x8, #16]
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; function 3 `increment`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  mov w6, w2
  add x7, x6, #20
  subs xzr, x7, #65536
  b.hi #trap=heap_oob
  orr x8, x6, #4294967296
  ldr w9, [x8, #16]
  add w9, w9, #1
  str w9, [x8, #16]
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; function 4 `constant_index`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  movz x4, #1, LSL #32
  ldr x3, [x4, #1024]
  ldr x4, [x4, #1032]
  b label1
block1:
  add x2, x3, x4
  ldp fp, lr, [sp], #16
  ret

;; function 5 `computed`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  add w7, w2, w3, LSL 2
  mov w8, w7
  add x8, x8, #4
  subs xzr, x8, #65536
  b.hi #trap=heap_oob
  movz x9, #1, LSL #32
  ldr w2, [x9, w7, UXTW]
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; function 6 `large_offset`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  movz w6, #4
  movk w6, w6, #32768, LSL #16
  add x6, x6, x2, UXTW
  subs xzr, x6, #65536
  b.hi #trap=heap_oob
  orr x8, xzr, #6442450944
  ldr w2, [x8, w2, UXTW]
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; function 7 `sum`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  mov x0, x2
  movz w2, #0
  b label1
block1:
  mov w14, w0
  add x14, x14, #4
  subs xzr, x14, #65536
  b.hi #trap=heap_oob
  movz x1, #1, LSL #32
  ldr w1, [x1, w0, UXTW]
  sub w3, w3, #1
  add w2, w2, w1
  add w0, w0, #4
  cbnz w3, label2 ; b label3
block2:
  b label1
block3:
  b label4
block4:
  b label5
block5:
  ldp fp, lr, [sp], #16
  ret

