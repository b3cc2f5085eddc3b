//! What does the running program have of the system? Its arguments, its environment, its
//! descriptors, and whether it may reach other machines.

use super::descriptors::FdTable;
use super::environment::{Parts, Strings, variables};
use super::error::Error;
use super::grants;
use crate::boot::image::program;
use crate::boot::process::Process;
use crate::options::{given, run_options};
use core::sync::atomic::{AtomicBool, Ordering};
use rustix::io::Errno;
use wasmc_abi::layout::Program;
use wasmc_abi::options::kinds;

/// What the running program has of the system. What every program touches comes first, and follows
/// what else every program touches (see
/// [`symbols`](wasmc_abi::symbols::SECTION_RUNTIME_STATE)): few starts need more than one page.
#[repr(C, align(64))]
pub struct System {
    /// The arguments, the program's name first.
    pub args: Strings,
    /// The environment that the program was started with, not the guest's.
    pub environment: Strings,
    /// Whether the guest may open sockets (`--net`).
    net: AtomicBool,
    /// The descriptors.
    pub fds: FdTable,
}

impl System {
    /// No arguments, no environment, no descriptors.
    pub const fn new() -> System {
        System {
            fds: FdTable::new(),
            net: AtomicBool::new(false),
            args: Strings::new(),
            environment: Strings::new(),
        }
    }

    /// The environment that the guest gets.
    pub fn variables(&self) -> impl Iterator<Item = Parts> {
        variables(run_options(kinds::ENVIRONMENT), self.environment.iter())
    }

    /// Lets the guest open sockets and reach other machines.
    pub fn allow_net(&self) {
        self.net.store(true, Ordering::Relaxed);
    }

    /// Fails unless the guest may open sockets and reach other machines.
    pub fn require_net(&self) -> Result<(), Error> {
        match self.net.load(Ordering::Relaxed) {
            true => Ok(()),
            false => Err(Errno::ACCESS.into()),
        }
    }
}

/// The state of the running program. All zeros at first, so that it takes no room in the file.
pub static SYSTEM: System = System::new();

/// Called once, before instantiation: opens what was granted.
pub fn init(program: &Program, process: &Process) {
    SYSTEM.args.set(process.args);
    SYSTEM.environment.set(process.environment);
    if given(kinds::NET) {
        SYSTEM.allow_net();
    }
    grants::open_streams(&SYSTEM.fds);
    let open = &program.parts.open_grants;
    if open.is_null() || !given(kinds::DIR | kinds::LISTEN) {
        return;
    }
    // SAFETY: the compiler has written the address of the function below, so that it is only part
    // of programs that can have grants.
    let open = unsafe { open.function() };
    open();
}

/// See [`Parts::open_grants`](wasmc_abi::layout::Parts::open_grants).
#[cfg_attr(not(test), unsafe(no_mangle))]
pub fn wasmc_open_grants() {
    // Where a server listens is no business of its guest.
    let listens = program().server.is_null();
    let options = run_options(kinds::DIR | kinds::LISTEN);
    grants::open(&SYSTEM.fds, options, listens);
}
