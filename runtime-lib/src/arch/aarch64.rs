//! aarch64: entry point, system calls, the switch to the guest's stack, signal contexts, CPU features.

use super::Registers;
use core::arch::{asm, naked_asm};
use wasmc_abi::cpu::aarch64 as cpu;
use wasmc_abi::layout::Trampoline;
use wasmc_abi::pointer::Code;
use wasmc_abi::syscalls::Numbers;

/// Type of a relocation that adds the load address (`R_AARCH64_RELATIVE`).
pub const RELOCATION_RELATIVE: u64 = 1027;
/// Features that a program may require, with their names.
pub const FEATURES: &[(u32, &str)] = cpu::ALL;
/// Number of the system call `rt_sigaction`.
pub const SYS_RT_SIGACTION: usize = 134;
/// Number of the system call `rt_sigprocmask`.
pub const SYS_RT_SIGPROCMASK: usize = 135;
/// Number of the system call `sigaltstack`.
pub const SYS_SIGALTSTACK: usize = 132;
/// Number of the system call `tgkill`.
pub const SYS_TGKILL: usize = 131;
/// Number of the system call `timer_create`.
pub const SYS_TIMER_CREATE: usize = 107;
/// Number of the system call `timer_settime`.
pub const SYS_TIMER_SETTIME: usize = 110;
/// Number of the system call `clone`.
pub const SYS_CLONE: usize = 220;
/// Number of the system call `epoll_pwait`.
pub const SYS_EPOLL_PWAIT: usize = 22;
/// Number of the system call `ioctl`.
pub const SYS_IOCTL: usize = 29;
/// Number of the system call `futex`.
pub const SYS_FUTEX: usize = 98;
/// Number of the system call `exit_group`.
pub const SYS_EXIT_GROUP: usize = 94;
/// Number of the system call `seccomp`.
pub const SYS_SECCOMP: usize = 277;
/// The architecture's column of the table of system calls.
pub const NUMBERS: Numbers = Numbers::Aarch64;
/// How the kernel calls the architecture in a filter of system calls (`AUDIT_ARCH_…`).
pub const AUDIT: u32 = 0xc000_00b7;

/// Bytes that are moved at once.
pub type Vector = core::arch::aarch64::uint8x16_t;

