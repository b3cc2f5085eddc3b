//! Entering the guest, and leaving it by a trap.
//!
//! Guest code runs on a stack of its own. A trap is left from the signal handler, which makes the
//! interrupted program continue in [`arch::leave`], or from a runtime function by [`raise`]. Either
//! way [`enter`] returns, and the guest's stack still holds the frames for a backtrace.

use crate::arch::{self, Registers};
use crate::output::{self, Stream, Writer};
use crate::start::{self, Process, page_size, program};
use crate::sys::mm::{self, Access};
use crate::sys::process;
use crate::sys::signal::{
    self, Action, SIGBUS, SIGFPE, SIGILL, SIGINT, SIGPIPE, SIGSEGV, SIGTERM, SIGXFSZ,
};
use crate::unwind;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use wasmc_abi::layout::{Program, RelSlice, STATUS_TRAP, TRAP_PREFIX, TagRecord, Trampoline};
use wasmc_abi::traps::Trap;

/// Stack that a runtime function may use.
const HEADROOM: usize = 64 * 1024;
/// Bytes without access below the guest's stack: more than any function touches at once below its
/// stack pointer (compiled code touches every page of a larger frame).
const GUARD: usize = 64 * 1024;
/// Auxiliary vector entry: what the kernel puts on a signal stack, at least.
const AT_MINSIGSTKSZ: usize = 51;
/// What the handlers themselves need of a signal stack.
const HANDLER_STACK: usize = 16 * 1024;

/// What the handler and the landing need to know; all zero when no guest runs.
struct State {
    /// Guest code.
    text_start: AtomicUsize,
    text_len: AtomicUsize,
    /// Lowest byte of the guest's stack; its guard lies below.
    stack_low: AtomicUsize,
    /// End of the guest's stack.
    stack_top: AtomicUsize,
    /// Stack pointer at which a runtime function has too little stack left.
    headroom: AtomicUsize,
    /// See [`arch::enter`]; 0 when no guest runs.
    recovery: AtomicUsize,
    /// Where the last trap happened.
    pc: AtomicUsize,
    sp: AtomicUsize,
    fp: AtomicUsize,
    lr: AtomicUsize,
    /// The id of the tag of the exception that nothing caught last.
    tag: AtomicUsize,
}

// With the data that every program touches, not among large zeros.
#[cfg_attr(not(test), unsafe(link_section = ".data.wasmc.runtime"))]
static STATE: State = State {
    text_start: AtomicUsize::new(0),
    text_len: AtomicUsize::new(0),
    stack_low: AtomicUsize::new(0),
    stack_top: AtomicUsize::new(0),
    headroom: AtomicUsize::new(0),
    recovery: AtomicUsize::new(0),
    pc: AtomicUsize::new(0),
    sp: AtomicUsize::new(0),
    fp: AtomicUsize::new(0),
    lr: AtomicUsize::new(0),
    tag: AtomicUsize::new(0),
};

/// Whether a trap is being reported.
#[cfg_attr(not(test), unsafe(link_section = ".data.wasmc.runtime"))]
static REPORTING: AtomicBool = AtomicBool::new(false);

/// Maps the stacks and installs the handlers.
pub fn init(program: &'static Program, process: &Process) {
    STATE
        .text_start
        .store(program.text.ptr.get() as usize, Relaxed);
    STATE.text_len.store(program.text.len as usize, Relaxed);
    map_stacks(program.stack_size, process);
    // What these tell, the guest is told by an errno.
    for told in [SIGPIPE, SIGXFSZ] {
        signal::set_action(told, Action::Ignore);
    }
    for fault in [SIGSEGV, SIGBUS, SIGILL, SIGFPE] {
        signal::set_action(fault, Action::Handle(on_fault));
    }
    if process::is_init() {
        for end in [SIGTERM, SIGINT] {
            if !signal::is_ignored(end) {
                signal::set_action(end, Action::Handle(on_end));
            }
        }
    }
}

/// Calls a function of the guest, on its stack.
///
/// # Safety
/// `code` must be a function of the guest, `trampoline` that of its signature, and `values` have
/// room for the parameters and for the results. No other call may be active.
pub unsafe fn enter(
    trampoline: Trampoline,
    code: *const u8,
    values: *mut [u64; 2],
) -> Result<(), Trap> {
    // SAFETY: the stack was mapped by `init`, and no other call uses it.
    let result = unsafe {
        arch::enter(
            trampoline,
            code,
            values,
            STATE.stack_top.load(Relaxed),
            &raw const STATE.recovery,
        )
    };
    STATE.recovery.store(0, Relaxed);
    match result {
        0 => Ok(()),
        code => Err(Trap::from_code(code as u8).unwrap_or(Trap::Unreachable)),
    }
}

/// Leaves the guest with a trap. To be called by runtime functions that the guest has called.
#[cold]
pub fn raise(trap: Trap) -> ! {
    let recovery = STATE.recovery.load(Relaxed);
    if recovery == 0 {
        output::fail("a trap while no guest runs");
    }
    remember(arch::registers());
    // SAFETY: the call that set `recovery` is active.
    unsafe { arch::leave(recovery, usize::from(trap.code())) }
}

/// Leaves the guest because nothing catches an exception of the tag with this id.
#[cold]
pub fn raise_uncaught(tag: u32) -> ! {
    STATE.tag.store(tag as usize, Relaxed);
    raise(Trap::UncaughtException)
}

