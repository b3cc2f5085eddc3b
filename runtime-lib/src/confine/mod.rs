//! Confinement: what the kernel refuses a program from the moment its guest runs.
//!
//! This is security-relevant: it is what remains when a bug in the compiler or in the runtime lets a
//! guest run code of its own making. Two layers, both for the whole process and for good:
//!
//! - a [filter](filter) of system calls (seccomp): exactly those that the program can need
//!   ([`wasmc_abi::syscalls`]), everything else kills the process;
//! - [rules](landlock) for files and ports (Landlock): exactly the granted folders.
//!
//! Both are installed after the system interface was set up and before the guest runs its first
//! instruction, while there is one thread. A kernel that lacks them is no reason not to start, unless
//! `--confine=require` says so.

mod filter;
mod landlock;

use crate::boot::image::program;
use crate::host::system::SYSTEM;
use crate::options::run_options;
use crate::output;
use crate::sys::process;
use core::sync::atomic::{AtomicBool, Ordering};
use wasmc_abi::confine::{Grants, Needs, OF_FOLDERS};
use wasmc_abi::options::{Confine, RunOption, kinds};

/// Kinds of options that grant something.
const GRANTS: u8 = kinds::DIR | kinds::LISTEN | kinds::NET;

/// Whether it was done.
#[cfg_attr(not(test), unsafe(link_section = ".bss.wasmc.runtime"))]
static ENFORCED: AtomicBool = AtomicBool::new(false);

/// Confines the process, unless that was done or is not wanted. To be called before guest code runs,
/// and before any thread starts.
pub fn enforce() {
    if ENFORCED.swap(true, Ordering::Relaxed) {
        return;
    }
    // Where a server listens is no business of its guest.
    let listens = program().server.is_null();
    let (grants, confine) = from_options(run_options(GRANTS | kinds::CONFINE), listens);
    if confine == Confine::Off {
        return;
    }
    let needs = program().needs.granted(grants);
    let confined = confine_process(needs, grants);
    if confine == Confine::Require && !confined {
        output::fail(
            "this system cannot confine the program: its kernel lacks seccomp or Landlock, or does \
             not let this process use them (hint: use another kernel, or start without \
             `--confine=require`)",
        );
    }
}

/// What the options grant, and whether to confine: the last option decides. `--listen` grants something
/// if the guest `listens`.
fn from_options<'a>(
    options: impl Iterator<Item = RunOption<'a>>,
    listens: bool,
) -> (Grants, Confine) {
    let mut grants = Grants::default();
    let mut confine = Confine::Auto;
    for option in options {
        match option {
            RunOption::Dir { read_only, .. } => {
                grants.folders = true;
                grants.writable_folders |= !read_only;
            }
            RunOption::Listen { .. } => grants.sockets |= listens,
            RunOption::Net => {
                grants.sockets = true;
                grants.net = true;
            }
            RunOption::Confine(wanted) => confine = wanted,
            _ => {}
        }
    }
    (grants, confine)
}

/// Installs what the kernel has; whether that is all there is to have.
fn confine_process(needs: Needs, grants: Grants) -> bool {
    if !process::renounce_privileges() {
        return false;
    }
    // Where the filter lets no path and no socket through, Landlock has nothing left to refuse.
    let wants_rules = needs.intersects(OF_FOLDERS.and(Needs::LOOKUP));
    let ruled = wants_rules && landlock::enforce(needs, grants, &SYSTEM.fds);
    let filtered = filter::enforce(needs);
    if !filtered && !wants_rules {
        landlock::enforce(needs, grants, &SYSTEM.fds);
    }
    filtered && (ruled || !wants_rules)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_decide() {
        let dir = |read_only| RunOption::Dir {
            host: b"/",
            guest: b"/",
            read_only,
        };
        let of = |options: &[RunOption<'static>]| from_options(options.iter().copied(), true);
        assert_eq!(of(&[]), (Grants::default(), Confine::Auto));
        let (grants, _) = of(&[dir(true)]);
        assert!(grants.folders && !grants.writable_folders && !grants.sockets);
        let (grants, _) = of(&[dir(true), dir(false)]);
        assert!(grants.writable_folders);
        let (grants, _) = of(&[RunOption::Listen { address: b"" }]);
        assert!(grants.sockets && !grants.net);
        assert_eq!(of(&[RunOption::Net, dir(false)]).0, Grants::ALL);
        let (off, require) = (
            RunOption::Confine(Confine::Off),
            RunOption::Confine(Confine::Require),
        );
        assert_eq!(of(&[off]).1, Confine::Off);
        assert_eq!(of(&[off, require]).1, Confine::Require);
        assert_eq!(of(&[require, off]).1, Confine::Off);
    }
}
