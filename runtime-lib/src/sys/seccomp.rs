//! Installing a filter of system calls.

use crate::arch;

/// An instruction of the kernel's filter machine: `struct sock_filter`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub struct Instruction {
    /// What to do.
    pub code: u16,
    /// Instructions to skip when a comparison holds.
    pub if_true: u8,
    /// Instructions to skip when it does not.
    pub if_false: u8,
    /// The operand.
    pub k: u32,
}

/// The kernel's `struct sock_fprog`.
#[repr(C)]
struct FilterProgram {
    len: u16,
    instructions: *const Instruction,
}

const SECCOMP_SET_MODE_FILTER: usize = 1;
/// Do not slow the whole process down for the filter's sake: kernels before 5.16 otherwise forbid
/// speculation in every filtered process.
const SECCOMP_FILTER_FLAG_SPEC_ALLOW: usize = 4;

/// Installs a filter for this process, for good; whether the kernel has taken it.
///
/// The process must have renounced privileges. Kernels before 4.17 do not know the flag, others lack
/// filters, and sandboxes may forbid to install any.
pub fn install(instructions: &[Instruction]) -> bool {
    let Ok(len) = u16::try_from(instructions.len()) else {
        return false;
    };
    let program = FilterProgram {
        len,
        instructions: instructions.as_ptr(),
    };
    [SECCOMP_FILTER_FLAG_SPEC_ALLOW, 0]
        .into_iter()
        .any(|flags| {
            // SAFETY: the kernel reads a structure of its own layout, and the instructions.
            let result = unsafe {
                arch::syscall(
                    arch::SYS_SECCOMP,
                    SECCOMP_SET_MODE_FILTER,
                    flags,
                    &raw const program as usize,
                    0,
                )
            };
            result == 0
        })
}
