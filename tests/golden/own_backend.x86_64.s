;; function 0 `callee`
block0: ; runs 1.000 times
    mov [1007157256], edi
    mov eax, [1007157248]
    jmp
    → block1
block1: ; runs 1.000 times
    lea eax, [eax + edi]
    leave; ret

;; function 1 `increment`
block0: ; runs 1.000 times
    mov eax, edi
    add [rax + 1007157264], 1
    jmp
    → block1
block1: ; runs 1.000 times
    leave; ret

;; function 2 `byte_is`
block0: ; runs 1.000 times
    mov eax, edi
    cmp [rax + 1007157248], 10
    j e
    → block2
    → block1
block1: ; runs 0.500 times
    jmp
    → block3
block2: ; runs 0.500 times
    jmp
    → block3
        mov eax, 3
block3: ; runs 1.000 times
    jmp
    → block4
block4: ; runs 1.000 times
    leave; ret

;; function 3 `across_calls`
block0: ; runs 1.000 times
    jmp
    → block1
        mov ebx, esi
        mov r12d, 0
        mov r13d, edi
block1: ; runs 8.000 times
    mov edi, ebx
    call userextname0
    lea r12d, [r12d + eax]
    sub r13d, 1
    j ne
    → block1
    → block2
block2: ; runs 0.500 times
    jmp
    → block3
block3: ; runs 0.500 times
    jmp
    → block4
block4: ; runs 0.500 times
    mov eax, r12d
    leave; ret

;; function 4 `switch`
block0: ; runs 1.000 times
    mov ecx, edi
    jmp table[ecx]
    → block4
    → block3
    → block1
block1: ; runs 0.250 times
    jmp
    → block2
block2: ; runs 0.250 times
    rol esi, cl
    mov eax, esi
    leave; ret
block3: ; runs 0.250 times
    imul eax, esi, 7
    leave; ret
block4: ; runs 0.500 times
    test ecx, ecx
    trap int_divz if e
    mov eax, esi
    div ecx
    leave; ret

;; function 5 `floats`
block0: ; runs 1.000 times
    jmp
    → block1
block1: ; runs 1.000 times
    mov xmm2, xmm0
    addsd xmm2, [rip + constant 0]
    mov xmm3, xmm0
    mulsd xmm3, xmm1
    ucomisd xmm1, xmm0
    mov a: xmm3, xmm2
    mov xmm0, xmm3
    leave; ret

;; function 6 `start`
block0: ; runs 1.000 times
    mov rdi, 1
    call userextname0
    jmp
    → block1
block1: ; runs 1.000 times
    leave; ret

