;; function 0 `add`
  pushq %rbp
  movq %rsp, %rbp
block0:
  jmp     label1
block1:
  leal 0x2a(%rdi), %eax
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 1 `count`
  pushq %rbp
  movq %rsp, %rbp
block0:
  load_ext_name userextname0+0, %rax
  addq $0x1, (%rax)
  jmp     label1
block1:
  movq %rbp, %rsp
  popq %rbp
  retq

