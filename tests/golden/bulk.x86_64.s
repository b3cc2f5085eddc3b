;; function 0 `copy`
  pushq %rbp
  movq %rsp, %rbp
block0:
  load_ext_name userextname0+0, %rax
  movq 8(%rax), %rcx
  movl %edi, %eax
  movl %edx, %edx
  leaq (%rax, %rdx), %rdi
  cmpq %rcx, %rdi
  jnbe #trap=heap_oob
  movl %esi, %esi
  leaq (%rsi, %rdx), %rdi
  cmpq %rcx, %rdi
  jnbe #trap=heap_oob
  leaq 0x3c080000(%rax), %rdi
  leaq 0x3c080000(%rsi), %rsi
  call    User(userextname1)
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 1 `copy_8`
  pushq %rbp
  movq %rsp, %rbp
block0:
  load_ext_name userextname0+0, %r9
  movq 8(%r9), %r10
  movl %edi, %r9d
  leaq 8(%r9), %r11
  cmpq %r10, %r11
  jnbe #trap=heap_oob
  movl %esi, %r11d
  leaq 8(%r11), %rax
  cmpq %r10, %rax
  jnbe #trap=heap_oob
  movq 0x3c080000(%r11), %rax
  movq %rax, 0x3c080000(%r9)
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 2 `fill`
  pushq %rbp
  movq %rsp, %rbp
block0:
  load_ext_name userextname0+0, %r9
  movl %edi, %r8d
  movl %esi, %edx
  leaq (%r8, %rdx), %r10
  cmpq 8(%r9), %r10
  jnbe #trap=heap_oob
  leaq 0x3c080000(%r8), %rdi
  movl $0xff, %esi
  call    User(userextname1)
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 3 `fill_16`
  pushq %rbp
  movq %rsp, %rbp
block0:
  load_ext_name userextname0+0, %r9
  movl %edi, %r8d
  movl $0x10, %edx
  leaq 0x10(%r8), %r10
  cmpq 8(%r9), %r10
  jnbe #trap=heap_oob
  leaq 0x3c080000(%r8), %rdi
  uninit  %rsi
  xorl %esi, %esi
  call    User(userextname1)
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 4 `init`
  pushq %rbp
  movq %rsp, %rbp
block0:
  load_ext_name userextname0+0, %r10
  movl %edi, %r9d
  movl %esi, %edx
  leaq (%r9, %rdx), %r11
  cmpq 8(%r10), %r11
  jnbe #trap=heap_oob
  load_ext_name userextname0+48, %r11
  cmpq (%r11), %rdx
  jnbe #trap=heap_oob
  leaq 0x3c080000(%r9), %rdi
  load_ext_name userextname1+0, %rsi
  call    User(userextname2)
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 5 `drop`
  pushq %rbp
  movq %rsp, %rbp
block0:
  load_ext_name userextname0+48, %rax
  movq $0x0, (%rax)
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 6 `size`
  pushq %rbp
  movq %rsp, %rbp
block0:
  load_ext_name userextname0+0, %rdx
  movq 8(%rdx), %rax
  jmp     label1
block1:
  shrq $0x10, %rax
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 7 `grow`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movq %rdi, %rsi
  load_ext_name userextname0+0, %rdi
  movl %esi, %esi
  call    User(userextname1)
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

