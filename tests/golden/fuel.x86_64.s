;; function 0 `leaf`
  pushq %rbp
  movq %rsp, %rbp
block0:
  load_ext_name userextname0+0, %rsi
  movq (%rsi), %r8
  testq %r8, %r8
  jl #trap=user18
  jmp     label1
block1:
  leaq -3(%r8), %r8
  movq %r8, (%rsi)
  leal 1(%rdi), %eax
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 1 `loop`
  pushq %rbp
  movq %rsp, %rbp
block0:
  load_ext_name userextname0+0, %rcx
  movq (%rcx), %rsi
  testq %rsi, %rsi
  jl #trap=user18
  uninit  %rax
  xorl %eax, %eax
  jmp     label1
block1:
  testq %rsi, %rsi
  jl #trap=user18
  movq %rdi, %rdx
  subl $0x1, %edx
  leaq -9(%rsi), %r8
  leal (%rax, %rdi), %eax
  testl %edx, %edx
  jnz     label2; j label3
block2:
  movq %r8, %rsi
  movq %rdx, %rdi
  jmp     label1
block3:
  jmp     label4
block4:
  jmp     label5
block5:
  leaq -0xa(%rsi), %rdx
  movq %rdx, (%rcx)
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 2 `call`
  pushq %rbp
  movq %rsp, %rbp
  subq $0x10, %rsp
  movq %r12, (%rsp)
block0:
  load_ext_name userextname0+0, %r12
  movq (%r12), %r8
  testq %r8, %r8
  jl #trap=user18
  leaq -2(%r8), %r9
  movq %r9, (%r12)
  call    User(userextname1)
  addq $0xffffffffffffffff, (%r12)
  movq %rax, %rdi
  call    User(userextname1)
  movq (%r12), %r11
  jmp     label1
block1:
  movq (%rsp), %r12
  addq $0x10, %rsp
  movq %rbp, %rsp
  popq %rbp
  retq

