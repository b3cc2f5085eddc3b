;; function 0 `if_else`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  cbnz w2, label2 ; b label1
block1:
  movz w2, #2
  b label3
block2:
  movz w2, #1
  b label3
block3:
  b label4
block4:
  ldp fp, lr, [sp], #16
  ret

;; function 1 `select`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  b label1
block1:
  subs wzr, w2, wzr
  csel x2, x3, x4, ne
  ldp fp, lr, [sp], #16
  ret

;; function 2 `br_table`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  emit_island 48
  subs wzr, w2, #3
  mov x8, #3 ; csel x8, x2, x8, lo ; csdb ; adr x7, pc+16 ; ldrsw x8, [x7, x8, uxtw #2] ; add x7, x7, x8 ; br x7 ; jt_entries [MachLabel(1), MachLabel(3), MachLabel(2)] ; default label5
block1:
  b label4
block2:
  b label4
block3:
  movz w2, #20
  ldp fp, lr, [sp], #16
  ret
block4:
  movz w2, #10
  ldp fp, lr, [sp], #16
  ret
block5:
  b label6
block6:
  movz w2, #30
  ldp fp, lr, [sp], #16
  ret

;; function 3 `loop_with_values`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  movz x3, #1
  mov x8, x3
  mov x9, x8
  b label1
block1:
  madd x9, x9, x2, xzr
  mov x8, x9
  sub x7, x2, #1
  subs xzr, x2, #1
  b.hi label2 ; b label3
block2:
  mov x2, x7
  mov x9, x8
  b label1
block3:
  b label4
block4:
  b label5
block5:
  mov x2, x8
  ldp fp, lr, [sp], #16
  ret

;; function 4 `early_return`
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
  movn w2, #0
  ldp fp, lr, [sp], #16
  ret

;; function 5 `dead_code`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  movz w2, #1
  ldp fp, lr, [sp], #16
  ret

;; function 6 `compare_and_branch`
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  subs wzr, w2, w3
  b.lt label2 ; b label1
block1:
  movz w2, #0
  ldp fp, lr, [sp], #16
  ret
block2:
  b label3
block3:
  movz w2, #1
  ldp fp, lr, [sp], #16
  ret

