;; function 0 `callee`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  cbz w2, label4 ; b label1
block1:
  b label2
block2:
  b label3
block3:
  add w2, w2, #1
  ldp fp, lr, [sp], #16
  ret
block4:
  orr x0, xzr, #4294967297
  mov x1, fp
  bl 0
  udf #0xc11f

;; function 1 `plain`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  bl 0
  b label1
block1:
  movz w5, #3
  madd w2, w2, w5, wzr
  ldp fp, lr, [sp], #16
  ret

;; function 2 `table`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
  stp x27, x28, [sp, #-16]!
  stp x25, x26, [sp, #-16]!
  stp x23, x24, [sp, #-16]!
  stp x21, x22, [sp, #-16]!
  stp x19, x20, [sp, #-16]!
  stp d14, d15, [sp, #-16]!
  stp d12, d13, [sp, #-16]!
  stp d10, d11, [sp, #-16]!
  stp d8, d9, [sp, #-16]!
block0:
  bl 0; b MachLabel(1); catch [default: MachLabel(2)]
block1:
  movz w11, #3
  madd w2, w2, w11, wzr
  ldp d8, d9, [sp], #16
  ldp d10, d11, [sp], #16
  ldp d12, d13, [sp], #16
  ldp d14, d15, [sp], #16
  ldp x19, x20, [sp], #16
  ldp x21, x22, [sp], #16
  ldp x23, x24, [sp], #16
  ldp x25, x26, [sp], #16
  ldp x27, x28, [sp], #16
  ldp fp, lr, [sp], #16
  ret
block4:
  b label5
block5:
  b label6
block6:
  lsr x2, x0, #32
  ldp d8, d9, [sp], #16
  ldp d10, d11, [sp], #16
  ldp d12, d13, [sp], #16
  ldp d14, d15, [sp], #16
  ldp x19, x20, [sp], #16
  ldp x21, x22, [sp], #16
  ldp x23, x24, [sp], #16
  ldp x25, x26, [sp], #16
  ldp x27, x28, [sp], #16
  ldp fp, lr, [sp], #16
  ret
block2:
  subs wzr, w0, #1
  b.eq label4 ; b label3
block3:
  mov x1, fp
  bl 0
  udf #0xc11f

;; function 3 `legacy`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
  stp x27, x28, [sp, #-16]!
  stp x25, x26, [sp, #-16]!
  stp x23, x24, [sp, #-16]!
  stp x21, x22, [sp, #-16]!
  stp x19, x20, [sp, #-16]!
  stp d14, d15, [sp, #-16]!
  stp d12, d13, [sp, #-16]!
  stp d10, d11, [sp, #-16]!
  stp d8, d9, [sp, #-16]!
block0:
  bl 0; b MachLabel(1); catch [default: MachLabel(2)]
block1:
  movz w13, #3
  madd w2, w2, w13, wzr
  b label5
block4:
  lsr x2, x0, #32
  b label5
block5:
  b label6
block6:
  ldp d8, d9, [sp], #16
  ldp d10, d11, [sp], #16
  ldp d12, d13, [sp], #16
  ldp d14, d15, [sp], #16
  ldp x19, x20, [sp], #16
  ldp x21, x22, [sp], #16
  ldp x23, x24, [sp], #16
  ldp x25, x26, [sp], #16
  ldp x27, x28, [sp], #16
  ldp fp, lr, [sp], #16
  ret
block2:
  subs wzr, w0, #1
  b.eq label4 ; b label3
block3:
  mov x1, fp
  bl 0
  udf #0xc11f

;; function 4 `cleanup`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
  stp x27, x28, [sp, #-16]!
  stp x25, x26, [sp, #-16]!
  stp x23, x24, [sp, #-16]!
  stp x21, x22, [sp, #-16]!
  stp x19, x20, [sp, #-16]!
  stp d14, d15, [sp, #-16]!
  stp d12, d13, [sp, #-16]!
  stp d10, d11, [sp, #-16]!
  stp d8, d9, [sp, #-16]!
block0:
  bl 0; b MachLabel(1); catch [default: MachLabel(2)]
block1:
  b label3
block3:
  b label4
block4:
  ldp d8, d9, [sp], #16
  ldp d10, d11, [sp], #16
  ldp d12, d13, [sp], #16
  ldp d14, d15, [sp], #16
  ldp x19, x20, [sp], #16
  ldp x21, x22, [sp], #16
  ldp x23, x24, [sp], #16
  ldp x25, x26, [sp], #16
  ldp x27, x28, [sp], #16
  ldp fp, lr, [sp], #16
  ret
block2:
  movz w2, #5
  b label3

;; function 5 `rethrow`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
  stp x27, x28, [sp, #-16]!
  stp x25, x26, [sp, #-16]!
  stp x23, x24, [sp, #-16]!
  stp x21, x22, [sp, #-16]!
  stp x19, x20, [sp, #-16]!
  stp d14, d15, [sp, #-16]!
  stp d12, d13, [sp, #-16]!
  stp d10, d11, [sp, #-16]!
  stp d8, d9, [sp, #-16]!
  sub sp, sp, #48
block0:
  str x2, [sp]
  bl 0; b MachLabel(1); catch [default: MachLabel(4)]
block1:
  b label2
block2:
  b label3
block3:
  add sp, sp, #48
  ldp d8, d9, [sp], #16
  ldp d10, d11, [sp], #16
  ldp d12, d13, [sp], #16
  ldp d14, d15, [sp], #16
  ldp x19, x20, [sp], #16
  ldp x21, x22, [sp], #16
  ldp x23, x24, [sp], #16
  ldp x25, x26, [sp], #16
  ldp x27, x28, [sp], #16
  ldp fp, lr, [sp], #16
  ret
block4:
  mov x20, x0
  load_ext_name_near x19, User(userextname1)+48
  ldr q17, [x19]
  str q17, [sp, #32]
  ldr q17, [x19, #16]
  ldr x2, [sp]
  str q17, [sp, #16]
  bl 0
  ldr q17, [sp, #32]
  str q17, [x19]
  ldr q17, [sp, #16]
  str q17, [x19, #16]
  mov x1, fp
  mov x0, x20
  bl 0
  udf #0xc11f

