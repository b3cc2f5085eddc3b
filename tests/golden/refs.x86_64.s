;; function 0 `double`
  pushq %rbp
  movq %rsp, %rbp
block0:
  jmp     label1
block1:
  movq %rdi, %rax
  shll $1, %eax
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 1 `func`
  pushq %rbp
  movq %rsp, %rbp
block0:
  jmp     label1
block1:
  load_ext_name userextname0+0, %rdx
  movq (%rdx), %rax
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 2 `null`
  pushq %rbp
  movq %rsp, %rbp
block0:
  jmp     label1
block1:
  uninit  %rax
  xorq %rax, %rax
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 3 `is_null`
  pushq %rbp
  movq %rsp, %rbp
block0:
  jmp     label1
block1:
  testq %rdi, %rdi
  sete %sil
  movzbl %sil, %eax
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 4 `call`
  pushq %rbp
  movq %rsp, %rbp
block0:
  testq %rdi, %rdi
  jz #trap=user11
  load_ext_name userextname0+0, %r8
  shrq $0x20, %rdi
  leaq (%r8, %rdi), %r8
  movl $0x3, %edi
  call    *%r8
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 5 `call_null`
  pushq %rbp
  movq %rsp, %rbp
block0:
  testq %rdi, %rdi
  jz #trap=user11
  load_ext_name userextname0+0, %r8
  shrq $0x20, %rdi
  leaq (%r8, %rdi), %r8
  movl $0x3, %edi
  call    *%r8
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 6 `call_known`
  pushq %rbp
  movq %rsp, %rbp
block0:
  load_ext_name userextname0+0, %rsi
  movq (%rsi), %rsi
  testq %rsi, %rsi
  jz #trap=user11
  load_ext_name userextname1+0, %r8
  shrq $0x20, %rsi
  leaq (%r8, %rsi), %r8
  movl $0x3, %edi
  call    *%r8
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 7 `tail`
  pushq %rbp
  movq %rsp, %rbp
block0:
  testq %rdi, %rdi
  jz #trap=user11
  load_ext_name userextname0+0, %r8
  shrq $0x20, %rdi
  leaq (%r8, %rdi), %r10
  movl $0x3, %edi
  return_call_unknown %r10 (0) tmp=%r11 %rdi=%rdi

;; function 8 `non_null`
  pushq %rbp
  movq %rsp, %rbp
block0:
  testq %rdi, %rdi
  jz #trap=user12
  jmp     label1
block1:
  movq %rdi, %rax
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 9 `br_on_null`
  pushq %rbp
  movq %rsp, %rbp
block0:
  testq %rdi, %rdi
  jz      label2; j label1
block1:
  testq %rdi, %rdi
  jz #trap=user11
  load_ext_name userextname0+0, %rax
  shrq $0x20, %rdi
  leaq (%rax, %rdi), %rax
  movl $0x3, %edi
  call    *%rax
  movq %rbp, %rsp
  popq %rbp
  retq
block2:
  jmp     label3
block3:
  uninit  %rax
  xorl %eax, %eax
  movq %rbp, %rsp
  popq %rbp
  retq

