//! Exceptions: the walk from a `throw` to the handler.

use super::{thread, trap};
use crate::arch;
use crate::boot::image::program;
use core::sync::atomic::Ordering;
use wasmc_abi::layout::{EXNREF_IN_MEMORY, Program};

/// The id of an exception's tag.
///
/// # Safety
/// The exception must be one that compiled code has made.
unsafe fn tag_of(program: &Program, exception: u64) -> u32 {
    // SAFETY: with a heap it is an object; the compiler has written the record.
    unsafe {
        match program.heap.get().as_ref() {
            Some(heap) => {
                let header = core::ptr::with_exposed_provenance::<u32>(exception as usize);
                (header.read() >> 1)
                    .wrapping_sub(heap.first_exception)
                    .wrapping_add(1)
            }
            None => exception as u32 & !EXNREF_IN_MEMORY,
        }
    }
}

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
        let landings = match program.landings.get().as_ref() {
            Some(slice) => slice.get(),
            None => &[],
        };
        loop {
            let [parent, return_address] = *frame;
            let offset = arch::strip_return_address(return_address).wrapping_sub(text);
            if parent == 0 || offset >= program.text.len as usize {
                trap::raise_uncaught(tag_of(program, exception));
            }
            let found = landings.binary_search_by_key(&(offset as u32), |l| l.return_offset);
            if let Some(landing) = found.ok().and_then(|at| landings.get(at)) {
                let sp = parent - landing.frame as usize;
                // Functions of the runtime restore the register of the own area when they return,
                // which this one does not.
                let area = thread::current().own_area.load(Ordering::Relaxed);
                arch::resume(text + landing.handler as usize, sp, parent, exception, area);
            }
            frame = parent as *const [usize; 2];
        }
    }
}
