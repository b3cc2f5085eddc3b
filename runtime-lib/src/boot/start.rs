//! From the kernel's entry to the main function that the program names.
//!
//! What a main function does next, and in which order, is told in [`crate::run::prepare`].

use super::image;
use super::process::{self, AT_PAGESZ, Process};
use crate::output;
use crate::sys::{auxiliary, mm};
use wasmc_abi::layout::{MAGIC, Program};
use wasmc_abi::version::LAYOUT_HASH;

#[cfg(not(test))]
crate::arch::entry_point!(start);

/// Called by `_start`: relocates the image, checks the program, and calls the main function
/// that the program names.
///
/// # Safety
/// `stack` must be the stack pointer at the process's entry and `program` the record in the image.
pub unsafe extern "C" fn start(stack: *const usize, program: *const Program) -> ! {
    // SAFETY: as the caller vouches. Nothing before `relocate` reads relocated data.
    let process = unsafe { Process::new(stack) };
    // SAFETY: as above.
    unsafe { image::relocate(&process) };
    // Beyond this point the image is as the linker described it.

    // SAFETY: the record is constant.
    let program = unsafe { &*program };
    if program.magic != MAGIC || program.layout != LAYOUT_HASH {
        output::fail("this program and its runtime come from different versions of wasmc");
    }
    // SAFETY: the compiler has written the record, and nothing uses the state yet.
    unsafe { image::place_state(&program.state) };
    image::set_program(program);
    mm::set_page_size(process.auxiliary(AT_PAGESZ).unwrap_or(4096));
    auxiliary::follows(process.environment);
    // SAFETY: as the caller vouches.
    unsafe { process::remember(stack) };
    // SAFETY: the field refers to a main function, whose arguments these are.
    unsafe { program.main.function()(program, stack) }
}
