;; function 0 `leaf`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  ldr w4, [x2]
  b label1
block1:
  subs wzr, w4, #6
  cset x6, eq
  uxtb w2, w6
  ldp fp, lr, [sp], #16
  ret

;; function 1 `middle`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  ldr w5, [x2]
  b label1
block1:
  sub w6, w5, #4
  subs wzr, w6, #4
  cset x7, lo
  uxtb w2, w7
  ldp fp, lr, [sp], #16
  ret

;; function 2 `cast`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  ldr w3, [x2]
  subs wzr, w3, #6
  b.ne #trap=user23
  ldr w2, [x2, #8]
  b label1
block1:
  ldp fp, lr, [sp], #16
  ret

;; function 3 `cast_any`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  cbnz x2, label2 ; b label1
block1:
  b label3
block2:
  and x5, x2, #3
  cbnz x5, #trap=user23
  ldr w6, [x2]
  subs wzr, w6, #6
  b.ne #trap=user23
  b label3
block3:
  b label4
block4:
  ldp fp, lr, [sp], #16
  ret

;; function 4 `branch`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  tbz x2, #0, label2 ; b label1
block1:
  asr w2, w2, #1
  ldp fp, lr, [sp], #16
  ret
block2:
  b label3
block3:
  movn w2, #0
  ldp fp, lr, [sp], #16
  ret

