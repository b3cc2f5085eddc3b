//! WASI preview 1: what the guest can ask of the system.
//!
//! - [`errno`], [`types`]: the numbers and layouts of the specification.
//! - One module for each area of functions: [`args`], [`clock`], [`fd`] with [`io`] and
//!   [`readdir`], [`path`], [`poll`], [`proc`], [`random`], [`sched`], [`sock`].
//!
//! A function is safe code: it takes the guest's memory and its numbers, reads what these mean, asks
//! the [host](crate::host), writes what comes of it, and returns a [`Result`].
//! The symbols that compiled code calls are made from the list in `wasmc_abi`, below; a row
//! without a function of its name does not compile. Nothing refers to all of them, so that the
//! linker drops those that a program does not import.

pub mod errno;
pub mod types;

mod args;
mod clock;
mod fd;
mod io;
mod path;
mod poll;
mod proc;
mod random;
mod readdir;
mod sched;
mod sock;

#[cfg(test)]
mod tests;

use crate::guest::pointer::GuestMemory;
use crate::host::system::SYSTEM;
use errno::Errno;
use wasmc_abi::layout::MemoryState;

/// The functions, by name.
mod functions {
    pub use super::args::*;
    pub use super::clock::*;
    pub use super::fd::*;
    pub use super::io::*;
    pub use super::path::*;
    pub use super::poll::*;
    pub use super::proc::*;
    pub use super::random::*;
    pub use super::readdir::*;
    pub use super::sched::*;
    pub use super::sock::*;
}

/// The unsigned type of a parameter: addresses, lengths and numbers are unsigned.
macro_rules! unsigned {
    (i32) => {
        u32
    };
    (i64) => {
        u64
    };
}

/// Defines the symbol of a function.
macro_rules! export {
    ($name:ident($($param:ident: $ty:ident),*) -> i32) => {
        #[cfg_attr(not(test), unsafe(export_name = concat!("wasmc_wasi_", stringify!($name))))]
        pub extern "C" fn $name(memory: *const MemoryState, $($param: $ty),*) -> i32 {
            crate::guest::trap::ensure_headroom();
            // SAFETY: compiled code passes the state of the calling instance's memory, which is
            // accessible up to its size.
            let memory = unsafe { GuestMemory::new(memory) };
            code(super::functions::$name(&SYSTEM, &memory, $($param as unsigned!($ty)),*))
        }
    };
    ($name:ident($($param:ident: $ty:ident),*)) => {
        #[cfg_attr(not(test), unsafe(export_name = concat!("wasmc_wasi_", stringify!($name))))]
        pub extern "C" fn $name(_: *const MemoryState, $($param: $ty),*) {
            super::functions::$name($($param as unsigned!($ty)),*)
        }
    };
}

macro_rules! export_all {
    ($($area:ident $name:ident $([$($import:ident)+])? ($($param:ident: $ty:ident),*) $(-> $result:ident)?;)*) => {
        $(export!($name($($param: $ty),*) $(-> $result)?);)*
    };
}

/// What compiled code calls.
mod exports {
    use super::{Errno, GuestMemory, MemoryState, SYSTEM};

    wasmc_abi::for_each_wasi_function!(export_all);

    fn code(result: Result<(), Errno>) -> i32 {
        match result {
            Ok(()) => 0,
            Err(errno) => i32::from(errno.code()),
        }
    }
}
