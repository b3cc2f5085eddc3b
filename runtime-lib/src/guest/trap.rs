//! Entering the guest, and leaving it by a trap.
//!
//! Guest code runs on a stack of its own. A trap is left from the signal handler, which makes the
//! interrupted program continue in [`arch::leave`], or from a runtime function by [`raise`]. Either
//! way [`enter`] returns, and the guest's stack still holds the frames for a backtrace.

use crate::arch::{self, Registers};
use crate::boot::start::{self, Process, page_size, program};
use crate::guest::thread::{self, Thread};
use crate::guest::unwind;
use crate::output::{self, Stream, Writer};
use crate::sys::mm::{self, Access};
use crate::sys::signal::{
    self, Action, SIGBUS, SIGFPE, SIGILL, SIGINT, SIGPIPE, SIGSEGV, SIGTERM, SIGXFSZ,
};
use crate::sys::{futex, process};
use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicU32, AtomicUsize, Ordering::Relaxed};
use rustix::io::Errno;
use wasmc_abi::layout::{
    IMAGE_STACK, Program, RelSlice, STATUS_TRAP, TRAP_PREFIX, TagRecord, Trampoline, program_flags,
};
use wasmc_abi::traps::Trap;

/// Stack that a runtime function may use.
const HEADROOM: usize = 64 * 1024;
/// Least bytes of a stack.
const LEAST_STACK: usize = *IMAGE_STACK.start() as usize;
const _: () = assert!(LEAST_STACK >= 2 * HEADROOM);
/// Bytes without access below the guest's stack: more than any function touches at once below its
/// stack pointer (compiled code touches every page of a larger frame).
const GUARD: usize = 64 * 1024;
/// Auxiliary vector entry: what the kernel puts on a signal stack, at least.
const AT_MINSIGSTKSZ: usize = 51;
/// What the handlers themselves need of a signal stack.
const HANDLER_STACK: usize = 16 * 1024;

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
/// Bytes of the stack of signal handlers.
#[cfg_attr(not(test), unsafe(link_section = ".bss.wasmc.runtime"))]
static HANDLERS: AtomicUsize = AtomicUsize::new(0);
/// Whether a trap is being reported.
#[cfg_attr(not(test), unsafe(link_section = ".bss.wasmc.runtime"))]
static REPORTING: AtomicU32 = AtomicU32::new(0);

