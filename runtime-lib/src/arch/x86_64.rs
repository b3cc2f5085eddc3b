//! x86-64: entry point, system calls, the switch to the guest's stack, signal contexts, CPU features.

use super::Registers;
use core::arch::{asm, naked_asm};
use wasmc_abi::cpu::x86_64 as cpu;
use wasmc_abi::layout::Trampoline;
use wasmc_abi::pointer::Code;
use wasmc_abi::syscalls::Numbers;

/// Type of a relocation that adds the load address (`R_X86_64_RELATIVE`).
pub const RELOCATION_RELATIVE: u64 = 8;
/// Features that a program may require, with their names.
pub const FEATURES: &[(u32, &str)] = cpu::ALL;
/// Number of the system call `rt_sigaction`.
pub const SYS_RT_SIGACTION: usize = 13;
/// Number of the system call `rt_sigprocmask`.
pub const SYS_RT_SIGPROCMASK: usize = 14;
/// Number of the system call `sigaltstack`.
pub const SYS_SIGALTSTACK: usize = 131;
/// Number of the system call `tgkill`.
pub const SYS_TGKILL: usize = 234;
/// Number of the system call `timer_create`.
pub const SYS_TIMER_CREATE: usize = 222;
/// Number of the system call `timer_settime`.
pub const SYS_TIMER_SETTIME: usize = 223;
/// Number of the system call `clone`.
pub const SYS_CLONE: usize = 56;
/// Number of the system call `epoll_pwait`.
pub const SYS_EPOLL_PWAIT: usize = 281;
/// Number of the system call `ioctl`.
pub const SYS_IOCTL: usize = 16;
/// Number of the system call `futex`.
pub const SYS_FUTEX: usize = 202;
/// Number of the system call `exit_group`.
pub const SYS_EXIT_GROUP: usize = 231;
/// Number of the system call `seccomp`.
pub const SYS_SECCOMP: usize = 317;
/// The architecture's column of the table of system calls.
pub const NUMBERS: Numbers = Numbers::X86_64;
/// How the kernel calls the architecture in a filter of system calls (`AUDIT_ARCH_…`).
pub const AUDIT: u32 = 0xc000_003e;

/// Bytes that are moved at once.
pub type Vector = core::arch::x86_64::__m128i;

/// Defines the entry of the process, which calls a function of type
/// `unsafe extern "C" fn(stack: *const usize, program: *const Program) -> !`.
///
/// The kernel enters here with the process stack in `rsp` and everything else undefined. No
/// relocation has been applied yet. A zero frame pointer ends every walk of frames.
#[cfg(not(test))]
macro_rules! entry_point {
    ($start:path) => {
        core::arch::global_asm!(
            ".pushsection .text._start,\"ax\",@progbits",
            ".globl _start",
            ".type _start,@function",
            ".hidden wasmc_program",
            "_start:",
            "xor ebp, ebp",
            "mov rdi, rsp",
            "lea rsi, [rip + wasmc_program]",
            "and rsp, -16",
            "call {start}",
            "ud2",
            ".size _start, . - _start",
            ".popsection",
            start = sym $start,
        );
    };
}
#[cfg(not(test))]
pub(crate) use entry_point;

/// A system call with up to four arguments: its result, negative errno included.
///
/// # Safety
/// As for the system call.
pub unsafe fn syscall(number: usize, a: usize, b: usize, c: usize, d: usize) -> isize {
    let result;
    // SAFETY: the caller vouches for the system call; the clobbers are those of the kernel's ABI.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") number => result,
            in("rdi") a,
            in("rsi") b,
            in("rdx") c,
            in("r10") d,
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    result
}

/// A system call with five arguments.
///
/// # Safety
/// As for the system call.
pub unsafe fn syscall_of_five(number: usize, arguments: [usize; 5]) -> isize {
    let [a, b, c, d, e] = arguments;
    let result;
    // SAFETY: as in `syscall`.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") number => result,
            in("rdi") a,
            in("rsi") b,
            in("rdx") c,
            in("r10") d,
            in("r8") e,
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    result
}

/// What a signal handler returns to: the end of signal delivery.
#[unsafe(naked)]
pub unsafe extern "C" fn signal_return() {
    naked_asm!("mov eax, 15", "syscall", "ud2")
}

