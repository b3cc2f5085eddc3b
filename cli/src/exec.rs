//! How does this process become a program that it has open?

use std::env;
use std::ffi::{CString, OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::ptr;

/// Becomes the program in the file, with these arguments (the first is its name) and the
/// environment of this process, in which `variable` is set. The error when that fails.
///
/// Security: the file that was looked at is the one that runs, whatever its path means by now, and
/// what the kernel does not take for an executable is not run: no shell is asked to read it.
pub fn program<'a>(
    file: &File,
    arguments: impl Iterator<Item = &'a OsStr>,
    variable: Option<(&str, OsString)>,
) -> io::Error {
    match try_become(file, arguments, variable) {
        Ok(never) => match never {},
        Err(error) => error,
    }
}

fn try_become<'a>(
    file: &File,
    arguments: impl Iterator<Item = &'a OsStr>,
    variable: Option<(&str, OsString)>,
) -> io::Result<std::convert::Infallible> {
    let arguments = arguments
        .map(|argument| CString::new(argument.as_bytes()))
        .collect::<Result<Vec<_>, _>>()?;
    let replaced = variable.as_ref().map(|(name, _)| OsStr::new(*name));
    let kept = env::vars_os().filter(|(name, _)| Some(name.as_os_str()) != replaced);
    let variable = variable
        .clone()
        .map(|(name, value)| (OsString::from(name), value));
    let environment = kept
        .chain(variable)
        .map(|(mut entry, value)| {
            entry.push("=");
            entry.push(value);
            CString::new(entry.into_vec())
        })
        .collect::<Result<Vec<_>, _>>()?;
    let pointers = |strings: &[CString]| -> Vec<_> {
        let pointers = strings.iter().map(|string| string.as_ptr());
        pointers.chain([ptr::null()]).collect()
    };
    let (argv, envp) = (pointers(&arguments), pointers(&environment));
    // The standard library ignores SIGPIPE and may have been started with signals blocked: neither
    // is the program's affair.
    // SAFETY: a set of signals is plain memory that `sigemptyset` fills in; no handler of ours is
    // concerned.
    unsafe {
        let mut none = std::mem::zeroed();
        libc::sigemptyset(&raw mut none);
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const none, ptr::null_mut());
        libc::signal(libc::SIGPIPE, libc::SIG_DFL);
    }
    // SAFETY: both lists end with null and have pointers to strings that live until the call is over.
    unsafe {
        libc::syscall(
            libc::SYS_execveat,
            file.as_raw_fd(),
            c"".as_ptr(),
            argv.as_ptr(),
            envp.as_ptr(),
            libc::AT_EMPTY_PATH,
        )
    };
    Err(io::Error::last_os_error())
}
