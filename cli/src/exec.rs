//! How does this process become a program that it has open, or start it as a child?

use std::env;
use std::ffi::{CString, OsStr, OsString};
use std::fs::File;
use std::io::{self, PipeReader, PipeWriter, Read as _};
use std::os::fd::{AsRawFd as _, RawFd};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::ptr;

/// A program with its arguments and its environment, about to run.
///
/// Security: the file that was looked at is the one that runs, whatever its path means by now, and
/// what the kernel does not take for an executable is not run: no shell is asked to read it.
#[derive(Debug)]
pub struct Launch<'f> {
    file: &'f File,
    arguments: Vec<CString>,
    environment: Vec<CString>,
}

impl<'f> Launch<'f> {
    /// The program in the file, with these arguments (the first is its name) and the environment of
    /// this process, in which `variable` is set.
    ///
    /// # Errors
    /// When one of them has a NUL.
    pub fn new<'a>(
        file: &'f File,
        arguments: impl Iterator<Item = &'a OsStr>,
        variable: Option<(&str, OsString)>,
    ) -> io::Result<Launch<'f>> {
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
        Ok(Launch {
            file,
            arguments,
            environment,
        })
    }

    /// Becomes the program; the error when that fails.
    pub fn become_it(&self) -> io::Error {
        let (argv, envp) = self.pointers();
        // SAFETY: both lists end with null and have pointers to strings that `self` holds.
        unsafe { execute(self.file.as_raw_fd(), &argv, &envp) };
        io::Error::last_os_error()
    }

    /// Starts the program in a child, which waits for [`Child::start`] before it becomes the
    /// program.
    ///
    /// # Errors
    /// When there can be no more pipes or processes.
    pub fn spawn(&self) -> io::Result<Child> {
        let (argv, envp) = self.pointers();
        let (wait, go) = io::pipe()?;
        let (failed, report) = io::pipe()?;
        let (wait_fd, go_fd) = (wait.as_raw_fd(), go.as_raw_fd());
        let (report_fd, file) = (report.as_raw_fd(), self.file.as_raw_fd());
        // SAFETY: the child only calls what may be called between fork and exec in a process that
        // has other threads: system calls, on memory that was made ready before.
        match unsafe { libc::fork() } {
            -1 => Err(io::Error::last_os_error()),
            // SAFETY: this is the child, with the lists that were made above.
            0 => unsafe { child(file, &argv, &envp, (wait_fd, go_fd), report_fd) },
            pid => Ok(Child {
                pid,
                go: Some(go),
                failed,
            }),
        }
    }

    fn pointers(&self) -> (Pointers, Pointers) {
        let pointers = |strings: &[CString]| -> Pointers {
            let pointers = strings.iter().map(|string| string.as_ptr());
            pointers.chain([ptr::null()]).collect()
        };
        (pointers(&self.arguments), pointers(&self.environment))
    }
}

/// A list of strings as the kernel reads it: it ends with null.
type Pointers = Vec<*const libc::c_char>;

/// Makes this process the program in the file. Returns only when that fails.
///
/// # Safety
/// Both lists end with null and have pointers to strings.
unsafe fn execute(file: RawFd, argv: &Pointers, envp: &Pointers) {
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
    // SAFETY: the caller's promise; the strings live until the call is over.
    unsafe {
        libc::syscall(
            libc::SYS_execveat,
            file,
            c"".as_ptr(),
            argv.as_ptr(),
            envp.as_ptr(),
            libc::AT_EMPTY_PATH,
        )
    };
}

/// What a child does: waits until it may go on, and becomes the program, or says why not.
///
/// # Safety
/// As for [`execute`]; in a child that was just forked.
unsafe fn child(
    file: RawFd,
    argv: &Pointers,
    envp: &Pointers,
    (wait, go): (RawFd, RawFd),
    report: RawFd,
) -> ! {
    let mut byte = 0u8;
    // SAFETY: the pipes are open; what is read and written are variables of this function.
    unsafe {
        // Else it would wait for itself when its parent has died.
        libc::close(go);
        while libc::read(wait, (&raw mut byte).cast(), 1) < 0
            && *libc::__errno_location() == libc::EINTR
        {}
        if byte != 0 {
            execute(file, argv, envp);
            let error = *libc::__errno_location();
            libc::write(report, (&raw const error).cast(), size_of_val(&error));
        }
        libc::_exit(127)
    }
}

/// A child of ours that will be the program.
#[derive(Debug)]
pub struct Child {
    /// Its number.
    pub pid: libc::pid_t,
    go: Option<PipeWriter>,
    failed: PipeReader,
}

impl Child {
    /// Lets it become the program.
    ///
    /// # Errors
    /// When it has ended already.
    pub fn start(&mut self) -> io::Result<()> {
        use std::io::Write as _;
        match self.go.take() {
            Some(mut go) => go.write_all(&[1]),
            None => Ok(()),
        }
    }

    /// Why it could not become the program, once it has ended.
    pub fn failure(&mut self) -> Option<io::Error> {
        let mut number = [0; 4];
        self.failed.read_exact(&mut number).ok()?;
        Some(io::Error::from_raw_os_error(i32::from_ne_bytes(number)))
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // One that was never started ends by itself, as its pipe is closed.
        if self.go.take().is_some() {
            // SAFETY: a status is not asked for.
            unsafe { libc::waitpid(self.pid, ptr::null_mut(), 0) };
        }
    }
}

/// Ends this process as another one ended: with its status, or by the signal that ended it.
pub fn end_like(status: ExitStatus) -> ! {
    let Some(signal) = status.signal() else {
        std::process::exit(status.code().unwrap_or(1));
    };
    // SAFETY: plain system calls. A core of this process is of no use to anybody.
    unsafe {
        let none = libc::rlimit {
            rlim_cur: 0,
            rlim_max: 0,
        };
        libc::setrlimit(libc::RLIMIT_CORE, &raw const none);
        libc::signal(signal, libc::SIG_DFL);
        libc::raise(signal);
    }
    std::process::exit(128 + signal)
}
