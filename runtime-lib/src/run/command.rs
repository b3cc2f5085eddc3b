//! The main function of an ordinary program.

use super::prepare::{call_entry, prepare};
use crate::boot::process::Process;
use crate::output;
use crate::sys::process;
use wasmc_abi::layout::{Program, program_flags};

/// Main function of an ordinary program.
///
/// # Safety
/// The arguments must be those of [`crate::boot::start::start`].
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn wasmc_main_command(program: &'static Program, stack: *const usize) -> ! {
    // SAFETY: as the caller vouches.
    let process = unsafe { Process::new(stack) };
    if program.flags & program_flags::INVOKE != 0 {
        output::fail("the program's main function does not pass arguments on");
    }
    prepare(program, &process);
    call_entry(&program.entry, &mut []);
    process::exit(0)
}