/// Calls `trampoline(code, values)` on the stack that ends at `stack_top`; returns 0.
///
/// Stores in `recovery` the stack pointer with which [`leave`] makes this call return another
/// value. Frames on the new stack end with a zero frame pointer. `own_area` is put into Cranelift's
/// pinned register.
///
/// # Safety
/// `stack_top` must be 16-byte aligned and the end of a stack that is unused; the rest is as for
/// the trampoline.
#[unsafe(naked)]
pub unsafe extern "C" fn enter(
    trampoline: Trampoline,
    code: *const Code,
    values: *mut [u64; 2],
    stack_top: usize,
    recovery: *const core::sync::atomic::AtomicUsize,
    own_area: usize,
) -> usize {
    naked_asm!(
        "push rbp",
        "mov rbp, rsp",
        "push rbx",
        "push r12",
        "push r13",
        "push r14",
        "push r15",
        "push rax",
        "mov [r8], rsp",
        "mov rbx, rsp",
        "mov rax, rdi",
        "mov rdi, rsi",
        "mov rsi, rdx",
        "mov rsp, rcx",
        "mov r15, r9",
        "xor ebp, ebp",
        "call rax",
        "mov rdi, rbx",
        "xor esi, esi",
        "jmp {leave}",
        leave = sym leave,
    )
}

/// Makes the [`enter`] that stored `recovery` return `result`.
///
/// # Safety
/// That call must be active on this thread.
#[unsafe(naked)]
pub unsafe extern "C" fn leave(recovery: usize, result: usize) -> ! {
    naked_asm!(
        "mov rsp, rdi",
        "mov rax, rsi",
        "cld",
        "pop rcx",
        "pop r15",
        "pop r14",
        "pop r13",
        "pop r12",
        "pop rbx",
        "pop rbp",
        "ret",
    )
}

/// Goes on at `pc` with the stack pointer, the frame pointer and the exception given: in the handler
/// of a call in progress. `own_area` is what [`enter`] was given.
///
/// # Safety
/// The pointers must be those of that call's function at that call, and no frame that is left may
/// be needed.
#[unsafe(naked)]
pub unsafe extern "C" fn resume(
    pc: usize,
    sp: usize,
    fp: usize,
    exception: u64,
    own_area: usize,
) -> ! {
    naked_asm!(
        "mov rsp, rsi",
        "mov rbp, rdx",
        "mov rax, rcx",
        "mov r15, r8",
        "jmp rdi",
    )
}

/// The value that [`set_thread_pointer`] or [`clone`] gave this thread, which refers to a word that
/// holds the same value.
#[inline(always)]
pub fn thread_pointer() -> usize {
    let pointer;
    // SAFETY: reads the word that the segment register refers to, as its setter has vouched.
    unsafe {
        asm!("mov {}, fs:[0]", out(reg) pointer, options(pure, readonly, nostack, preserves_flags));
    }
    pointer
}

/// Sets the thread pointer of this thread.
///
/// # Safety
/// It must be the address of a word that holds that address, for as long as the thread lives.
pub unsafe fn set_thread_pointer(pointer: usize) {
    const SYS_ARCH_PRCTL: usize = 158;
    const ARCH_SET_FS: usize = 0x1002;
    // SAFETY: the register serves nothing else.
    unsafe { syscall(SYS_ARCH_PRCTL, ARCH_SET_FS, pointer, 0, 0) };
}

/// Starts a thread that calls `entry(pointer)` on the stack that ends at `stack_top`, with that
/// thread pointer; the kernel stores the number at `tid`. The number, or a negative errno.
///
/// # Safety
/// `stack_top` must be 16-byte aligned and the end of a stack that is unused; the rest is as for
/// [`set_thread_pointer`]. `entry` must not return.
#[unsafe(naked)]
pub unsafe extern "C" fn clone(
    flags: usize,
    stack_top: usize,
    tid: *mut u32,
    pointer: usize,
    entry: usize,
) -> isize {
    // clone(flags, stack, parent's tid, child's tid, thread pointer)
    naked_asm!(
        "mov r10, rdx",
        "xor edx, edx",
        "mov r9, r8",
        "mov r8, rcx",
        "mov eax, 56",
        "syscall",
        "test rax, rax",
        "jz 2f",
        "ret",
        "2:",
        "xor ebp, ebp",
        "mov rdi, r8",
        "call r9",
        "ud2",
    )
}

