;; function 0 `pair`
  pushq %rbp
  movq %rsp, %rbp
block0:
  jmp     label1
block1:
  movq %rsi, %rax
  movq %rdi, %rcx
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 1 `six`
  pushq %rbp
  movq %rsp, %rbp
block0:
  jmp     label1
block1:
  movl $0x6, %r8d
  movq %rdi, %rax
  movq %rdi, %rcx
  movq %rdi, %rdx
  movq %rdi, %rsi
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 2 `use`
  pushq %rbp
  movq %rsp, %rbp
block0:
  call    User(userextname0)
  jmp     label1
block1:
  leaq (%rdi, %r8), %r8
  leaq (%rsi, %r8), %r8
  leaq (%rdx, %r8), %r8
  leaq (%rcx, %r8), %r8
  leaq (%rax, %r8), %rax
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 3 `mixed`
  pushq %rbp
  movq %rsp, %rbp
block0:
  jmp     label1
block1:
  movq %rdi, %rax
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 4 `ten`
  pushq %rbp
  movq %rsp, %rbp
block0:
  movq <offset:0>+-8(%rbp), %rdx
  jmp     label1
block1:
  movq %rdi, %rax
  subq %rdx, %rax
  movq %rbp, %rsp
  popq %rbp
  retq $0x20

;; function 5 `tail`
  pushq %rbp
  movq %rsp, %rbp
  subq $0x20, %rsp
  movq %rsp, %rbp
  movq 0x20(%rsp), %r11
  movq %r11, (%rsp)
  movq 0x28(%rsp), %r11
  movq %r11, 8(%rsp)
block0:
  movl $0x1, %esi
  movl $0x2, %r8d
  movq %rdi, <offset:0>+-0x20(%rbp)
  movq %rdi, <offset:0>+-0x18(%rbp)
  movq %rsi, <offset:0>+-0x10(%rbp)
  movq %r8, <offset:0>+-8(%rbp)
  movq %rdi, %r9
  movq %r9, %rcx
  movq %r9, %rdx
  movq %r9, %rsi
  movq %r9, %r8
  return_call_known User(userextname0) (32) tmp=%r11 %rdi=%rdi %rsi=%rsi %rdx=%rdx %rcx=%rcx %r8=%r8 %r9=%r9

