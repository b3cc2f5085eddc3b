//! Signal actions and the stack that handlers run on, by bare system calls: rustix has no stable
//! interface for them.

use crate::arch;
use core::ffi::c_void;

/// Interrupt from the keyboard.
pub const SIGINT: i32 = 2;
/// Illegal instruction.
pub const SIGILL: i32 = 4;
/// The process gives up.
pub const SIGABRT: i32 = 6;
/// Bad access to mapped memory.
pub const SIGBUS: i32 = 7;
/// The end of a process that nothing can delay.
pub const SIGKILL: i32 = 9;
/// Arithmetic error.
pub const SIGFPE: i32 = 8;
/// Access to memory that is not mapped or protected.
pub const SIGSEGV: i32 = 11;
/// Write to a pipe that nobody reads.
pub const SIGPIPE: i32 = 13;
/// A timer has run out.
pub const SIGALRM: i32 = 14;
/// Request to end.
pub const SIGTERM: i32 = 15;
/// A child has ended.
pub const SIGCHLD: i32 = 17;
/// Reading from the terminal in the background.
pub const SIGTTIN: i32 = 21;
/// Writing to the terminal in the background.
pub const SIGTTOU: i32 = 22;
/// A file would become larger than the process may make one.
pub const SIGXFSZ: i32 = 25;
/// [`SignalInfo::code`] of a signal that a timer of [`super::time::start_timer`] made.
pub const SI_TIMER: i32 = -2;

/// A handler: signal, information, `ucontext_t`.
pub type Handler = unsafe extern "C" fn(i32, *const SignalInfo, *mut usize);

/// The start of the kernel's `siginfo_t`.
#[repr(C)]
pub struct SignalInfo {
    /// The signal.
    pub signal: i32,
    /// Not used.
    pub errno: i32,
    /// Positive when the kernel made the signal, not a process.
    pub code: i32,
    /// The address at fault, for signals that have one.
    pub address: usize,
}

/// What a signal does.
#[derive(Clone, Copy)]
pub enum Action {
    /// What the system does by default.
    Default,
    /// Nothing.
    Ignore,
    /// Call a handler on the alternate stack. SIGABRT arrives only when it has returned.
    Handle(Handler),
}

const SIG_DFL: usize = 0;
const SIG_IGN: usize = 1;
const SA_SIGINFO: usize = 4;
const SA_RESTORER: usize = 0x0400_0000;
const SA_ONSTACK: usize = 0x0800_0000;

/// The kernel's `struct sigaction`.
#[repr(C)]
struct KernelAction {
    handler: usize,
    flags: usize,
    restorer: usize,
    mask: u64,
}

/// The kernel's `stack_t`.
#[repr(C)]
struct KernelStack {
    pointer: usize,
    flags: i32,
    size: usize,
}

/// Sets what a signal does.
pub fn set_action(signal: i32, action: Action) {
    let (handler, flags, mask) = match action {
        Action::Default => (SIG_DFL, 0, 0),
        Action::Ignore => (SIG_IGN, 0, 0),
        Action::Handle(handler) => {
            let handler = handler as *const c_void as usize;
            (handler, SA_SIGINFO | SA_ONSTACK, mask_of(SIGABRT))
        }
    };
    let action = KernelAction {
        handler,
        flags: flags | SA_RESTORER,
        restorer: arch::signal_return as *const c_void as usize,
        mask,
    };
    // SAFETY: the kernel reads a structure of its own layout; handlers uphold what they say.
    unsafe {
        arch::syscall(
            arch::SYS_RT_SIGACTION,
            signal as usize,
            &raw const action as usize,
            0,
            size_of::<u64>(),
        );
    }
}

/// The set of one signal.
const fn mask_of(signal: i32) -> u64 {
    1 << (signal - 1)
}

/// Lets a signal arrive that is blocked where a handler was called, once the handler has returned.
///
/// # Safety
/// `context` must be the third argument of the running handler.
pub unsafe fn unblock_in(context: *mut usize, signal: i32) {
    // SAFETY: the kernel's `ucontext_t` has the set there, and restores it from there.
    unsafe { *context.byte_add(arch::CONTEXT_SIGNALS).cast::<u64>() &= !mask_of(signal) };
}

/// Whether a signal is ignored.
pub fn is_ignored(signal: i32) -> bool {
    let mut action = KernelAction {
        handler: SIG_DFL,
        flags: 0,
        restorer: 0,
        mask: 0,
    };
    // SAFETY: the kernel writes a structure of its own layout.
    unsafe {
        arch::syscall(
            arch::SYS_RT_SIGACTION,
            signal as usize,
            0,
            &raw mut action as usize,
            size_of::<u64>(),
        );
    }
    action.handler == SIG_IGN
}

/// Lets a signal arrive that may have been blocked when the program was started.
pub fn unblock(signal: i32) {
    const SIG_UNBLOCK: usize = 1;
    let mask = mask_of(signal);
    // SAFETY: the kernel reads a mask of 64 bits.
    unsafe {
        arch::syscall(
            arch::SYS_RT_SIGPROCMASK,
            SIG_UNBLOCK,
            &raw const mask as usize,
            0,
            size_of::<u64>(),
        );
    }
}

/// Sends a signal to this thread; it arrives when the running handler for it has returned.
pub fn raise(signal: i32) {
    let process = super::process::id() as usize;
    let thread = rustix::thread::gettid().as_raw_nonzero().get() as usize;
    // SAFETY: no memory is concerned.
    unsafe { arch::syscall(arch::SYS_TGKILL, process, thread, signal as usize, 0) };
}

/// Lets no signal arrive at this thread any more.
pub fn block_all() {
    const SIG_BLOCK: usize = 0;
    let mask = u64::MAX;
    // SAFETY: the kernel reads a mask of 64 bits.
    unsafe {
        arch::syscall(
            arch::SYS_RT_SIGPROCMASK,
            SIG_BLOCK,
            &raw const mask as usize,
            0,
            size_of::<u64>(),
        );
    }
}

/// Makes handlers of this thread run on the `len` bytes at `start`.
///
/// # Safety
/// The memory must be used for nothing else as long as the thread lives.
pub unsafe fn set_alternate_stack(start: *mut u8, len: usize) {
    let stack = KernelStack {
        pointer: start as usize,
        flags: 0,
        size: len,
    };
    // SAFETY: the kernel reads a structure of its own layout; the caller vouches for the memory.
    unsafe {
        arch::syscall(arch::SYS_SIGALTSTACK, &raw const stack as usize, 0, 0, 0);
    }
}
