//! Entering the guest, and leaving it by a trap.
//!
//! Guest code runs on a stack of its own. A trap is left from the signal handler, which makes the
//! interrupted program continue in [`arch::leave`], or from a runtime function by [`raise`]. Either
//! way [`enter`] returns, and the guest's stack still holds the frames for a backtrace.

use super::unwind::{self, Detail};
use super::{stacks, thread};
use crate::arch::{self, Registers};
use crate::boot::cpu;
use crate::boot::image::program;
use crate::boot::process::Process;
use crate::output::{self, Stream, Writer};
use crate::sys::signal::{
    self, Action, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGINT, SIGPIPE, SIGSEGV, SIGTERM, SIGXFSZ,
};
use crate::sys::{futex, process};
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering::Relaxed};
use wasmc_abi::layout::{Program, STATUS_TRAP, TRAP_PREFIX, Trampoline, program_flags};
use wasmc_abi::options::{BACKTRACE_VARIABLE, TrapEnd};
use wasmc_abi::pointer::Code;
use wasmc_abi::traps::Trap;

/// Guest code.
struct Text {
    start: AtomicUsize,
    len: AtomicUsize,
}

// With the data that every program touches, not among large zeros.
#[cfg_attr(not(test), unsafe(link_section = ".bss.wasmc.runtime"))]
static TEXT: Text = Text {
    start: AtomicUsize::new(0),
    len: AtomicUsize::new(0),
};
/// Whether a trap ends the process by SIGABRT.
#[cfg_attr(not(test), unsafe(link_section = ".bss.wasmc.runtime"))]
static ABORTS: AtomicBool = AtomicBool::new(false);
/// Whether a trap is being reported.
#[cfg_attr(not(test), unsafe(link_section = ".bss.wasmc.runtime"))]
static REPORTING: AtomicU32 = AtomicU32::new(0);

/// Maps the stacks and installs the handlers.
pub fn init(program: &'static Program, process: &Process) {
    TEXT.start.store(program.text.ptr.get() as usize, Relaxed);
    TEXT.len.store(program.text.len as usize, Relaxed);
    stacks::init(program, process);
    // What these tell, the guest is told by an errno.
    for told in [SIGPIPE, SIGXFSZ] {
        signal::set_action(told, Action::Ignore);
    }
    for fault in [SIGSEGV, SIGBUS, SIGILL] {
        signal::set_action(fault, Action::Handle(on_fault));
    }
    if program.flags & program_flags::DIVIDES != 0 {
        signal::set_action(SIGFPE, Action::Handle(on_fault));
    }
    if process::is_init() {
        for end in [SIGTERM, SIGINT] {
            if !signal::is_ignored(end) {
                signal::set_action(end, Action::Handle(on_end));
            }
        }
    }
    thread::init(program);
}

/// Calls a function of the guest, on its stack of this thread.
///
/// # Safety
/// `code` must be a function of the guest, `trampoline` that of its signature, and `values` have
/// room for the parameters and for the results. No other call may be active on this thread.
pub unsafe fn enter(
    trampoline: Trampoline,
    code: *const Code,
    values: *mut [u64; 2],
) -> Result<(), Trap> {
    let thread = thread::current();
    // SAFETY: the stack was prepared by `stacks`, and no other call uses it.
    let result = unsafe {
        arch::enter(
            trampoline,
            code,
            values,
            thread.stack_top.load(Relaxed),
            &raw const thread.recovery,
            thread.own_area.load(Relaxed),
        )
    };
    thread.recovery.store(0, Relaxed);
    match result {
        0 => Ok(()),
        code => Err(Trap::from_code(code as u8).unwrap_or(Trap::Unreachable)),
    }
}

/// Leaves the guest with a trap. To be called by runtime functions that the guest has called.
#[cold]
pub fn raise(trap: Trap) -> ! {
    let recovery = thread::current().recovery.load(Relaxed);
    if recovery == 0 {
        output::fail("a trap while no guest runs");
    }
    remember(arch::registers());
    if trap != Trap::CallStackExhausted && aborts() {
        // From here, where the guest's frames are still those of this thread.
        report(trap);
    }
    // SAFETY: the call that set `recovery` is active.
    unsafe { arch::leave(recovery, usize::from(trap.code())) }
}

/// Leaves the guest with a trap whose text a number follows.
#[cold]
pub fn raise_with(trap: Trap, number: u32) -> ! {
    thread::current().tag.store(number as usize, Relaxed);
    raise(trap)
}

/// What writes something of a trap behind its text.
pub type Explain = fn(&mut Writer);

/// Leaves the guest because there is no room for an object. `explain` is called if the trap is
/// reported, so that only programs with a heap have it.
#[cold]
pub fn raise_exhausted(explain: Explain) -> ! {
    thread::current().tag.store(explain as usize, Relaxed);
    raise(Trap::HeapExhausted)
}

/// Leaves the guest because nothing catches an exception of the tag with this id.
#[cold]
pub fn raise_uncaught(tag: u32) -> ! {
    thread::current().tag.store(tag as usize, Relaxed);
    raise(Trap::UncaughtException)
}

