;; function 0 `load`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  mov w6, w2
  orr x6, x6, #4294967296
  add x6, x6, #4
  and x7, x6, #3
  cbnz x7, #trap=user13
  ldar w2, [x6]
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; function 1 `load8`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  movz x5, #1, LSL #32
  add x5, x5, x2, UXTW
  ldarb w5, [x5]
  b label1
block1:
  uxtb w2, w5
  ldp fp, lr, [sp], #16
  ret

;; function 2 `store`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  movz x5, #1, LSL #32
  add x5, x5, x2, UXTW
  and x6, x5, #7
  cbnz x6, #trap=user13
  stlr x3, [x5]
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; function 3 `add`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
  str x28, [sp, #-16]!
  stp x26, x27, [sp, #-16]!
  stp x24, x25, [sp, #-16]!
block0:
  movz x8, #1, LSL #32
  add x25, x8, x2, UXTW
  and x8, x25, #3
  cbnz x8, #trap=user13
  mov x26, x3
  atomic_rmw_loop_add_32 addr=x25 operand=x26 oldval=x27 scratch1=x24 scratch2=x28
  b label1
block1:
  mov x2, x27
  ldp x24, x25, [sp], #16
  ldp x26, x27, [sp], #16
  ldr x28, [sp], #16
  ldp fp, lr, [sp], #16
  ret

;; function 4 `add_unused`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
  str x28, [sp, #-16]!
  stp x26, x27, [sp, #-16]!
  stp x24, x25, [sp, #-16]!
block0:
  movz x8, #1, LSL #32
  add x25, x8, x2, UXTW
  and x8, x25, #3
  cbnz x8, #trap=user13
  movz w26, #1
  atomic_rmw_loop_add_32 addr=x25 operand=x26 oldval=x27 scratch1=x24 scratch2=x28
  b label1
block1:
  ldp x24, x25, [sp], #16
  ldp x26, x27, [sp], #16
  ldr x28, [sp], #16
  ldp fp, lr, [sp], #16
  ret

;; function 5 `or16`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
  str x28, [sp, #-16]!
  stp x26, x27, [sp, #-16]!
  stp x24, x25, [sp, #-16]!
block0:
  movz x9, #1, LSL #32
  add x25, x9, x2, UXTW
  and x9, x25, #1
  cbnz x9, #trap=user13
  mov x26, x3
  atomic_rmw_loop_orr_16 addr=x25 operand=x26 oldval=x27 scratch1=x24 scratch2=x28
  b label1
block1:
  uxth w2, w27
  ldp x24, x25, [sp], #16
  ldp x26, x27, [sp], #16
  ldr x28, [sp], #16
  ldp fp, lr, [sp], #16
  ret

;; function 6 `exchange`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
  stp x26, x27, [sp, #-16]!
  stp x24, x25, [sp, #-16]!
block0:
  movz x7, #1, LSL #32
  add x25, x7, x2, UXTW
  and x7, x25, #7
  cbnz x7, #trap=user13
  mov x26, x3
  atomic_rmw_loop_xchg_64 addr=x25 operand=x26 oldval=x27 scratch1=x24 scratch2=%v202
  b label1
block1:
  mov x2, x27
  ldp x24, x25, [sp], #16
  ldp x26, x27, [sp], #16
  ldp fp, lr, [sp], #16
  ret

;; function 7 `compare_exchange`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
  str x28, [sp, #-16]!
  stp x26, x27, [sp, #-16]!
  stp x24, x25, [sp, #-16]!
block0:
  movz x8, #1, LSL #32
  add x25, x8, x2, UXTW
  and x8, x25, #3
  cbnz x8, #trap=user13
  mov x26, x3
  mov x28, x4
  atomic_cas_loop_32 addr=x25, expect=x26, replacement=x28, oldval=x27, scratch=x24
  b label1
block1:
  mov x2, x27
  ldp x24, x25, [sp], #16
  ldp x26, x27, [sp], #16
  ldr x28, [sp], #16
  ldp fp, lr, [sp], #16
  ret

;; function 8 `fence`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  dmb ish
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; function 9 `wait`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  mov w9, w2
  add x9, x9, #4
  subs xzr, x9, #65536
  b.hi #trap=heap_oob
  movz x11, #1, LSL #32
  add x0, x11, x2, UXTW
  and x11, x0, #3
  cbnz x11, #trap=user13
  movz w1, #0
  movn x2, #0
  bl 0
  b label1
block1:
  mov x2, x0
  ldp fp, lr, [sp], #16
  ret

;; function 10 `notify`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  mov w8, w2
  add x8, x8, #4
  subs xzr, x8, #65536
  b.hi #trap=heap_oob
  movz x10, #1, LSL #32
  add x0, x10, x2, UXTW
  and x10, x0, #3
  cbnz x10, #trap=user13
  movz w1, #1
  bl 0
  b label1
block1:
  mov x2, x0
  ldp fp, lr, [sp], #16
  ret

