//! WASI preview 1: what the guest can ask of the system.
//!
//! - [`errno`], [`types`]: the numbers and layouts of the specification.
//! - [`fds`]: the table of descriptors and their rights; [`grants`]: what it holds at start;
//!   [`address`]: how a socket's is written.
//! - One module for each area of functions: [`args`], [`clock`], [`fd`] with [`io`] and
//!   [`readdir`], [`path`], [`poll`], [`proc`], [`random`], [`sched`], [`sock`].
//!
//! A function is safe code: it takes the guest's memory and its numbers and returns a [`Result`].
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

use crate::boot::process::Process;
use crate::guest::pointer::GuestMemory;
use crate::host::grants;
use crate::options::{kinds, run_options};
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};
use errno::Errno;
use wasmc_abi::layout::MemoryState;
use wasmc_abi::options::RunOption;

pub use crate::host::descriptors::FdTable;

/// Everything that the functions work on. What every program touches comes first, and follows what
/// else every program touches (see [`symbols`](wasmc_abi::symbols::SECTION_RUNTIME_STATE)): few starts need more than one page.
#[repr(C, align(64))]
pub struct Wasi {
    args: Strings,
    environment: Strings,
    /// Whether the guest may open sockets (`--net`).
    net: AtomicBool,
    /// The descriptors.
    pub fds: FdTable,
}

/// Strings that the kernel handed over.
struct Strings {
    start: AtomicPtr<*const core::ffi::c_char>,
    len: AtomicUsize,
}

impl Strings {
    const fn new() -> Strings {
        Strings {
            start: AtomicPtr::new(core::ptr::null_mut()),
            len: AtomicUsize::new(0),
        }
    }

    fn set(&self, strings: &'static [*const core::ffi::c_char]) {
        self.start
            .store(strings.as_ptr().cast_mut(), Ordering::Relaxed);
        self.len.store(strings.len(), Ordering::Relaxed);
    }

    fn get(&self) -> &'static [*const core::ffi::c_char] {
        let start = self.start.load(Ordering::Relaxed);
        if start.is_null() {
            return &[];
        }
        // SAFETY: `set` has stored both from a slice that lives for ever.
        unsafe { core::slice::from_raw_parts(start, self.len.load(Ordering::Relaxed)) }
    }
}

impl Wasi {
    /// No arguments, no environment, no descriptors.
    pub const fn new() -> Wasi {
        Wasi {
            fds: FdTable::new(),
            net: AtomicBool::new(false),
            args: Strings::new(),
            environment: Strings::new(),
        }
    }

    /// Fails unless the guest may open sockets and reach other machines.
    fn require_net(&self) -> Result<(), Errno> {
        match self.net.load(Ordering::Relaxed) {
            true => Ok(()),
            false => Err(Errno::ACCES),
        }
    }
}

/// The state of the running program. All zeros at first, so that it takes no room in the file.
static WASI: Wasi = Wasi::new();

/// Called once, before instantiation: opens what was granted.
pub fn init(process: &Process) {
    WASI.args.set(process.args);
    WASI.environment.set(process.environment);
    let options = run_options(kinds::DIR | kinds::LISTEN | kinds::NET);
    if options.clone().any(|option| option == RunOption::Net) {
        WASI.net.store(true, Ordering::Relaxed);
    }
    grants::open(&WASI.fds, options);
}

/// The descriptors of the running program.
pub fn descriptors() -> &'static FdTable {
    &WASI.fds
}

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
            code(super::functions::$name(&WASI, &memory, $($param as unsigned!($ty)),*))
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
    use super::{Errno, GuestMemory, MemoryState, WASI};

    wasmc_abi::for_each_wasi_function!(export_all);

    fn code(result: Result<(), Errno>) -> i32 {
        match result {
            Ok(()) => 0,
            Err(errno) => i32::from(errno.code()),
        }
    }
}
