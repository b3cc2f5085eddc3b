//! How is a program waited for that this process watches? Signals that mean the program reach it,
//! and the profile is written all the same.

use std::io;
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};
use std::ptr;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

/// The program, while it runs.
static PROGRAM: AtomicI32 = AtomicI32::new(0);

/// Signals that are sent to a process by its number, and passed on.
const PASSED_ON: [libc::c_int; 4] = [libc::SIGTERM, libc::SIGHUP, libc::SIGUSR1, libc::SIGUSR2];
/// Signals that a terminal sends to all processes in front, the program among them.
const OF_TERMINALS: [libc::c_int; 2] = [libc::SIGINT, libc::SIGQUIT];

/// While this exists, signals mean the program.
#[derive(Debug)]
pub(super) struct Signals(());

impl Signals {
    /// From here on signals mean the program of this number.
    pub fn pass_to(pid: libc::pid_t) -> Signals {
        PROGRAM.store(pid, Ordering::SeqCst);
        for signal in PASSED_ON {
            set(signal, pass_on as *const () as libc::sighandler_t);
        }
        for signal in OF_TERMINALS {
            set(signal, libc::SIG_IGN);
        }
        Signals(())
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        for signal in PASSED_ON.into_iter().chain(OF_TERMINALS) {
            set(signal, libc::SIG_DFL);
        }
        PROGRAM.store(0, Ordering::SeqCst);
    }
}

fn set(signal: libc::c_int, action: libc::sighandler_t) {
    // SAFETY: the handler only does what handlers may: an atomic load and a system call.
    unsafe { libc::signal(signal, action) };
}

extern "C" fn pass_on(signal: libc::c_int) {
    let pid = PROGRAM.load(Ordering::SeqCst);
    if pid > 0 {
        // SAFETY: a plain system call. The number is the program's until it has been waited for,
        // which is when it is forgotten.
        unsafe { libc::kill(pid, signal) };
    }
}

/// A descriptor that becomes readable when a process ends; none on kernels without (before 5.3).
pub(super) fn pidfd(pid: libc::pid_t) -> Option<OwnedFd> {
    // SAFETY: a plain system call, whose result is a new descriptor or negative.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    // SAFETY: the descriptor is new and nobody else's.
    (fd >= 0).then(|| unsafe { OwnedFd::from_raw_fd(fd as i32) })
}

/// Waits until the process ends, or for a time.
pub(super) fn pause(pidfd: Option<&OwnedFd>, time: Duration) {
    let Some(fd) = pidfd else {
        return std::thread::sleep(time);
    };
    let mut poll = libc::pollfd {
        fd: fd.as_raw_fd(),
        events: libc::POLLIN,
        revents: 0,
    };
    // SAFETY: one record, which lives here.
    unsafe { libc::poll(&raw mut poll, 1, time.as_millis().max(1) as i32) };
}

/// What a process or thread of ours has to say, without waiting unless `options` leaves that out:
/// its number and status, or `None` if there is nothing.
pub(super) fn wait(
    pid: libc::pid_t,
    options: libc::c_int,
) -> io::Result<Option<(libc::pid_t, libc::c_int)>> {
    let mut status = 0;
    loop {
        // SAFETY: the status is a variable of this function.
        let found = unsafe { libc::waitpid(pid, &raw mut status, options) };
        match found {
            -1 => {
                let error = io::Error::last_os_error();
                if error.kind() != io::ErrorKind::Interrupted {
                    return Err(error);
                }
            }
            0 => return Ok(None),
            pid => return Ok(Some((pid, status))),
        }
    }
}

/// Ends a process that must not go on without being watched.
pub(super) fn kill(pid: libc::pid_t) {
    // SAFETY: plain system calls on a child that has not been waited for.
    unsafe {
        libc::kill(pid, libc::SIGKILL);
        libc::waitpid(pid, ptr::null_mut(), libc::__WALL);
    }
}
