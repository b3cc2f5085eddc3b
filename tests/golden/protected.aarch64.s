;; function 0 `leaf`
  paciaz
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  b label1
block1:
  ldp fp, lr, [sp], #16
  autiaz ; ret

;; function 1 `calls`
  paciaz
  stp fp, lr, [sp, #-16]!
  mov fp, sp
  stp x19, x20, [sp, #-16]!
block0:
  mov x19, x2
  bl 0
  mov x20, x2
  cbnz w19, #trap=user4
  load_ext_name_near x11, User(userextname1)+0
  ldr x11, [x11, w19, UXTW #3]
  subs wzr, w11, #1
  b.eq label2 ; b label1
block2:
  load_ext_name_near x15, User(userextname2)+0
  lsr x0, x11, #32
  add x15, x15, x0
  movz w2, #1
  blr x15
  b label3
block3:
  mov x0, x20
  add w2, w0, w2
  ldp x19, x20, [sp], #16
  ldp fp, lr, [sp], #16
  autiaz ; ret
block1:
  cbz x11, #trap=user5
  udf #0xc11f

;; function 2 `br_table`
  paciaz
  stp fp, lr, [sp, #-16]!
  mov fp, sp
block0:
  emit_island 60
  subs wzr, w2, #6
  mov x8, #6 ; csel x8, x2, x8, lo ; csdb ; adr x7, pc+16 ; ldrsw x8, [x7, x8, uxtw #2] ; add x7, x7, x8 ; br x7 ; jt_entries [MachLabel(2), MachLabel(3), MachLabel(4), MachLabel(5), MachLabel(6), MachLabel(7)] ; default label1
block1:
  bti j
  b label10
block2:
  bti j
  b label9
block3:
  bti j
  b label8
block4:
  bti j
  b label10
block5:
  bti j
  b label9
block6:
  bti j
  b label8
block7:
  bti j
  b label10
block8:
  bti j
  movz w2, #20
  ldp fp, lr, [sp], #16
  autiaz ; ret
block9:
  bti j
  movz w2, #10
  ldp fp, lr, [sp], #16
  autiaz ; ret
block10:
  bti j
  b label11
block11:
  movz w2, #30
  ldp fp, lr, [sp], #16
  autiaz ; ret

