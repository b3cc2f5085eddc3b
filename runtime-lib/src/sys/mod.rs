//! System calls: nothing else in the runtime talks to the kernel.

pub mod mm;
pub mod process;
pub mod signal;
