//! Instantiation, and the life of memories: reservation, initial contents, growth.

use crate::boot::start::{page_size, program, trampoline};
use crate::guest::{thread, trap};
use crate::output::{self, Writer};
use crate::store::table;
use crate::sys::lock::Lock;
use crate::sys::mm::{self, Access};
use crate::sys::process;
use crate::{confine, mem};
use core::sync::atomic::{AtomicU64, Ordering};
use rustix::io::Errno;
use wasmc_abi::layout::{InitStep, InitStepKind, Instance, MemoryState, TableState};
use wasmc_abi::traps::Trap;

/// Bytes of an image from which its pages are moved rather than copied. Measured: with 64 KiB,
/// moving saves 16 µs if the program writes to none of them and costs 7 µs if it writes to all.
const MOVE_THRESHOLD: usize = 64 * 1024;

/// Why an instance could not be made.
#[derive(Clone, Copy)]
pub enum Failure {
    /// An active segment or the start function trapped.
    Trap(Trap),
    /// An imported memory or table is smaller than required.
    Unlinkable(&'static str),
    /// The system does not give what is needed.
    Exhausted(Shortage),
}

/// What the system does not give.
#[derive(Clone, Copy)]
pub struct Shortage {
    /// Where.
    pub address: usize,
    /// How much.
    pub bytes: usize,
    /// Whether it is address space without access.
    pub reservation: bool,
    /// The system's answer.
    pub errno: Errno,
}

/// Carries out the steps of an instance, in order. What was done before a failure stays done.
pub fn instantiate(instance: &'static Instance) -> Result<(), Failure> {
    let block = thread::current().block.load(Ordering::Relaxed);
    // SAFETY: the compiler has written these steps.
    for step in unsafe { instance.steps.get::<InitStep>() } {
        // SAFETY: as above, and nothing runs at the same time.
        unsafe { carry_out(step, block)? };
    }
    Ok(())
}

/// Creates and fills an instance's tables for a thread that is to start. Memories are shared, and
/// were initialised when the program started.
///
/// # Safety
/// `block` must be the thread's, and nothing use it.
pub unsafe fn make_tables(instance: &'static Instance, block: usize) -> Result<(), Errno> {
    // SAFETY: the compiler has written these steps.
    for step in unsafe { instance.steps.get::<InitStep>() } {
        let is_table = step.kind == InitStepKind::CreateTable as u32
            || step.kind == InitStepKind::InitTable as u32;
        // SAFETY: as above and as the caller vouches.
        if is_table && let Err(failure) = unsafe { carry_out(step, block) } {
            return Err(match failure {
                Failure::Exhausted(shortage) => shortage.errno,
                // The same steps have succeeded when the program started.
                Failure::Trap(_) | Failure::Unlinkable(_) => Errno::NOMEM,
            });
        }
    }
    Ok(())
}

/// Calls an instance's start function on a new thread.
pub fn start_in_thread(instance: &'static Instance) -> Result<(), Trap> {
    // SAFETY: the compiler has written these steps.
    for step in unsafe { instance.steps.get::<InitStep>() } {
        if step.kind == InitStepKind::Call as u32 && step.a == 0 {
            // SAFETY: as above.
            unsafe { call(step)? };
        }
    }
    Ok(())
}

/// # Safety
/// `step` must be a call as the compiler has written it.
unsafe fn call(step: &'static InitStep) -> Result<(), Trap> {
    // SAFETY: as the caller vouches.
    unsafe { trap::enter(trampoline(&step.source), step.target.get(), &mut [0; 2]) }
}

/// # Safety
/// `step` must be as the compiler has written it, and nothing of the guest may run that uses what
/// it concerns; `block` must be that of the thread whose tables are meant.
unsafe fn carry_out(step: &'static InitStep, block: usize) -> Result<(), Failure> {
    let memory = step.target.get().cast_mut().cast::<MemoryState>();
    let table = thread::own(step.target.get(), block).cast::<TableState>();
    let source = step.source.get();
    let len = step.len as usize;
    // SAFETY: the kind says what `target` and `source` refer to; the states are writable, and no
    // other reference to them exists.
    unsafe {
        match step.kind {
            kind if kind == InitStepKind::CheckMemory as u32 => {
                if (*memory).size < step.a {
                    return Err(Failure::Unlinkable("memory"));
                }
            }
            kind if kind == InitStepKind::CheckTable as u32 => {
                if (*table).size < step.a {
                    return Err(Failure::Unlinkable("table"));
                }
            }
            kind if kind == InitStepKind::CreateMemory as u32 => {
                create(&mut *memory, step.a as usize).map_err(Failure::Exhausted)?;
            }
            kind if kind == InitStepKind::PlaceImage as u32 => {
                let target = (*memory).base as usize + step.a as usize;
                place_image(source, target, len).map_err(Failure::Exhausted)?;
            }
            kind if kind == InitStepKind::CreateTable as u32 => {
                table::create(&mut *table, step.a, step.b).map_err(Failure::Exhausted)?;
            }
            kind if kind == InitStepKind::InitMemory as u32 => {
                let end = step.a.checked_add(u64::from(step.len));
                if end.is_none_or(|end| end > (*memory).size) {
                    return Err(Failure::Trap(Trap::MemoryOutOfBounds));
                }
                let target = (*memory).base as usize + step.a as usize;
                mem::memcpy(target as *mut u8, source, len);
            }
            kind if kind == InitStepKind::InitTable as u32 => {
                let end = step.a.checked_add(u64::from(step.len));
                if end.is_none_or(|end| end > (*table).size) {
                    return Err(Failure::Trap(Trap::TableOutOfBounds));
                }
                let target = table::elements(&*table).add(step.a as usize);
                mem::memcpy(target.cast(), source, len * 8);
            }
            kind if kind == InitStepKind::Call as u32 => {
                confine::enforce();
                call(step).map_err(Failure::Trap)?;
            }
            _ => output::fail("unknown step of instantiation"),
        }
    }
    Ok(())
}

/// Maps a memory's first `size` bytes and reserves the rest of its slot.
fn create(memory: &mut MemoryState, size: usize) -> Result<(), Shortage> {
    let base = memory.base as usize;
    let reservation = memory.reservation as usize;
    let accessible = size.next_multiple_of(page_size());
    // Two mappings: to make a part of one accessible takes the kernel longer.
    if reservation > accessible {
        let (rest, len) = (base + accessible, reservation - accessible);
        mm::map_at(rest, len, Access::None).map_err(|errno| Shortage {
            address: base,
            bytes: reservation,
            reservation: true,
            errno,
        })?;
    }
    if accessible > 0 {
        mm::map_at(base, accessible, Access::ReadWrite).map_err(|errno| Shortage {
            address: base,
            bytes: size,
            reservation: false,
            errno,
        })?;
    }
    memory.size = size as u64;
    Ok(())
}

/// Where a memory lies.
#[derive(Clone, Copy)]
struct Place {
    base: usize,
    /// Whether its addresses are reserved; otherwise pages are mapped as it grows.
    is_reserved: bool,
}

/// Makes the bytes from `old` to `new` of a memory accessible.
fn make_accessible(place: Place, old: usize, new: usize) -> Result<(), Errno> {
    let page = page_size();
    let base = place.base;
    let up = |bytes: usize| bytes.checked_next_multiple_of(page).ok_or(Errno::NOMEM);
    let (old, new) = (up(old)?, up(new)?);
    if new <= old {
        return Ok(());
    }
    if place.is_reserved {
        // SAFETY: the range lies in the memory's own reservation.
        unsafe { mm::protect(base + old, new - old, Access::ReadWrite) }
    } else {
        mm::map_at(base + old, new - old, Access::ReadWrite)
    }
}

/// Puts an image into a memory: by moving its pages when that is cheaper and possible.
///
/// # Safety
/// The bytes from `target` must belong to an accessible memory; `source` must not be used again.
unsafe fn place_image(source: *const u8, target: usize, len: usize) -> Result<(), Shortage> {
    let aligned = (source as usize | target | len).is_multiple_of(page_size());
    // SAFETY: as the caller vouches.
    unsafe {
        if len >= MOVE_THRESHOLD && aligned {
            if mm::move_pages(source as usize, target, len).is_ok() {
                return mm::protect(target, len, Access::ReadWrite).map_err(|errno| Shortage {
                    address: target,
                    bytes: len,
                    reservation: false,
                    errno,
                });
            }
            // A system that cannot move pages may have unmapped the target before it found out.
            mm::replace(target, len).map_err(|errno| Shortage {
                address: target,
                bytes: len,
                reservation: false,
                errno,
            })?;
        }
        mem::memcpy(target as *mut u8, source, len);
    }
    Ok(())
}

/// Grows a memory by `delta` pages: the old size in pages, or -1.
///
/// # Safety
/// `memory` must be the state of an instantiated memory.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn wasmc_memory_grow(memory: *mut MemoryState, delta: i64) -> i64 {
    static GROWING: Lock<()> = Lock::new(());
    trap::ensure_headroom();
    GROWING.with(|()| {
        // SAFETY: as the caller vouches. Only the size changes, and only here; other threads read
        // it meanwhile.
        let (place, size) = unsafe {
            let place = Place {
                base: (*memory).base as usize,
                is_reserved: (*memory).reservation > 0,
            };
            (place, AtomicU64::from_ptr(&raw mut (*memory).size))
        };
        // SAFETY: these never change.
        let (page_log2, max) = unsafe { ((*memory).page_log2, (*memory).max) };
        let old = size.load(Ordering::Relaxed);
        let old_pages = (old >> page_log2) as i64;
        if delta == 0 {
            return old_pages;
        }
        let Some(new) = grown(old, delta as u64, page_log2, max) else {
            return -1;
        };
        if make_accessible(place, old as usize, new as usize).is_err() {
            return -1;
        }
        // Whoever sees the new size may use what it covers.
        size.store(new, Ordering::Release);
        old_pages
    })
}

