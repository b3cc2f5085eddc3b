//! Starting threads.

use crate::arch;
use rustix::io::Errno;

/// Shares everything that threads of a process share, sets the thread pointer and stores the
/// thread's number.
const FLAGS: usize = CLONE_VM
    | CLONE_FS
    | CLONE_FILES
    | CLONE_SIGHAND
    | CLONE_THREAD
    | CLONE_SYSVSEM
    | CLONE_SETTLS
    | CLONE_CHILD_SETTID;

const CLONE_VM: usize = 0x100;
const CLONE_FS: usize = 0x200;
const CLONE_FILES: usize = 0x400;
const CLONE_SIGHAND: usize = 0x800;
const CLONE_THREAD: usize = 0x1_0000;
const CLONE_SYSVSEM: usize = 0x4_0000;
const CLONE_SETTLS: usize = 0x8_0000;
const CLONE_CHILD_SETTID: usize = 0x0100_0000;

/// Starts a thread that calls `entry` with its record, a `T`, on the stack that ends at
/// `stack_top`: its number, which no other thread of the system has while it lives, and which the kernel also
/// stores at `tid` before the thread runs. Kernels give numbers below 2^22.
///
/// # Safety
/// The stack, with 16-byte aligned end, and the record, a valid `T`, must be unused, and belong to
/// the thread from now on.
pub unsafe fn start<T>(
    stack_top: usize,
    tid: *mut u32,
    record: usize,
    entry: unsafe extern "C" fn(&'static T) -> !,
) -> Result<i32, Errno> {
    let entry = entry as *const () as usize;
    // SAFETY: as the caller vouches.
    let result = unsafe { arch::clone(FLAGS, stack_top, tid, record, entry) };
    if result < 0 {
        return Err(Errno::from_raw_os_error(-(result as i32)));
    }
    Ok(result as i32)
}
