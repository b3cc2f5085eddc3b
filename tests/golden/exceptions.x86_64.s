;; function 0 `callee`
  pushq %rbp
  movq %rsp, %rbp
block0:
  testl %edi, %edi
  jz      label4; j label1
block1:
  jmp     label2
block2:
  jmp     label3
block3:
  leal 1(%rdi), %eax
  movq %rbp, %rsp
  popq %rbp
  retq
block4:
  movabsq $0x100000001, %rdi
  movq    %rbp, %rsi
  call    User(userextname0)
  ud2

;; function 1 `plain`
  pushq %rbp
  movq %rsp, %rbp
block0:
  call    User(userextname0)
  jmp     label1
block1:
  imull $0x3, %eax, %eax
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 2 `table`
  pushq %rbp
  movq %rsp, %rbp
  subq $0x30, %rsp
  movq %rbx, (%rsp)
  movq %r12, 8(%rsp)
  movq %r13, 0x10(%rsp)
  movq %r14, 0x18(%rsp)
  movq %r15, 0x20(%rsp)
block0:
  call    User(userextname0); jmp MachLabel(1); catch [default: MachLabel(2)]
block1:
  imull $0x3, %eax, %eax
  movq (%rsp), %rbx
  movq 8(%rsp), %r12
  movq 0x10(%rsp), %r13
  movq 0x18(%rsp), %r14
  movq 0x20(%rsp), %r15
  addq $0x30, %rsp
  movq %rbp, %rsp
  popq %rbp
  retq
block4:
  jmp     label5
block5:
  jmp     label6
block6:
  movq %rdi, %rax
  shrq $0x20, %rax
  movq (%rsp), %rbx
  movq 8(%rsp), %r12
  movq 0x10(%rsp), %r13
  movq 0x18(%rsp), %r14
  movq 0x20(%rsp), %r15
  addq $0x30, %rsp
  movq %rbp, %rsp
  popq %rbp
  retq
block2:
  movq %rax, %rdi
  cmpl $0x1, %edi
  jz      label4; j label3
block3:
  movq    %rbp, %rsi
  call    User(userextname1)
  ud2

;; function 3 `legacy`
  pushq %rbp
  movq %rsp, %rbp
  subq $0x30, %rsp
  movq %rbx, (%rsp)
  movq %r12, 8(%rsp)
  movq %r13, 0x10(%rsp)
  movq %r14, 0x18(%rsp)
  movq %r15, 0x20(%rsp)
block0:
  call    User(userextname0); jmp MachLabel(1); catch [default: MachLabel(2)]
block1:
  imull $0x3, %eax, %eax
  jmp     label5
block4:
  shrq $0x20, %rdi
  movq %rdi, %rax
  jmp     label5
block5:
  jmp     label6
block6:
  movq (%rsp), %rbx
  movq 8(%rsp), %r12
  movq 0x10(%rsp), %r13
  movq 0x18(%rsp), %r14
  movq 0x20(%rsp), %r15
  addq $0x30, %rsp
  movq %rbp, %rsp
  popq %rbp
  retq
block2:
  movq %rax, %rdi
  cmpl $0x1, %edi
  jz      label4; j label3
block3:
  movq    %rbp, %rsi
  call    User(userextname1)
  ud2

;; function 4 `cleanup`
  pushq %rbp
  movq %rsp, %rbp
  subq $0x30, %rsp
  movq %rbx, (%rsp)
  movq %r12, 8(%rsp)
  movq %r13, 0x10(%rsp)
  movq %r14, 0x18(%rsp)
  movq %r15, 0x20(%rsp)
block0:
  call    User(userextname0); jmp MachLabel(1); catch [default: MachLabel(2)]
block1:
  jmp     label3
block3:
  jmp     label4
block4:
  movq (%rsp), %rbx
  movq 8(%rsp), %r12
  movq 0x10(%rsp), %r13
  movq 0x18(%rsp), %r14
  movq 0x20(%rsp), %r15
  addq $0x30, %rsp
  movq %rbp, %rsp
  popq %rbp
  retq
block2:
  movl $0x5, %eax
  jmp     label3

;; function 5 `rethrow`
  pushq %rbp
  movq %rsp, %rbp
  subq $0x60, %rsp
  movq %rbx, 0x30(%rsp)
  movq %r12, 0x38(%rsp)
  movq %r13, 0x40(%rsp)
  movq %r14, 0x48(%rsp)
  movq %r15, 0x50(%rsp)
block0:
  movq %rdi, <offset:1>+(%rsp)
  call    User(userextname0); jmp MachLabel(1); catch [default: MachLabel(4)]
block1:
  jmp     label2
block2:
  jmp     label3
block3:
  movq 0x30(%rsp), %rbx
  movq 0x38(%rsp), %r12
  movq 0x40(%rsp), %r13
  movq 0x48(%rsp), %r14
  movq 0x50(%rsp), %r15
  addq $0x60, %rsp
  movq %rbp, %rsp
  popq %rbp
  retq
block4:
  movq %rax, %r12
  load_ext_name userextname1+48, %rbx
  movdqu (%rbx), %xmm0
  movdqu %xmm0, <offset:1>+0x20(%rsp)
  movdqu 0x10(%rbx), %xmm0
  movq <offset:1>+(%rsp), %rdi
  movdqu %xmm0, <offset:1>+0x10(%rsp)
  call    User(userextname2)
  movdqu <offset:1>+0x20(%rsp), %xmm0
  movdqu %xmm0, (%rbx)
  movdqu <offset:1>+0x10(%rsp), %xmm0
  movdqu %xmm0, 0x10(%rbx)
  movq    %rbp, %rsi
  movq %r12, %rdi
  call    User(userextname3)
  ud2