/// Traps unless a runtime function's share of the guest's stack remains. To be called first, before
/// any effect, in every runtime function that the guest calls and that may need it.
#[inline]
pub fn ensure_headroom() {
    if arch::stack_pointer() < STATE.headroom.load(Relaxed) {
        raise(Trap::CallStackExhausted);
    }
}

/// The end of the guest's stack.
pub fn stack_top() -> usize {
    STATE.stack_top.load(Relaxed)
}

/// Prints a trap with a backtrace and ends the process.
#[cold]
#[inline(never)]
pub fn report(trap: Trap) -> ! {
    REPORTING.store(true, Relaxed);
    let mut text = Writer::new(Stream::Error);
    text.text(TRAP_PREFIX).text(trap.text());
    if trap == Trap::UncaughtException
        && let Some(name) = tag_name(program(), STATE.tag.load(Relaxed))
    {
        text.text(" of tag `").escaped(name).text("`");
    }
    text.text("\n");
    let registers = Registers {
        pc: STATE.pc.load(Relaxed),
        sp: STATE.sp.load(Relaxed),
        fp: STATE.fp.load(Relaxed),
        lr: STATE.lr.load(Relaxed),
    };
    let stack = STATE.stack_low.load(Relaxed)..STATE.stack_top.load(Relaxed);
    unwind::write_backtrace(&mut text, program(), registers, stack);
    text.flush();
    process::exit(STATUS_TRAP)
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
    if REPORTING.load(Relaxed) {
        // Nobody reads what the report is writing.
        process::exit(STATUS_TRAP);
    }
    let recovery = STATE.recovery.load(Relaxed);
    if recovery == 0 {
        // No guest runs: there is nothing to leave and no frame to show.
        report(trap);
    }
    // SAFETY: the context is the handler's, and the call that set `recovery` is active.
    unsafe {
        remember(arch::context_registers(context));
        arch::context_leave(context, recovery, usize::from(trap.code()));
    }
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
        let tags = program.tags.get().cast::<RelSlice>().as_ref()?;
        (tags.get::<TagRecord>(), program.names.get::<u8>())
    };
    let tag = tags.get(id.checked_sub(1)?)?;
    let name = names.get(tag.name as usize..)?;
    name.get(..tag.name_len as usize)
}

/// Remembers where a trap happened.
fn remember(registers: Registers) {
    STATE.pc.store(registers.pc, Relaxed);
    STATE.sp.store(registers.sp, Relaxed);
    STATE.fp.store(registers.fp, Relaxed);
    STATE.lr.store(registers.lr, Relaxed);
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
    let recovery = STATE.recovery.load(Relaxed);
    if code > 0
        && recovery != 0
        && let Some(trap) = classify(signal, address, registers.pc)
    {
        remember(registers);
        // SAFETY: the call that set `recovery` is active.
        unsafe { arch::context_leave(context, recovery, usize::from(trap.code())) };
        return;
    }
    if signal == SIGILL && recovery == 0 {
        start::explain_cpu(program());
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
    let low = STATE.stack_low.load(Relaxed);
    if signal == SIGSEGV && address < low && address >= low.saturating_sub(GUARD) {
        return Some(Trap::CallStackExhausted);
    }
    let offset = pc.wrapping_sub(STATE.text_start.load(Relaxed));
    if offset >= STATE.text_len.load(Relaxed) {
        return None;
    }
    let program = program();
    // SAFETY: the compiler has written these arrays.
    let (offsets, codes) = unsafe {
        (
            program.trap_offsets.get::<u32>(),
            program.trap_codes.get::<u8>(),
        )
    };
    let at = offsets.binary_search(&(offset as u32)).ok()?;
    Trap::from_code(*codes.get(at)?)
}

/// Maps the guest's stack and, above it, that of the signal handlers:
///
/// ```text
/// | guard | guest's stack | handlers' stack |
/// ```
fn map_stacks(bytes: u64, process: &Process) {
    let page = page_size();
    let up = |bytes: usize| bytes.checked_next_multiple_of(page);
    let handlers = process.auxiliary(AT_MINSIGSTKSZ).unwrap_or(2048) + HANDLER_STACK;
    let guard = GUARD.next_multiple_of(page);
    let mapped = usize::try_from(bytes).ok().and_then(|bytes| {
        let size = up(bytes.max(2 * HEADROOM))?;
        let accessible = size.checked_add(up(handlers)?)?;
        let low = mm::map_stack(accessible.checked_add(guard)?).ok()? + guard;
        // SAFETY: the pages were just mapped, and nothing uses them.
        unsafe { mm::protect(low, accessible, Access::ReadWrite).ok()? };
        Some((low, low + size))
    });
    let Some((low, top)) = mapped else {
        stack_failure(bytes)
    };
    // SAFETY: the memory above the guest's stack serves nothing else.
    unsafe { signal::set_alternate_stack(top as *mut u8, handlers) };
    STATE.stack_low.store(low, Relaxed);
    STATE.stack_top.store(top, Relaxed);
    STATE.headroom.store(low + HEADROOM, Relaxed);
}

#[cold]
#[inline(never)]
fn stack_failure(bytes: u64) -> ! {
    output::error()
        .text("cannot map a stack of ")
        .decimal(bytes)
        .text(" bytes; raise the limits (`ulimit -v`, `ulimit -d`) or compile with a smaller `--stack-size`")
        .exit()
}
