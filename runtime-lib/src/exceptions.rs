//! Exceptions: the walk from a `throw` to the handler, and payloads that outlive it.

use crate::start::{page_size, program};
use crate::sys::mm::{self, Access};
use crate::{arch, mem, output, trap};
use wasmc_abi::layout::{ExceptionPool, LandingRecord, RelSlice, SLOT_SIZE};
use wasmc_abi::traps::Trap;

/// Bytes of a unit of the pool.
const UNIT: u64 = 16;
/// The pool is mapped in multiples of this, or of a page if that is larger.
const CHUNK: u64 = 64 * 1024;

/// Throws an exception out of the function whose frame pointer is `frame`: goes on in the handler
/// of the nearest call in progress that has one, or traps.
///
/// Frames between are dropped as they are: compiled code expects nothing in any register when a
/// handler runs, and no function of the runtime is among them.
///
/// # Safety
/// Must be called by compiled code, with its own frame pointer.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn wasmc_throw(exception: u64, frame: *const [usize; 2]) -> ! {
    trap::ensure_headroom();
    let program = program();
    let text = program.text.ptr.get() as usize;
    let mut frame = frame;
    // SAFETY: compiled code keeps frame pointers, each to that of the caller and the return
    // address; the outermost function of the guest returns to the runtime. The records are as the
    // compiler has written them.
    unsafe {
        let landings = match program.landings.get().cast::<RelSlice>().as_ref() {
            Some(slice) => slice.get::<LandingRecord>(),
            None => &[],
        };
        loop {
            let [parent, return_address] = *frame;
            let offset = return_address.wrapping_sub(text);
            if parent == 0 || offset >= program.text.len as usize {
                trap::raise(Trap::UncaughtException);
            }
            let found = landings.binary_search_by_key(&(offset as u32), |l| l.return_offset);
            if let Some(landing) = found.ok().and_then(|at| landings.get(at)) {
                let sp = parent - landing.frame as usize;
                arch::resume(text + landing.handler as usize, sp, parent, exception);
            }
            frame = parent as *const [usize; 2];
        }
    }
}

/// Copies `len` bytes of an exception's payload to a place of its own, for ever: its unit.
///
/// # Safety
/// `pool` must be the program's, and `payload` have `len` bytes.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn wasmc_keep_payload(
    pool: *mut ExceptionPool,
    payload: *const u8,
    len: u64,
) -> u32 {
    trap::ensure_headroom();
    // SAFETY: as the caller vouches; what is copied to was just mapped.
    unsafe {
        let pool = &mut *pool;
        let chunk = CHUNK.max(page_size() as u64);
        let unit = pool.used.max(1);
        let mapped = (pool.used * UNIT).next_multiple_of(chunk);
        let used = unit + len.div_ceil(UNIT);
        let needed = (used * UNIT).next_multiple_of(chunk);
        if needed > mapped {
            let (address, bytes) = ((pool.base + mapped) as usize, (needed - mapped) as usize);
            let fits = needed <= SLOT_SIZE;
            if !fits || mm::map_at(address, bytes, Access::ReadWrite).is_err() {
                output::fail("no memory for exceptions that references were made of");
            }
        }
        let target = (pool.base + unit * UNIT) as usize as *mut u8;
        mem::memcpy(target, payload, len as usize);
        pool.used = used;
        unit as u32
    }
}
