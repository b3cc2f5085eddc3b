;; function 0 `nothing`
  pushq %rbp
  movq %rsp, %rbp
block0:
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 1 `get_constant`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movl %edi, %esi
  cmpq $0x3, %rsi
  jnb #trap=user3
  load_ext_name userextname0+0, %rdi
  movq (%rdi, %rsi, 8), %rax
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 2 `get_first`
  pushq %rbp
  movq %rsp, %rbp
block0:
  load_ext_name userextname0+0, %rcx
  movq (%rcx), %rax
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 3 `set`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movl %edi, %esi
  cmpq $0x3, %rsi
  jnb #trap=user3
  load_ext_name userextname0+0, %rdi
  movq (%rdi), %rdi
  load_ext_name userextname1+0, %r8
  movq %rdi, (%r8, %rsi, 8)
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 4 `set_host`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movl %edi, %edi
  cmpq $0x2, %rdi
  jnb #trap=user3
  load_ext_name userextname0+24, %r8
  movq %rsi, (%r8, %rdi, 8)
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 5 `get_grown`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movq %rdi, %r8
  load_ext_name userextname0+64, %rdi
  movl %r8d, %esi
  cmpq 8(%rdi), %rsi
  jnb #trap=user3
  movabsq $0x800000000, %rdi
  movq (%rdi, %rsi, 8), %rax
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 6 `call_grown`
  pushq %rbp
  movq %rsp, %rbp
block0:
  load_ext_name userextname0+64, %r9
  movl %edi, %r8d
  cmpq 8(%r9), %r8
  jnb #trap=user4
  movabsq $0x800000000, %r10
  movq (%r10, %r8, 8), %r8
  cmpl $0x1, %r8d
  jz      label2; j label1
block2:
  load_ext_name userextname1+0, %rax
  shrq $0x20, %r8
  leaq (%rax, %r8), %rax
  call    *%rax
  jmp     label3
block3:
  movq %rbp, %rsp
  popq %rbp
  retq
block1:
  testq %r8, %r8
  jz #trap=user5
  ud2

;; function 7 `size`
  pushq %rbp
  movq %rsp, %rbp
block0:
  load_ext_name userextname0+64, %rdx
  movq 8(%rdx), %rdx
  jmp     label1
block1:
  leal 3(%rdx), %eax
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 8 `grow`
  pushq %rbp
  movq %rsp, %rbp
block0:
  load_ext_name userextname0+64, %r8
  movl %edi, %esi
  uninit  %rdx
  xorq %rdx, %rdx
  movq %r8, %rdi
  call    User(userextname1)
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 9 `fill`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movl %edi, %r9d
  movl %esi, %edx
  leaq (%r9, %rdx), %r10
  cmpq $0x3, %r10
  jnbe #trap=user3
  load_ext_name userextname0+0, %r11
  leaq (%r11, %r9, 8), %rdi
  uninit  %rsi
  xorq %rsi, %rsi
  call    User(userextname1)
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 10 `copy`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movl %edi, %eax
  movl %edx, %edx
  leaq (%rax, %rdx), %rcx
  cmpq $0x3, %rcx
  jnbe #trap=user3
  movl %esi, %ecx
  leaq (%rcx, %rdx), %rsi
  cmpq $0x3, %rsi
  jnbe #trap=user3
  load_ext_name userextname0+0, %rsi
  leaq (%rsi, %rax, 8), %rdi
  load_ext_name userextname1+0, %rax
  leaq (%rax, %rcx, 8), %rsi
  shlq $0x3, %rdx
  call    User(userextname2)
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 11 `init`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movl %edi, %r9d
  leaq 1(%r9), %r10
  cmpq $0x3, %r10
  jnbe #trap=user3
  load_ext_name userextname1+128, %r11
  movq (%r11), %r11
  testq %r11, %r11
  jz #trap=user3
  load_ext_name userextname0+0, %rax
  leaq (%rax, %r9, 8), %rdi
  load_ext_name userextname2+0, %rsi
  movl $0x8, %edx
  call    User(userextname3)
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 12 `drop`
  pushq %rbp
  movq %rsp, %rbp
block0:
  load_ext_name userextname0+128, %rax
  movq $0x0, (%rax)
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