/// Gives back the mapping that holds this thread's stack, and ends the thread.
///
/// # Safety
/// The mapping must be this thread's alone, and no signal may arrive.
#[unsafe(naked)]
pub unsafe extern "C" fn unmap_and_exit(address: usize, len: usize) -> ! {
    naked_asm!(
        "mov eax, 11",
        "syscall",
        "xor edi, edi",
        "mov eax, 60",
        "syscall",
        "ud2",
    )
}

/// The registers of the caller, to walk its frames.
#[inline(always)]
pub fn registers() -> Registers {
    let mut registers = Registers::default();
    // SAFETY: reads registers only.
    unsafe {
        asm!(
            "lea {pc}, [rip]",
            "mov {sp}, rsp",
            "mov {fp}, rbp",
            pc = out(reg) registers.pc,
            sp = out(reg) registers.sp,
            fp = out(reg) registers.fp,
            options(nomem, nostack, preserves_flags),
        );
    }
    registers
}

/// The registers that functions leave as they found them: what a caller further up may have in
/// them and nowhere else.
#[inline(always)]
pub fn preserved_registers() -> [usize; 6] {
    let mut registers = [0; 6];
    // SAFETY: reads registers, and writes the array.
    unsafe {
        asm!(
            "mov [{array}], rbx",
            "mov [{array} + 8], rbp",
            "mov [{array} + 16], r12",
            "mov [{array} + 24], r13",
            "mov [{array} + 32], r14",
            "mov [{array} + 40], r15",
            array = in(reg) &raw mut registers,
            options(nostack, preserves_flags),
        );
    }
    registers
}

