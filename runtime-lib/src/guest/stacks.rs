//! Where do the guest, the runtime and signal handlers have their stacks?

use super::thread::{self, Thread};
use crate::boot::image::guarded_segment;
use crate::boot::process::{AT_MINSIGSTKSZ, Process};
use crate::output;
use crate::sys::mm::{self, Access, page_size};
use crate::sys::signal;
use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use rustix::io::Errno;
use wasmc_abi::layout::{IMAGE_STACK, Program};

/// Stack that a runtime function may use.
const HEADROOM: usize = 64 * 1024;
/// Least bytes of a stack.
const LEAST_STACK: usize = *IMAGE_STACK.start() as usize;
const _: () = assert!(LEAST_STACK >= 2 * HEADROOM);
/// Bytes without access below the guest's stack: more than any function touches at once below its
/// stack pointer (compiled code touches every page of a larger frame).
const GUARD: usize = 64 * 1024;
/// What the handlers themselves need of a signal stack.
const HANDLER_STACK: usize = 16 * 1024;

/// Bytes of the stack of signal handlers.
#[cfg_attr(not(test), unsafe(link_section = ".bss.wasmc.runtime"))]
static HANDLERS: AtomicUsize = AtomicUsize::new(0);

/// Gives the thread that the program starts with its stacks, or ends the process.
pub fn init(program: &'static Program, process: &Process) {
    let least = process.auxiliary(AT_MINSIGSTKSZ).unwrap_or(2048);
    HANDLERS.store(least + HANDLER_STACK, Relaxed);
    let stacks = Stacks::of_image(program, process);
    let Some(stacks) = stacks.or_else(|| Stacks::map(program.stack_size, 0, 0).ok()) else {
        stack_failure(program.stack_size)
    };
    // SAFETY: the memory above the guest's stack serves nothing else.
    unsafe { signal::set_alternate_stack(stacks.handlers as *mut u8, handler_stack()) };
    stacks.remember(thread::current());
}

/// Whether an address lies in the guard of the guest's stack whose lowest byte is `low`.
pub fn is_guard(address: usize, low: usize) -> bool {
    address < low && address >= low.saturating_sub(GUARD)
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
        let first = guarded_segment(process, low)?;
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
