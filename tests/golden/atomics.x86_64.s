;; function 0 `load`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movl %edi, %esi
  leaq 0x3c080004(%rsi), %rdi
  testq $0x3, %rdi
  jnz #trap=user13
  movl 0x3c080004(%rsi), %eax
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 1 `load8`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movl %edi, %esi
  movzbq 0x3c080000(%rsi), %rsi
  jmp     label1
block1:
  movzbq %sil, %rax
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 2 `store`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movl %edi, %edi
  leaq 0x3c080000(%rdi), %r8
  testq $0x7, %r8
  jnz #trap=user13
  movq %rsi, 0x3c080000(%rdi)
  mfence
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 3 `add`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movq %rsi, %r10
  movl %edi, %esi
  leaq 0x3c080000(%rsi), %rdi
  testq $0x3, %rdi
  jnz #trap=user13
  movq %r10, %rax
  lock xaddl %eax, 0x3c080000(%rsi)
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 4 `add_unused`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movl %edi, %esi
  leaq 0x3c080000(%rsi), %rdi
  testq $0x3, %rdi
  jnz #trap=user13
  movl $0x1, %edi
  lock addl %edi, 0x3c080000(%rsi)
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 5 `or16`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movl %edi, %edi
  leaq 0x3c080000(%rdi), %r8
  testq $0x1, %r8
  jnz #trap=user13
  atomically { 16_bits_at_[%r9] Or= %r10; %rax = old_value_at_[%r9]; %r11, %rflags = trash }
  jmp     label1
block1:
  movzwl %ax, %eax
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 6 `exchange`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movq %rsi, %r10
  movl %edi, %esi
  leaq 0x3c080000(%rsi), %rdi
  testq $0x7, %rdi
  jnz #trap=user13
  movq %r10, %rax
  xchgq %rax, 0x3c080000(%rsi)
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 7 `compare_exchange`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movl %edi, %edi
  leaq 0x3c080000(%rdi), %r8
  testq $0x3, %r8
  jnz #trap=user13
  movq %rsi, %rax
  lock cmpxchgl %edx, 0x3c080000(%rdi) ;; implicit: %eax
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 8 `fence`
  pushq %rbp
  movq %rsp, %rbp
block0:
  mfence
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 9 `wait`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movl %edi, %r8d
  leaq 4(%r8), %r9
  cmpq $0x10000, %r9
  jnbe #trap=heap_oob
  leaq 0x3c080000(%r8), %rdi
  testq $0x3, %rdi
  jnz #trap=user13
  uninit  %rsi
  xorl %esi, %esi
  movq $0xffffffffffffffff, %rdx
  call    User(userextname0)
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 10 `notify`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movl %edi, %esi
  leaq 4(%rsi), %rdi
  cmpq $0x10000, %rdi
  jnbe #trap=heap_oob
  leaq 0x3c080000(%rsi), %rdi
  testq $0x3, %rdi
  jnz #trap=user13
  movl $0x1, %esi
  call    User(userextname0)
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