/// Defines a function of the runtime that compiled code calls with two arguments, and that tells
/// another one who has called: by the frame pointer and the return address, which are two more
/// arguments.
macro_rules! with_caller {
    (
        $(#[$doc:meta])*
        pub fn $name:ident($a:ident: $a_type:ty, $b:ident: $b_type:ty) -> $result:ty = $target:path;
    ) => {
        $(#[$doc])*
        #[cfg_attr(not(test), unsafe(no_mangle))]
        #[unsafe(naked)]
        pub unsafe extern "C" fn $name($a: $a_type, $b: $b_type) -> $result {
            core::arch::naked_asm!(
                "mov rdx, rbp",
                "mov rcx, [rsp]",
                "jmp {target}",
                target = sym $target,
            )
        }
    };
}
pub(crate) use with_caller;

/// The stack pointer.
#[inline(always)]
pub fn stack_pointer() -> usize {
    let sp;
    // SAFETY: reads a register only.
    unsafe { asm!("mov {}, rsp", out(reg) sp, options(nomem, nostack, preserves_flags)) }
    sp
}

/// Index in the `ucontext_t`, as words, of the general registers.
const CONTEXT_REGISTERS: usize = 40 / 8;
/// Byte in the `ucontext_t` at which the set of blocked signals begins: behind the registers, a
/// pointer and 64 bytes.
pub const CONTEXT_SIGNALS: usize = 40 + 23 * 8 + 8 + 64;
const CONTEXT_RDI: usize = CONTEXT_REGISTERS + 8;
const CONTEXT_RSI: usize = CONTEXT_REGISTERS + 9;
const CONTEXT_RBP: usize = CONTEXT_REGISTERS + 10;
const CONTEXT_RSP: usize = CONTEXT_REGISTERS + 15;
const CONTEXT_RIP: usize = CONTEXT_REGISTERS + 16;

/// The registers of a program that a signal interrupted.
///
/// # Safety
/// `context` must be the third argument of a running signal handler.
pub unsafe fn context_registers(context: *const usize) -> Registers {
    // SAFETY: the kernel's `ucontext_t` has these words.
    unsafe {
        Registers {
            pc: *context.add(CONTEXT_RIP),
            sp: *context.add(CONTEXT_RSP),
            fp: *context.add(CONTEXT_RBP),
            lr: 0,
        }
    }
}

/// Makes the interrupted program go on with [`leave`] when the handler returns.
///
/// # Safety
/// `context` must be the third argument of a running signal handler; the rest as for [`leave`].
pub unsafe fn context_leave(context: *mut usize, recovery: usize, result: usize) {
    // SAFETY: the kernel's `ucontext_t` has these words, and restores the registers from them.
    unsafe {
        *context.add(CONTEXT_RDI) = recovery;
        *context.add(CONTEXT_RSI) = result;
        *context.add(CONTEXT_RSP) = recovery;
        *context.add(CONTEXT_RIP) = leave as *const () as usize;
    }
}

/// The return address of a guest function that was interrupted where it has no frame: in its
/// prologue, `offset` bytes after its start, or before it returns, which is what the `code` that
/// comes next says. `None` while there is a frame. `read` reads a word of the guest's stack.
pub fn return_without_frame(
    registers: &Registers,
    offset: usize,
    code: &[u8],
    read: impl Fn(usize) -> Option<usize>,
) -> Option<usize> {
    const RET: u8 = 0xc3;
    match offset {
        // Before `push rbp`.
        0 => read(registers.sp),
        // Before `mov rbp, rsp`.
        1 => read(registers.sp.wrapping_add(8)),
        // Behind `pop rbp`.
        _ if code.first() == Some(&RET) => read(registers.sp),
        _ => None,
    }
}

/// A return address as it lies on the stack, without what protects it: as it is.
#[inline(always)]
pub fn strip_return_address(address: usize) -> usize {
    address
}

/// Uses required features, which raises SIGILL when the CPU lacks them; returns those that are
/// left to ask for.
///
/// This tells about x86-64-v2 without `cpuid`, which leaves a virtual machine: 8 of the 130 µs
/// that a small program takes.
pub fn use_features(required: u32) -> u32 {
    const USED: u32 =
        cpu::SSE3 | cpu::SSSE3 | cpu::SSE41 | cpu::SSE42 | cpu::POPCNT | cpu::CMPXCHG16B;

    #[repr(align(16))]
    struct Cell(u128);

    let mut cell = Cell(0);
    // SAFETY: changes only registers that are named and the cell, if anything; an instruction that
    // does not exist raises a signal, which is expected.
    unsafe {
        if required & cpu::SSE3 != 0 {
            asm!("addsubps xmm0, xmm0", out("xmm0") _, options(nomem, nostack));
        }
        if required & cpu::SSSE3 != 0 {
            asm!("pabsb xmm0, xmm0", out("xmm0") _, options(nomem, nostack));
        }
        if required & cpu::SSE41 != 0 {
            asm!("ptest xmm0, xmm0", out("xmm0") _, options(nomem, nostack));
        }
        if required & cpu::SSE42 != 0 {
            asm!("pcmpgtq xmm0, xmm0", out("xmm0") _, options(nomem, nostack));
        }
        if required & cpu::POPCNT != 0 {
            asm!("popcnt eax, eax", out("eax") _, options(nomem, nostack));
        }
        if required & cpu::CMPXCHG16B != 0 {
            asm!("xchg {rbx}, rbx", "cmpxchg16b [{cell}]", "mov rbx, {rbx}",
                rbx = inout(reg) 0u64 => _, cell = in(reg) &raw mut cell.0,
                inout("rax") 0u64 => _, inout("rdx") 0u64 => _, in("rcx") 0u64, options(nostack));
        }
    }
    required & !USED
}

/// Those of the required features that the CPU or the system lacks.
///
/// The CPU tells them: what the kernel says of its capabilities is not needed.
pub fn missing_features(required: u32, _capabilities: impl FnOnce() -> usize) -> u32 {
    use core::arch::x86_64::__cpuid_count;

    const LEAF_7: u32 = cpu::AVX2
        | cpu::BMI1
        | cpu::BMI2
        | cpu::AVX512F
        | cpu::AVX512VL
        | cpu::AVX512DQ
        | cpu::AVX512BITALG
        | cpu::AVX512VBMI;
    const AVX512: u32 =
        cpu::AVX512F | cpu::AVX512VL | cpu::AVX512DQ | cpu::AVX512BITALG | cpu::AVX512VBMI;
    const AVX: u32 = AVX512 | cpu::AVX | cpu::AVX2 | cpu::FMA;

    let mut present = 0;
    let mut add = |bit: u32, register: u32, feature: u32| {
        present |= (register >> bit & 1) * feature;
    };
    let leaf1 = __cpuid_count(1, 0);
    add(0, leaf1.ecx, cpu::SSE3);
    add(9, leaf1.ecx, cpu::SSSE3);
    add(19, leaf1.ecx, cpu::SSE41);
    add(20, leaf1.ecx, cpu::SSE42);
    add(23, leaf1.ecx, cpu::POPCNT);
    add(13, leaf1.ecx, cpu::CMPXCHG16B);
    add(28, leaf1.ecx, cpu::AVX);
    add(12, leaf1.ecx, cpu::FMA);
    if required & LEAF_7 != 0 && __cpuid_count(0, 0).eax >= 7 {
        let leaf7 = __cpuid_count(7, 0);
        add(3, leaf7.ebx, cpu::BMI1);
        add(5, leaf7.ebx, cpu::AVX2);
        add(8, leaf7.ebx, cpu::BMI2);
        add(16, leaf7.ebx, cpu::AVX512F);
        add(17, leaf7.ebx, cpu::AVX512DQ);
        add(31, leaf7.ebx, cpu::AVX512VL);
        add(12, leaf7.ecx, cpu::AVX512BITALG);
        add(1, leaf7.ecx, cpu::AVX512VBMI);
    }
    if required & cpu::LZCNT != 0 && __cpuid_count(0x8000_0000, 0).eax >= 0x8000_0001 {
        add(5, __cpuid_count(0x8000_0001, 0).ecx, cpu::LZCNT);
    }
    if required & AVX != 0 {
        let state = if leaf1.ecx >> 27 & 1 != 0 {
            xgetbv0()
        } else {
            0
        };
        if state & 0x06 != 0x06 {
            present &= !AVX;
        }
        if state & 0xe6 != 0xe6 {
            present &= !AVX512;
        }
    }
    required & !present
}

/// The parts of the register state that the system saves; needs OSXSAVE.
fn xgetbv0() -> u32 {
    let low: u32;
    // SAFETY: the instruction exists, as OSXSAVE says.
    unsafe {
        asm!("xgetbv", in("ecx") 0, out("eax") low, out("edx") _, options(nomem, nostack, preserves_flags));
    }
    low
}

/// The same pointer, of which the compiler knows nothing: a loop over it stays a loop, where it
/// would become a call of `memset` or `strlen`, in the body of these functions themselves.
#[expect(
    clippy::pointers_in_nomem_asm_block,
    reason = "the assembly does nothing with it"
)]
#[inline(always)]
pub fn opaque<T>(mut pointer: *mut T) -> *mut T {
    // SAFETY: does nothing.
    unsafe { asm!("/* {} */", inout(reg) pointer, options(pure, nomem, nostack, preserves_flags)) }
    pointer
}