/// Traps unless a runtime function's share of the guest's stack remains. To be called first, before
/// any effect, in every runtime function that the guest calls and that may need it.
#[inline]
pub fn ensure_headroom() {
    if arch::stack_pointer() < thread::current().headroom.load(Relaxed) {
        raise(Trap::CallStackExhausted);
    }
}

/// The end of the guest's stack.
pub fn stack_top() -> usize {
    thread::current().stack_top.load(Relaxed)
}

/// Prints a trap with a backtrace and ends the process. Of several threads that trap, one does.
#[cold]
#[inline(never)]
pub fn report(trap: Trap) -> ! {
    write_report(trap);
    if aborts() {
        abort();
    }
    process::exit(STATUS_TRAP)
}

/// Prints a trap with a backtrace. Of several threads that trap, one does; the others wait here for
/// the end of the process.
#[cold]
#[inline(never)]
fn write_report(trap: Trap) {
    if REPORTING.swap(1, Relaxed) != 0 {
        loop {
            futex::wait(&REPORTING, 1, None);
        }
    }
    let thread = thread::current();
    let mut text = Writer::new(Stream::Error);
    text.text(TRAP_PREFIX).text(trap.text());
    if trap == Trap::UncaughtException
        && let Some(name) = tag_name(program(), thread::current().tag.load(Relaxed))
    {
        text.text(" of tag `").escaped(name).text("`");
    }
    if matches!(trap, Trap::UnknownHandle | Trap::WrongHandleType) {
        text.text(" ");
        text.decimal(thread.tag.load(Relaxed) as u64);
    }
    if trap == Trap::HeapExhausted {
        // SAFETY: `raise_exhausted`, which alone raises this trap, has stored the function.
        let explain = unsafe { core::mem::transmute::<usize, Explain>(thread.tag.load(Relaxed)) };
        explain(&mut text);
    }
    text.text("\n");
    let registers = Registers {
        pc: thread.pc.load(Relaxed),
        sp: thread.sp.load(Relaxed),
        fp: thread.fp.load(Relaxed),
        lr: thread.lr.load(Relaxed),
    };
    let stack = thread.stack_low.load(Relaxed)..thread.stack_top.load(Relaxed);
    unwind::write_backtrace(&mut text, program(), registers, stack, detail());
    text.flush();
}

/// How much of a backtrace the user wants to see: what the variable `WASMC_BACKTRACE` says.
fn detail() -> Detail {
    match Process::this().and_then(|process| process.own_variable(BACKTRACE_VARIABLE)) {
        Some(b"0") => Detail::Nothing,
        Some(b"full") => Detail::Everything,
        _ => Detail::Ends,
    }
}

/// Whether SIGABRT ends the process after a trap. The first process of a PID namespace cannot send
/// itself a signal that would end it.
fn aborts() -> bool {
    ABORTS.load(Relaxed) && !process::is_init()
}

/// Decides how the process ends after a trap.
pub fn end_by(end: TrapEnd) {
    ABORTS.store(end == TrapEnd::Abort, Relaxed);
}

/// Sends SIGABRT to this thread. It ends the process at once or, in a signal handler, when that
/// returns; nothing happens if it is blocked.
fn abort() {
    signal::set_action(SIGABRT, Action::Default);
    signal::raise(SIGABRT);
}

/// Reports a trap in a signal handler and lets the process end by SIGABRT where the signal came as
/// soon as the handler returns: at the instruction that trapped, with its registers.
///
/// # Safety
/// `context` must be the third argument of the handler.
unsafe fn abort_in(trap: Trap, context: *mut usize) {
    write_report(trap);
    // Should the instruction trap once more, it is no trap of the guest's.
    thread::current().recovery.store(0, Relaxed);
    abort();
    // SAFETY: as the caller vouches.
    unsafe { signal::unblock_in(context, SIGABRT) };
}

/// Ends the program with a trap wherever a signal has come: in code of the guest, in a function of
/// the runtime, in a system call. To be called by a signal handler that then returns.
///
/// What a function of the runtime was about is left as it is: the report that follows needs
/// nothing of it, and after that the process ends.
///
/// # Safety
/// `context` must be the third argument of the handler.
pub unsafe fn interrupt(trap: Trap, context: *mut usize) {
    if REPORTING.load(Relaxed) != 0 {
        // Nobody reads what the report is writing.
        process::exit(STATUS_TRAP);
    }
    let recovery = thread::current().recovery.load(Relaxed);
    if recovery == 0 {
        // No guest runs: there is nothing to leave and no frame to show.
        report(trap);
    }
    // SAFETY: the context is the handler's, and the call that set `recovery` is active.
    unsafe {
        remember(arch::context_registers(context));
        if aborts() {
            abort_in(trap, context);
            return;
        }
        arch::context_leave(context, recovery, usize::from(trap.code()));
    }
}

/// Whether the time that the guest had for a request is over.
static EXPIRED: AtomicBool = AtomicBool::new(false);

