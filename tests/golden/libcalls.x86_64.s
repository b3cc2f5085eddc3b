;; function 0 `ceil`
  pushq %rbp
  movq %rsp, %rbp
block0:
  jmp     label1
block1:
  call    LibCall(CeilF32)
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 1 `floor`
  pushq %rbp
  movq %rsp, %rbp
block0:
  jmp     label1
block1:
  call    LibCall(FloorF64)
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 2 `trunc`
  pushq %rbp
  movq %rsp, %rbp
block0:
  jmp     label1
block1:
  call    LibCall(TruncF64)
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 3 `nearest`
  pushq %rbp
  movq %rsp, %rbp
block0:
  jmp     label1
block1:
  call    LibCall(NearestF32)
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 4 `popcnt`
  pushq %rbp
  movq %rsp, %rbp
block0:
  jmp     label1
block1:
  movq %rdi, %r11
  shrq $0x1, %r11
  movabsq $0x7777777777777777, %rsi
  andq %rsi, %r11
  subq %r11, %rdi
  shrq $0x1, %r11
  andq %rsi, %r11
  subq %r11, %rdi
  shrq $0x1, %r11
  andq %rsi, %r11
  subq %r11, %rdi
  movq %rdi, %rax
  shrq $0x4, %rax
  addq %rdi, %rax
  movabsq $0xf0f0f0f0f0f0f0f, %rcx
  andq %rcx, %rax
  movabsq $0x101010101010101, %rcx
  imulq %rcx, %rax
  shrq $0x38, %rax
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 5 `ctz`
  pushq %rbp
  movq %rsp, %rbp
block0:
  jmp     label1
block1:
  movl $0x20, %esi
  bsfl %edi, %eax
  cmovel %esi, %eax
  movq %rbp, %rsp
  popq %rbp
  retq

;; function 6 `swizzle`
  pushq %rbp
  movq %rsp, %rbp
  subq $0x30, %rsp
block0:
  leaq <offset:1>+(%rsp), %rcx
  movdqu %xmm0, <offset:1>+(%rsp)
  uninit  %xmm2
  pxor %xmm2, %xmm2
  movdqu %xmm2, <offset:1>+0x10(%rsp)
  movdqu (%rip), %xmm3
  pminub %xmm3, %xmm1
  pextrw $0x0, %xmm1, %esi
  movzbq %sil, %rsi
  movzbq (%rcx, %rsi), %rsi
  movb %sil, <offset:1>+0x20(%rsp)
  pextrw $0x0, %xmm1, %esi
  shrw $0x8, %si
  movzbq %sil, %rsi
  movzbq (%rcx, %rsi), %rsi
  movb %sil, <offset:1>+0x21(%rsp)
  pextrw $0x1, %xmm1, %esi
  movzbq %sil, %rsi
  movzbq (%rcx, %rsi), %rsi
  movb %sil, <offset:1>+0x22(%rsp)
  pextrw $0x1, %xmm1, %esi
  shrw $0x8, %si
  movzbq %sil, %rsi
  movzbq (%rcx, %rsi), %rsi
  movb %sil, <offset:1>+0x23(%rsp)
  pextrw $0x2, %xmm1, %edi
  movzbq %dil, %rdi
  movzbq (%rcx, %rdi), %rdi
  movb %dil, <offset:1>+0x24(%rsp)
  pextrw $0x2, %xmm1, %r8d
  shrw $0x8, %r8w
  movzbq %r8b, %r8
  movzbq (%rcx, %r8), %r8
  movb %r8b, <offset:1>+0x25(%rsp)
  pextrw $0x3, %xmm1, %r9d
  movzbq %r9b, %r9
  movzbq (%rcx, %r9), %r9
  movb %r9b, <offset:1>+0x26(%rsp)
  pextrw $0x3, %xmm1, %r10d
  shrw $0x8, %r10w
  movzbq %r10b, %r10
  movzbq (%rcx, %r10), %r10
  movb %r10b, <offset:1>+0x27(%rsp)
  pextrw $0x4, %xmm1, %r11d
  movzbq %r11b, %r11
  movzbq (%rcx, %r11), %r11
  movb %r11b, <offset:1>+0x28(%rsp)
  pextrw $0x4, %xmm1, %eax
  shrw $0x8, %ax
  movzbq %al, %rax
  movzbq (%rcx, %rax), %rax
  movb %al, <offset:1>+0x29(%rsp)
  pextrw $0x5, %xmm1, %eax
  movzbq %al, %rax
  movzbq (%rcx, %rax), %rax
  movb %al, <offset:1>+0x2a(%rsp)
  pextrw $0x5, %xmm1, %eax
  shrw $0x8, %ax
  movzbq %al, %rax
  movzbq (%rcx, %rax), %rax
  movb %al, <offset:1>+0x2b(%rsp)
  pextrw $0x6, %xmm1, %eax
  movzbq %al, %rax
  movzbq (%rcx, %rax), %rax
  movb %al, <offset:1>+0x2c(%rsp)
  pextrw $0x6, %xmm1, %eax
  shrw $0x8, %ax
  movzbq %al, %rax
  movzbq (%rcx, %rax), %rax
  movb %al, <offset:1>+0x2d(%rsp)
  pextrw $0x7, %xmm1, %eax
  movzbq %al, %rax
  movzbq (%rcx, %rax), %rax
  movb %al, <offset:1>+0x2e(%rsp)
  pextrw $0x7, %xmm1, %eax
  shrw $0x8, %ax
  movzbq %al, %rax
  movzbq (%rcx, %rax), %rax
  movb %al, <offset:1>+0x2f(%rsp)
  movdqu <offset:1>+0x20(%rsp), %xmm0
  jmp     label1
block1:
  addq $0x30, %rsp
  movq %rbp, %rsp
  popq %rbp
  retq

