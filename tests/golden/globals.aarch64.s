;; function 0 `add`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  b label1
block1:
  add w2, w2, #42
  ldp fp, lr, [sp], #16
  ret

;; function 1 `count`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  load_ext_name_near x2, User(userextname0)+0
  ldr x3, [x2]
  add x3, x3, #1
  str x3, [x2]
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