/// The size in bytes after growth by `delta` pages, if it is allowed.
fn grown(size: u64, delta: u64, page_log2: u32, max: u64) -> Option<u64> {
    let delta_bytes = delta.checked_mul(1u64.checked_shl(page_log2)?)?;
    size.checked_add(delta_bytes).filter(|&new| new <= max)
}

/// Says why an instance could not be made, and ends the process.
#[cold]
#[inline(never)]
pub fn report(instance: &'static Instance, failure: Failure) -> ! {
    let what = match failure {
        Failure::Trap(trap) => trap::report(trap),
        Failure::Unlinkable(what) => what,
        Failure::Exhausted(shortage) => explain(shortage),
    };
    // SAFETY: the compiler has written this array.
    let names = unsafe { program().names.get::<u8>() };
    let name = names
        .get(instance.name as usize..)
        .and_then(|name| name.get(..instance.name_len as usize))
        .unwrap_or_default();
    let mut line = output::error();
    line.text("cannot instantiate ");
    if name.is_empty() {
        line.text("the module");
    } else {
        line.text("`").escaped(name).text("`");
    }
    line.text(": the imported ")
        .text(what)
        .text(" is smaller than required")
        .exit()
}

/// Names the limit that stands in the way and what helps, and ends the process.
#[cold]
#[inline(never)]
fn explain(shortage: Shortage) -> ! {
    let mut line = output::error();
    let bytes = shortage.bytes as u64;
    if shortage.reservation {
        line.text("cannot reserve ")
            .decimal(bytes >> 20)
            .text(" MiB of address space for a memory");
    } else {
        line.text("cannot get ")
            .decimal(bytes >> 10)
            .text(" KiB of memory");
    }
    if shortage.errno == Errno::EXIST {
        line.text(": something else is mapped at 0x")
            .hexadecimal(shortage.address as u64);
        if shortage.reservation {
            line.text(" or above; compile with `--bounds-checks`");
        }
        line.exit();
    }
    let limit = |line: &mut Writer, name: &str, flag: &str, limit: u64| {
        line.text(": the limit is ")
            .decimal(limit >> 10)
            .text(" KiB (")
            .text(name);
        line.text("); raise it with `ulimit ")
            .text(flag)
            .text(" unlimited`");
    };
    if let Some(bytes) = process::address_space_limit() {
        limit(&mut line, "RLIMIT_AS", "-v", bytes);
    } else if let (Some(bytes), false) = (process::data_limit(), shortage.reservation) {
        limit(&mut line, "RLIMIT_DATA", "-d", bytes);
    } else {
        line.text(": the system answered with error ");
        line.decimal(u64::from(shortage.errno.raw_os_error().unsigned_abs()));
    }
    if shortage.reservation {
        line.text(", or compile with `--bounds-checks`");
    }
    line.exit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_up_to_the_maximum() {
        assert_eq!(grown(0x10000, 1, 16, 0x20000), Some(0x20000));
        assert_eq!(grown(0x10000, 2, 16, 0x20000), None);
        assert_eq!(grown(0x10000, u64::MAX, 16, u64::MAX), None);
        assert_eq!(
            grown(0x10000, 1 << 47, 16, u64::MAX),
            Some((1 << 63) + 0x10000)
        );
        assert_eq!(grown(u64::MAX - 1, 2, 0, u64::MAX), None);
        assert_eq!(grown(3, 2, 0, 5), Some(5));
    }
}
