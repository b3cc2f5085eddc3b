//! The main function of a component that exports `wasi:cli/run`.

use super::prepare::{call_entry, prepare};
use crate::boot::process::Process;
use crate::guest::trap;
use crate::sys::process;
use wasmc_abi::layout::Program;
use wasmc_abi::traps::Trap;

/// Main function of a component: its function says by its result whether it has failed.
///
/// # Safety
/// The arguments must be those of [`start`](crate::boot::start::start).
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn wasmc_main_run(program: &'static Program, stack: *const usize) -> ! {
    // SAFETY: as the caller vouches.
    let process = unsafe { Process::new(stack) };
    prepare(program, &process);
    let mut values = [[0; 2]];
    call_entry(&program.entry, &mut values);
    // `result`: 0 stands for `ok`, 1 for `err`.
    match values[0][0] as u32 {
        result @ 0..=1 => process::exit(result as i32),
        _ => trap::report(Trap::InvalidDiscriminant),
    }
}
