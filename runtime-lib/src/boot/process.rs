//! What the kernel hands over to a process: arguments, environment, auxiliary vector.

use crate::mem;
use core::ffi::c_char;
use core::sync::atomic::{AtomicPtr, Ordering};

/// Auxiliary vector entries: address and number of the program headers.
pub const AT_PHDR: usize = 3;
pub const AT_PHNUM: usize = 5;
/// Auxiliary vector entry: bytes of a page of memory.
pub const AT_PAGESZ: usize = 6;
/// Auxiliary vector entry: the program runs with more rights than its user has.
pub const AT_SECURE: usize = 23;
/// Auxiliary vector entry: what the kernel puts on a signal stack, at least.
pub const AT_MINSIGSTKSZ: usize = 51;

/// The initial stack: with the data that every program touches, not among large zeros.
#[cfg_attr(not(test), unsafe(link_section = ".bss.wasmc.runtime"))]
static STACK: AtomicPtr<usize> = AtomicPtr::new(core::ptr::null_mut());

/// Notes the stack pointer at the process's entry.
///
/// # Safety
/// As for [`Process::new`].
pub unsafe fn remember(stack: *const usize) {
    STACK.store(stack.cast_mut(), Ordering::Relaxed);
}

/// What the kernel handed over: arguments, environment, auxiliary vector.
#[derive(Clone, Copy)]
pub struct Process {
    /// The arguments, the program's name first.
    pub args: &'static [*const c_char],
    /// The environment.
    pub environment: &'static [*const c_char],
    auxiliary: *const [usize; 2],
    /// The initial stack, from which all of this was read.
    pub stack: *const usize,
}

impl Process {
    /// The running process; `None` before its stack was noted.
    pub fn this() -> Option<Process> {
        let stack = STACK.load(Ordering::Relaxed);
        // SAFETY: as whoever noted it has vouched.
        (!stack.is_null()).then(|| unsafe { Process::new(stack) })
    }

    /// Reads the initial process stack:
    ///
    /// ```text
    /// argc | argv[0] … argv[argc - 1] | 0 | envp[0] … | 0 | (type, value) … | (0, 0)
    /// ```
    ///
    /// # Safety
    /// `stack` must be the stack pointer at the process's entry.
    pub unsafe fn new(stack: *const usize) -> Process {
        // SAFETY: this is the layout that the kernel has made, and nothing writes to it.
        unsafe {
            let argc = *stack;
            let argv = stack.add(1).cast::<*const c_char>();
            let envp = argv.add(argc + 1);
            let mut envc = 0;
            while !(*envp.add(envc)).is_null() {
                envc += 1;
            }
            Process {
                args: core::slice::from_raw_parts(argv, argc),
                environment: core::slice::from_raw_parts(envp, envc),
                auxiliary: envp.add(envc + 1).cast(),
                stack,
            }
        }
    }

    /// The arguments without their NUL, the program's name first.
    pub fn args(&self) -> impl ExactSizeIterator<Item = &'static [u8]> + Clone + use<> {
        // SAFETY: the kernel has made these strings.
        self.args.iter().map(|&arg| unsafe { c_bytes(arg) })
    }

    /// The words of the environment (`NAME=VALUE`) without their NUL.
    pub fn environment(&self) -> impl ExactSizeIterator<Item = &'static [u8]> + Clone + use<> {
        // SAFETY: the kernel has made these strings.
        self.environment
            .iter()
            .map(|&word| unsafe { c_bytes(word) })
    }

    /// The value of an environment variable.
    pub fn variable(&self, name: &[u8]) -> Option<&'static [u8]> {
        self.environment()
            .find_map(|word| word.strip_prefix(name)?.strip_prefix(b"="))
    }

    /// The value of a variable that is meant for the program itself; `None` where the program runs
    /// with more rights than its user has.
    pub fn own_variable(&self, name: &[u8]) -> Option<&'static [u8]> {
        match self.auxiliary(AT_SECURE) {
            None | Some(0) => self.variable(name),
            Some(_) => None,
        }
    }

    /// An entry of the auxiliary vector (`AT_…`).
    pub fn auxiliary(&self, key: usize) -> Option<usize> {
        let mut at = self.auxiliary;
        // SAFETY: the vector ends with an entry of type 0.
        unsafe {
            while (*at)[0] != 0 {
                if (*at)[0] == key {
                    return Some((*at)[1]);
                }
                at = at.add(1);
            }
        }
        None
    }
}

/// The bytes of a C string.
unsafe fn c_bytes(string: *const c_char) -> &'static [u8] {
    let start = string.cast::<u8>();
    // SAFETY: the caller vouches for the string, which lives as long as the process.
    unsafe { core::slice::from_raw_parts(start, mem::strlen(start)) }
}