/// Maps the stacks and installs the handlers.
pub fn init(program: &'static Program, process: &Process) {
    TEXT.start.store(program.text.ptr.get() as usize, Relaxed);
    TEXT.len.store(program.text.len as usize, Relaxed);
    let least = process.auxiliary(AT_MINSIGSTKSZ).unwrap_or(2048);
    HANDLERS.store(least + HANDLER_STACK, Relaxed);
    let stacks = Stacks::of_image(program, process);
    let Some(stacks) = stacks.or_else(|| Stacks::map(program.stack_size, 0, 0).ok()) else {
        stack_failure(program.stack_size)
    };
    // SAFETY: the memory above the guest's stack serves nothing else.
    unsafe { signal::set_alternate_stack(stacks.handlers as *mut u8, handler_stack()) };
    stacks.remember(thread::current());
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
    code: *const u8,
    values: *mut [u64; 2],
) -> Result<(), Trap> {
    let thread = thread::current();
    // SAFETY: the stack was mapped by `Stacks::map`, and no other call uses it.
    let result = unsafe {
        arch::enter(
            trampoline,
            code,
            values,
            thread.stack_top.load(Relaxed),
            &raw const thread.recovery,
            thread.block.load(Relaxed),
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
    // SAFETY: the call that set `recovery` is active.
    unsafe { arch::leave(recovery, usize::from(trap.code())) }
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
    text.text("\n");
    let registers = Registers {
        pc: thread.pc.load(Relaxed),
        sp: thread.sp.load(Relaxed),
        fp: thread.fp.load(Relaxed),
        lr: thread.lr.load(Relaxed),
    };
    let stack = thread.stack_low.load(Relaxed)..thread.stack_top.load(Relaxed);
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
    let low = thread::current().stack_low.load(Relaxed);
    if signal == SIGSEGV && address < low && address >= low.saturating_sub(GUARD) {
        return Some(Trap::CallStackExhausted);
    }
    let offset = pc.wrapping_sub(TEXT.start.load(Relaxed));
    if offset >= TEXT.len.load(Relaxed) {
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

/// Bytes of the stack of signal handlers.
pub fn handler_stack() -> usize {
    HANDLERS.load(Relaxed)
}

/// The stacks of a thread, in one mapping:
///
/// ```text
/// | guard | guest's stack | our stack | handlers' stack | extra |
/// ```
pub struct Stacks {
    /// Address and bytes of the mapping.
    pub mapping: usize,
    pub mapped: usize,
    /// Lowest byte and end of the guest's stack.
    low: usize,
    top: usize,
    /// End of our stack.
    pub our_top: usize,
    /// Lowest byte of the handlers' stack, of [`handler_stack`] bytes.
    pub handlers: usize,
    /// What follows.
    pub extra: usize,
}

/// Bytes of the image for the stack of signal handlers.
const IMAGE_HANDLERS: usize = 32 * 1024;

/// Memory for a stack.
#[repr(C, align(16))]
struct StackBytes<const BYTES: usize>(UnsafeCell<[u8; BYTES]>);

// SAFETY: only its address is taken.
unsafe impl<const BYTES: usize> Sync for StackBytes<BYTES> {}

static HANDLERS_STACK: StackBytes<IMAGE_HANDLERS> =
    StackBytes(UnsafeCell::new([0; IMAGE_HANDLERS]));

impl Stacks {
    /// The stacks in the image, for the thread that the program starts with: neither system calls
    /// nor mappings of their own. `None` if the image has none, or if what lies below the guest's
    /// could be written.
    fn of_image(program: &'static Program, process: &Process) -> Option<Stacks> {
        if program.stack.is_null() || handler_stack() > IMAGE_HANDLERS {
            return None;
        }
        let low = program.stack.get() as usize;
        let first = start::guarded_segment(process, low)?;
        let top = program.state.place.get() as usize;
        if top.checked_sub(low)? < program.stack_size as usize {
            return None;
        }
        Some(Stacks {
            mapping: 0,
            mapped: 0,
            low: first,
            top,
            our_top: top,
            handlers: HANDLERS_STACK.0.get() as usize,
            extra: 0,
        })
    }

    /// Maps stacks: the guest's of `bytes` bytes, ours of `our` bytes, and `extra` bytes.
    pub fn map(bytes: u64, our: usize, extra: usize) -> Result<Stacks, Errno> {
        let page = page_size();
        let up = |bytes: usize| bytes.checked_next_multiple_of(page).ok_or(Errno::NOMEM);
        let add = |a: usize, b: usize| a.checked_add(b).ok_or(Errno::NOMEM);
        let guard = GUARD.next_multiple_of(page);
        let bytes = usize::try_from(bytes).map_err(|_| Errno::NOMEM)?;
        let size = up(bytes.max(LEAST_STACK))?;
        let handlers = up(handler_stack())?;
        let accessible = add(add(size, up(our)?)?, add(handlers, up(extra)?)?)?;
        let mapped = add(guard, accessible)?;
        let mapping = mm::map_stack(mapped)?;
        let low = mapping + guard;
        // SAFETY: the pages were just mapped, and nothing uses them.
        unsafe {
            if let Err(errno) = mm::protect(low, accessible, Access::ReadWrite) {
                mm::unmap(mapping, mapped);
                return Err(errno);
            }
        }
        let top = low + size;
        let our_top = top + up(our)?;
        Ok(Stacks {
            mapping,
            mapped,
            low,
            top,
            our_top,
            handlers: our_top,
            extra: our_top + handlers,
        })
    }

    /// Makes the guest's stack that of a thread.
    pub fn remember(&self, thread: &Thread) {
        thread.stack_low.store(self.low, Relaxed);
        thread.stack_top.store(self.top, Relaxed);
        thread.headroom.store(self.low + HEADROOM, Relaxed);
    }
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
