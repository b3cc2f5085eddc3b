//! What depends on the processor, and the only assembly: one file for each architecture, with the
//! same functions in the same order, and what compilers call on one of them.

#[cfg(target_arch = "aarch64")]
mod aarch64;
#[cfg(target_arch = "aarch64")]
pub use aarch64::*;
// Tests are linked with the standard library, which has these functions.
#[cfg(all(target_arch = "aarch64", not(test)))]
mod aarch64_atomics;

#[cfg(target_arch = "x86_64")]
mod x86_64;
#[cfg(target_arch = "x86_64")]
pub use x86_64::*;

/// Registers of an interrupted program that a backtrace starts from.
#[derive(Clone, Copy, Default)]
pub struct Registers {
    /// Program counter.
    pub pc: usize,
    /// Stack pointer.
    pub sp: usize,
    /// Frame pointer.
    pub fp: usize,
    /// Link register, where the architecture has one.
    pub lr: usize,
}