/// Says whether the time that the guest had is over: what waits for it, and looks at this when a
/// signal has come, ends it then. For signal handlers too.
pub fn set_expired(expired: bool) {
    EXPIRED.store(expired, Relaxed);
}

/// Traps if the time is over. To be called where a wait was interrupted and nothing is held.
pub fn end_if_expired() {
    if EXPIRED.load(Relaxed) {
        raise(Trap::Interrupted);
    }
}

/// Whether a signal has come in code of the guest, which can be left at any instruction.
///
/// # Safety
/// `context` must be the third argument of the signal's handler.
pub unsafe fn is_in_guest(context: *const usize) -> bool {
    // SAFETY: as the caller vouches.
    let registers = unsafe { arch::context_registers(context) };
    let offset = registers.pc.wrapping_sub(TEXT.start.load(Relaxed));
    offset < TEXT.len.load(Relaxed) && thread::current().recovery.load(Relaxed) != 0
}

/// Reports a trap with a backtrace and goes on: the guest that trapped runs no more.
#[cold]
#[inline(never)]
pub fn log(trap: Trap) {
    write_report(trap);
    REPORTING.store(0, Relaxed);
}

/// Whether ending the program ends the call of the guest only.
static EXIT_TRAPS: AtomicBool = AtomicBool::new(false);

/// Lets [`exit`] end the call of the guest, not the process.
pub fn exit_traps() {
    EXIT_TRAPS.store(true, Relaxed);
}

/// Ends the program because the guest asks for it.
pub fn exit(status: i32) -> ! {
    if EXIT_TRAPS.load(Relaxed) {
        raise(Trap::Exited);
    }
    process::exit(status)
}

/// Ends the process as a signal does that nothing handles. To be called by the signal's handler,
/// which then returns.
pub fn end_by_signal(signal: i32) {
    signal::set_action(signal, Action::Default);
    if process::is_init() {
        process::exit(128 + signal);
    }
    signal::raise(signal);
}

/// The name of the tag with an id.
fn tag_name(program: &'static Program, id: usize) -> Option<&'static [u8]> {
    // SAFETY: the compiler has written these arrays.
    let (tags, names) = unsafe {
        let tags = program.tags.get().as_ref()?;
        (tags.get(), program.names.get())
    };
    let tag = tags.get(id.checked_sub(1)?)?;
    let name = names.get(tag.name as usize..)?;
    name.get(..tag.name_len as usize)
}

/// Remembers where a trap happened.
fn remember(registers: Registers) {
    let thread = thread::current();
    thread.pc.store(registers.pc, Relaxed);
    thread.sp.store(registers.sp, Relaxed);
    thread.fp.store(registers.fp, Relaxed);
    thread.lr.store(registers.lr, Relaxed);
}

/// SIGSEGV, SIGBUS, SIGILL, SIGFPE. Allocates nothing, locks nothing.
unsafe extern "C" fn on_fault(signal: i32, info: *const signal::SignalInfo, context: *mut usize) {
    // SAFETY: the kernel passes valid pointers to a handler with SA_SIGINFO.
    let (code, address, registers) = unsafe {
        (
            (*info).code,
            (*info).address,
            arch::context_registers(context),
        )
    };
    let recovery = thread::current().recovery.load(Relaxed);
    if code > 0
        && recovery != 0
        && let Some(trap) = classify(signal, address, registers.pc)
    {
        remember(registers);
        if aborts() {
            // SAFETY: the context is this handler's.
            unsafe { abort_in(trap, context) };
            return;
        }
        // SAFETY: the call that set `recovery` is active.
        unsafe { arch::context_leave(context, recovery, usize::from(trap.code())) };
        return;
    }
    if signal == SIGILL && recovery == 0 {
        cpu::explain(program());
    }
    // Not ours. What the CPU or the kernel made happens again as soon as this handler returns;
    // what a process sent has to be sent again.
    if code > 0 {
        signal::set_action(signal, Action::Default);
    } else {
        end_by_signal(signal);
    }
}

/// SIGTERM and SIGINT of the first process of a container, which nothing ends by default.
unsafe extern "C" fn on_end(signal: i32, _: *const signal::SignalInfo, _: *mut usize) {
    process::exit(128 + signal)
}

/// The trap that a fault is: its instruction stands in the trap table, or its address lies in the
/// guard of the guest's stack.
fn classify(signal: i32, address: usize, pc: usize) -> Option<Trap> {
    let low = thread::current().stack_low.load(Relaxed);
    if signal == SIGSEGV && stacks::is_guard(address, low) {
        return Some(Trap::CallStackExhausted);
    }
    let offset = pc.wrapping_sub(TEXT.start.load(Relaxed));
    if offset >= TEXT.len.load(Relaxed) {
        return None;
    }
    let program = program();
    // SAFETY: the compiler has written these arrays.
    let (offsets, codes) = unsafe { (program.trap_offsets.get(), program.trap_codes.get()) };
    let at = offsets.binary_search(&(offset as u32)).ok()?;
    Trap::from_code(*codes.get(at)?)
}