/// Bytes from which [`copy_long`] is faster than a loop over vectors.
pub const COPY_LONG: usize = 2048;

/// Copies `words` words of 8 bytes upwards.
///
/// # Safety
/// As for `core::ptr::copy_nonoverlapping`; or `dst` is below `src` by at least 64 bytes.
#[inline(always)]
pub unsafe fn copy_long(dst: *mut u8, src: *const u8, words: usize) {
    // SAFETY: the caller vouches for the ranges; the direction flag is clear as the ABI demands.
    unsafe {
        asm!("rep movsq", inout("rcx") words => _, inout("rdi") dst => _, inout("rsi") src => _,
            options(nostack, preserves_flags));
    }
}

/// Sets `words` words of 8 bytes.
///
/// # Safety
/// As for `core::ptr::write_bytes`.
#[inline(always)]
pub unsafe fn fill_long(dst: *mut u8, value: u64, words: usize) {
    // SAFETY: the caller vouches for the range; the direction flag is clear as the ABI demands.
    unsafe {
        asm!("rep stosq", inout("rcx") words => _, inout("rdi") dst => _, in("rax") value,
            options(nostack, preserves_flags));
    }
}

/// Sixteen times the byte.
#[inline(always)]
pub fn splat(byte: u8) -> Vector {
    // SAFETY: SSE2 is part of x86-64.
    unsafe { core::arch::x86_64::_mm_set1_epi8(byte as i8) }
}
