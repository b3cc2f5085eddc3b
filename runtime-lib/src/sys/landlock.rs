//! Landlock: rules of the kernel for the files and ports that a process may use.

use crate::arch;
use rustix::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

// The same numbers on every architecture.
const CREATE_RULESET: usize = 444;
const ADD_RULE: usize = 445;
const RESTRICT_SELF: usize = 446;
const CREATE_RULESET_VERSION: usize = 1;
const RULE_PATH_BENEATH: usize = 1;

/// What a ruleset refuses unless a rule allows it: the kernel's `struct landlock_ruleset_attr`, of
/// which older versions know the beginning.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(C)]
pub struct Handled {
    /// Actions on files.
    pub files: u64,
    /// Actions on TCP ports. Since version 4.
    pub ports: u64,
    /// Reaching other processes. Since version 6.
    pub scopes: u64,
}

/// The kernel's `struct landlock_path_beneath_attr`.
#[repr(C, packed)]
struct PathBeneath {
    allowed: u64,
    folder: i32,
}

/// The version of Landlock that the kernel has, if it has any.
pub fn version() -> Option<u32> {
    // SAFETY: without a structure the kernel only tells its version.
    let version = unsafe { arch::syscall(CREATE_RULESET, 0, 0, CREATE_RULESET_VERSION, 0) };
    u32::try_from(version).ok().filter(|&version| version > 0)
}

/// Rules that are not in force yet.
pub struct Ruleset(OwnedFd);

impl Ruleset {
    /// Rules that allow nothing of what is handled, for a kernel of this version.
    pub fn new(handled: &Handled, version: u32) -> Option<Ruleset> {
        let size = match version {
            0..4 => 8,
            4..6 => 16,
            _ => size_of::<Handled>(),
        };
        // SAFETY: the kernel reads that much of a structure of its own layout.
        let fd = unsafe { arch::syscall(CREATE_RULESET, &raw const *handled as usize, size, 0, 0) };
        let fd = i32::try_from(fd).ok().filter(|&fd| fd >= 0)?;
        // SAFETY: the descriptor has just been opened.
        Some(Ruleset(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    /// Allows these actions on what lies beneath a folder; whether that worked.
    pub fn allow(&self, folder: BorrowedFd<'_>, allowed: u64) -> bool {
        let rule = PathBeneath {
            allowed,
            folder: folder.as_raw_fd(),
        };
        let ruleset = self.0.as_raw_fd() as usize;
        // SAFETY: the kernel reads a structure of its own layout.
        let result = unsafe {
            arch::syscall(
                ADD_RULE,
                ruleset,
                RULE_PATH_BENEATH,
                &raw const rule as usize,
                0,
            )
        };
        result == 0
    }

    /// Puts the rules in force for this thread and those that it will start, for good; whether that
    /// worked. The process must have renounced privileges.
    pub fn enforce(self) -> bool {
        // SAFETY: no memory is concerned.
        let result = unsafe { arch::syscall(RESTRICT_SELF, self.0.as_raw_fd() as usize, 0, 0, 0) };
        result == 0
    }
}
