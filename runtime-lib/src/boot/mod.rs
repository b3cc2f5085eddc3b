//! From the kernel's entry to a program's main function.
//!
//! - [`process`][]: what the kernel hands over.
//! - [`image`][]: the running program, made what the linker and the compiler described.
//! - [`cpu`][]: whether the CPU has what the program was compiled for.
//! - [`start`][]: the way from the entry to the main function.

pub mod cpu;
pub mod image;
pub mod process;
pub mod start;
