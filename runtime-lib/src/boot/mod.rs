//! From the kernel's entry to a program's main function.

pub mod start;
