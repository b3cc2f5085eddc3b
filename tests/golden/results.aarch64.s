;; function 0 `pair`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  b label1
block1:
  mov x0, x2
  mov x2, x3
  mov x3, x0
  ldp fp, lr, [sp], #16
  ret

;; function 1 `six`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  b label1
block1:
  movz x7, #6
  mov x6, x2
  mov x3, x6
  mov x4, x6
  mov x5, x6
  ldp fp, lr, [sp], #16
  ret

;; function 2 `use`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  bl 0
  b label1
block1:
  add x8, x6, x7
  add x8, x5, x8
  add x8, x4, x8
  add x8, x3, x8
  add x2, x2, x8
  ldp fp, lr, [sp], #16
  ret

;; function 3 `mixed`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; function 4 `ten`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  ldr x3, [sp, #40]
  b label1
block1:
  sub x2, x2, x3
  ldp fp, lr, [sp], #16
  add sp, sp, #32
  ret

;; function 5 `tail`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
  sub sp, sp, #32
  ldr fp, [sp, #32]
  stp fp, lr, [sp]
  mov fp, sp
block0:
  movz x3, #1
  movz x4, #2
  str x2, [sp, #16]
  str x2, [sp, #24]
  str x3, [sp, #32]
  str x4, [sp, #40]
  mov x7, x2
  mov x3, x7
  mov x4, x7
  mov x5, x7
  mov x6, x7
  return_call User(userextname0) new_stack_arg_size:32 x2=x2 x3=x3 x4=x4 x5=x5 x6=x6 x7=x7