/// Defines the entry of the process, which calls a function of type
/// `unsafe extern "C" fn(stack: *const usize, program: *const Program) -> !`.
///
/// The kernel enters here with the process stack in `sp` and everything else undefined. No
/// relocation has been applied yet. A zero frame pointer ends every walk of frames.
#[cfg(not(test))]
macro_rules! entry_point {
    ($start:path) => {
        core::arch::global_asm!(
            ".pushsection .text._start,\"ax\",@progbits",
            ".globl _start",
            ".type _start,@function",
            ".hidden wasmc_program",
            ".balign 4",
            "_start:",
            "mov x29, xzr",
            "mov x30, xzr",
            "mov x0, sp",
            "adrp x1, wasmc_program",
            "add x1, x1, :lo12:wasmc_program",
            "bl {start}",
            "udf #0",
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
    // SAFETY: the caller vouches for the system call; the kernel changes only x0.
    unsafe {
        asm!(
            "svc 0",
            in("x8") number,
            inlateout("x0") a => result,
            in("x1") b,
            in("x2") c,
            in("x3") d,
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
            "svc 0",
            in("x8") number,
            inlateout("x0") a => result,
            in("x1") b,
            in("x2") c,
            in("x3") d,
            in("x4") e,
            options(nostack),
        );
    }
    result
}

/// What a signal handler returns to: the end of signal delivery.
#[unsafe(naked)]
pub unsafe extern "C" fn signal_return() {
    naked_asm!("mov x8, #139", "svc 0", "udf #0")
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
        "stp x29, x30, [sp, #-160]!",
        "mov x29, sp",
        "stp x19, x20, [sp, #16]",
        "stp x21, x22, [sp, #32]",
        "stp x23, x24, [sp, #48]",
        "stp x25, x26, [sp, #64]",
        "stp x27, x28, [sp, #80]",
        "stp d8, d9, [sp, #96]",
        "stp d10, d11, [sp, #112]",
        "stp d12, d13, [sp, #128]",
        "stp d14, d15, [sp, #144]",
        "mov x19, sp",
        "str x19, [x4]",
        "mov x9, x0",
        "mov x0, x1",
        "mov x1, x2",
        "mov sp, x3",
        "mov x21, x5",
        "mov x29, xzr",
        "blr x9",
        "mov x0, x19",
        "mov x1, xzr",
        "b {leave}",
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
        "mov sp, x0",
        "mov x0, x1",
        "ldp x19, x20, [sp, #16]",
        "ldp x21, x22, [sp, #32]",
        "ldp x23, x24, [sp, #48]",
        "ldp x25, x26, [sp, #64]",
        "ldp x27, x28, [sp, #80]",
        "ldp d8, d9, [sp, #96]",
        "ldp d10, d11, [sp, #112]",
        "ldp d12, d13, [sp, #128]",
        "ldp d14, d15, [sp, #144]",
        "ldp x29, x30, [sp], #160",
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
        "mov sp, x1",
        "mov x29, x2",
        "mov x9, x0",
        "mov x0, x3",
        "mov x21, x4",
        // Not a branch, which would need a landing pad there where branches are guarded.
        "ret x9",
    )
}

/// The value that [`set_thread_pointer`] or [`clone`] gave this thread.
#[inline(always)]
pub fn thread_pointer() -> usize {
    let pointer;
    // SAFETY: reads a register only.
    unsafe {
        asm!("mrs {}, tpidr_el0", out(reg) pointer, options(nomem, nostack, preserves_flags));
    }
    pointer
}

/// Sets the thread pointer of this thread.
///
/// # Safety
/// It must be the address of a word that holds that address, for as long as the thread lives.
pub unsafe fn set_thread_pointer(pointer: usize) {
    // SAFETY: the register serves nothing else.
    unsafe {
        asm!("msr tpidr_el0, {}", in(reg) pointer, options(nostack, preserves_flags));
    }
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
    // clone(flags, stack, parent's tid, thread pointer, child's tid)
    naked_asm!(
        "mov x9, x4",
        "mov x10, x3",
        "mov x4, x2",
        "mov x2, xzr",
        "mov x8, #220",
        "svc 0",
        "cbz x0, 2f",
        "ret",
        "2:",
        "mov x29, xzr",
        "mov x30, xzr",
        "mov x0, x10",
        "blr x9",
        "udf #0",
    )
}

/// Gives back the mapping that holds this thread's stack, and ends the thread.
///
/// # Safety
/// The mapping must be this thread's alone, and no signal may arrive.
#[unsafe(naked)]
pub unsafe extern "C" fn unmap_and_exit(address: usize, len: usize) -> ! {
    naked_asm!(
        "mov x8, #215",
        "svc 0",
        "mov x0, xzr",
        "mov x8, #93",
        "svc 0",
        "udf #0",
    )
}

/// The registers of the caller, to walk its frames.
#[inline(always)]
pub fn registers() -> Registers {
    let mut registers = Registers::default();
    // SAFETY: reads registers only.
    unsafe {
        asm!(
            "adr {pc}, .",
            "mov {sp}, sp",
            "mov {fp}, x29",
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
pub fn preserved_registers() -> [usize; 10] {
    let mut registers = [0; 10];
    // SAFETY: reads registers, and writes the array.
    unsafe {
        asm!(
            "stp x19, x20, [{array}]",
            "stp x21, x22, [{array}, #16]",
            "stp x23, x24, [{array}, #32]",
            "stp x25, x26, [{array}, #48]",
            "stp x27, x28, [{array}, #64]",
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
                "mov x2, x29",
                "mov x3, x30",
                "b {target}",
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
    unsafe { asm!("mov {}, sp", out(reg) sp, options(nomem, nostack, preserves_flags)) }
    sp
}

/// Index in the `ucontext_t`, as words, of the general registers: `sigcontext` lies at byte 176
/// and starts with the fault address.
const CONTEXT_REGISTERS: usize = (176 + 8) / 8;
/// Byte in the `ucontext_t` at which the set of blocked signals begins.
pub const CONTEXT_SIGNALS: usize = 40;
const CONTEXT_SP: usize = CONTEXT_REGISTERS + 31;
const CONTEXT_PC: usize = CONTEXT_REGISTERS + 32;

/// The registers of a program that a signal interrupted.
///
/// # Safety
/// `context` must be the third argument of a running signal handler.
pub unsafe fn context_registers(context: *const usize) -> Registers {
    // SAFETY: the kernel's `ucontext_t` has these words.
    unsafe {
        Registers {
            pc: *context.add(CONTEXT_PC),
            sp: *context.add(CONTEXT_SP),
            fp: *context.add(CONTEXT_REGISTERS + 29),
            lr: *context.add(CONTEXT_REGISTERS + 30),
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
        *context.add(CONTEXT_REGISTERS) = recovery;
        *context.add(CONTEXT_REGISTERS + 1) = result;
        *context.add(CONTEXT_SP) = recovery;
        *context.add(CONTEXT_PC) = leave as *const () as usize;
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
    // `bti` and `pac…` before the frame, `aut…` behind it, `stp x29, x30, [sp, #-16]!` and
    // `add x29, sp, #0`.
    const HINT: u32 = 0xd503_201f;
    const HINT_MASK: u32 = 0xffff_f01f;
    const PUSH: u32 = 0xa9bf_7bfd;
    const FRAME: u32 = 0x9100_03fd;
    const RET: u32 = 0xd65f_03c0;
    /// Bytes within which a frame is complete.
    const PROLOGUE: usize = 16;

    let word = |at: usize| {
        let bytes = code.get(at..at.checked_add(4)?)?;
        Some(u32::from_le_bytes(bytes.try_into().ok()?))
    };
    let is_hint = |at| word(at).is_some_and(|word| word & HINT_MASK == HINT);
    let next = usize::from(is_hint(0)) * 4;
    if offset < PROLOGUE {
        let next = next + usize::from(next != 0 && is_hint(next)) * 4;
        if word(next) == Some(PUSH) {
            return Some(registers.lr);
        }
        if word(0) == Some(FRAME) {
            return read(registers.sp.wrapping_add(8));
        }
    }
    (word(next) == Some(RET)).then_some(registers.lr)
}

/// A return address as it lies on the stack, without the signature that protects it.
#[inline(always)]
pub fn strip_return_address(address: usize) -> usize {
    let stripped;
    // SAFETY: changes the link register only: `xpaclri`, which processors without signatures take
    // for a `nop`.
    unsafe {
        asm!(
            "mov x30, {0}",
            "hint #7",
            "mov {0}, x30",
            inout(reg) address => stripped,
            out("x30") _,
            options(nomem, nostack, preserves_flags),
        );
    }
    stripped
}

/// Uses required features, which raises SIGILL when the CPU lacks them; returns those that are
/// left to ask for: all, as the kernel tells them at no cost.
pub fn use_features(required: u32) -> u32 {
    required
}

/// Those of the required features that the CPU or the system lacks.
///
/// The kernel tells them in the auxiliary vector: `capabilities` gives its `AT_HWCAP`.
pub fn missing_features(required: u32, capabilities: impl FnOnce() -> usize) -> u32 {
    const HWCAP_ATOMICS: usize = 1 << 8;
    const HWCAP_FPHP: usize = 1 << 9;
    const HWCAP_ASIMDHP: usize = 1 << 10;
    const HWCAP_PACA: usize = 1 << 30;

    let hwcap = capabilities();
    let mut present = 0;
    let mut add = |bits: usize, feature: u32| {
        if hwcap & bits == bits {
            present |= feature;
        }
    };
    add(HWCAP_ATOMICS, cpu::LSE);
    add(HWCAP_FPHP | HWCAP_ASIMDHP, cpu::FP16);
    add(HWCAP_PACA, cpu::PAUTH);
    required & !present
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

/// Bytes from which [`copy_long`] is faster than a loop over vectors: never, as there is no such
/// instruction.
pub const COPY_LONG: usize = usize::MAX;

/// Copies `words` words of 8 bytes upwards.
///
/// # Safety
/// As for `core::ptr::copy_nonoverlapping`; or `dst` is below `src` by at least 64 bytes.
#[inline(always)]
pub unsafe fn copy_long(dst: *mut u8, src: *const u8, words: usize) {
    let (mut dst, mut src) = (dst.cast::<u64>(), src.cast::<u64>());
    // SAFETY: the caller vouches for the ranges.
    unsafe {
        let end = dst.add(words);
        while dst < end {
            dst.write_unaligned(src.read_unaligned());
            dst = opaque(dst.add(1));
            src = src.add(1);
        }
    }
}

/// Sets `words` words of 8 bytes.
///
/// # Safety
/// As for `core::ptr::write_bytes`.
#[inline(always)]
pub unsafe fn fill_long(dst: *mut u8, value: u64, words: usize) {
    let mut dst = dst.cast::<u64>();
    // SAFETY: the caller vouches for the range.
    unsafe {
        let end = dst.add(words);
        while dst < end {
            dst.write_unaligned(value);
            dst = opaque(dst.add(1));
        }
    }
}

/// Sixteen times the byte.
#[inline(always)]
pub fn splat(byte: u8) -> Vector {
    // SAFETY: NEON is part of aarch64.
    unsafe { core::arch::aarch64::vdupq_n_u8(byte) }
}
