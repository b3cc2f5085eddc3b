//! The process itself: its end, its standard error, its limits.

use super::poll;
use crate::arch;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use rustix::fd::BorrowedFd;
use rustix::io::Errno;
use rustix::process::{Pid, Resource, Rlimit, Signal, WaitOptions, getrlimit, setrlimit};

/// Ends the process, all threads included.
pub fn exit(status: i32) -> ! {
    loop {
        // SAFETY: ends the process; no memory is concerned.
        unsafe { arch::syscall(arch::SYS_EXIT_GROUP, status as usize, 0, 0, 0) };
    }
}

/// Whether this is the first process of its PID namespace, which signals do not end by default.
pub fn is_init() -> bool {
    id() == 1
}

/// The number of this process, once it was asked for.
#[cfg_attr(not(test), unsafe(link_section = ".bss.wasmc.runtime"))]
static ID: AtomicU32 = AtomicU32::new(0);

/// The number of this process.
pub fn id() -> u32 {
    let known = ID.load(Ordering::Relaxed);
    if known != 0 {
        return known;
    }
    let id = rustix::process::getpid().as_raw_nonzero().get() as u32;
    ID.store(id, Ordering::Relaxed);
    id
}

/// Makes a copy of this process, of which this is the only thread: the copy's number, or `None` in the
/// copy, which the system ends with SIGTERM when this one ends.
pub fn fork() -> Result<Option<u32>, Errno> {
    const SIGCHLD: usize = 17;
    let parent = id();
    // SAFETY: without a flag that shares memory, the copy has a stack of its own, with these frames.
    let result = unsafe { arch::syscall(arch::SYS_CLONE, SIGCHLD, 0, 0, 0) };
    match result {
        0 => {
            ID.store(0, Ordering::Relaxed);
            let _ = rustix::process::set_parent_process_death_signal(Some(Signal::TERM));
            // It may have ended before that.
            if rustix::process::getppid()
                .is_none_or(|pid| pid.as_raw_nonzero().get() as u32 != parent)
            {
                exit(1);
            }
            Ok(None)
        }
        1.. => Ok(Some(result as u32)),
        _ => Err(Errno::from_raw_os_error(-(result as i32))),
    }
}

/// A child that has ended, if there is one: its number, and its exit status (`None` when a signal has
/// ended it).
pub fn ended_child() -> Option<(u32, Option<i32>)> {
    let (pid, status) = rustix::process::wait(WaitOptions::NOHANG).ok()??;
    Some((pid.as_raw_nonzero().get() as u32, status.exit_status()))
}

/// Sends a signal to a child.
pub fn signal_child(child: u32, signal: i32) {
    if let Some(pid) = Pid::from_raw(child as i32)
        && let Some(signal) = Signal::from_named_raw(signal)
    {
        let _ = rustix::process::kill_process(pid, signal);
    }
}

/// Gives up for good what running another program could add to the rights of this process, which
/// the kernel demands of a process that confines itself; whether that worked.
pub fn renounce_privileges() -> bool {
    rustix::thread::set_no_new_privs(true).is_ok()
}

/// Whether the guest has closed standard output. Its number may then stand, for a moment, for a file
/// that another thread is about to open.
#[cfg_attr(not(test), unsafe(link_section = ".bss.wasmc.runtime"))]
static OUTPUT_CLOSED: AtomicBool = AtomicBool::new(false);

/// Closes standard output.
pub fn close_output() {
    OUTPUT_CLOSED.store(true, Ordering::Relaxed);
    // SAFETY: nothing writes to it any more.
    unsafe { rustix::io::close(1) };
}

/// Writes all bytes to standard output; false when that fails.
pub fn write_output(bytes: &[u8]) -> bool {
    !OUTPUT_CLOSED.load(Ordering::Relaxed) && write_all(1, bytes)
}

/// Writes all bytes to standard error, as far as that is possible.
pub fn write_error(bytes: &[u8]) {
    let _ = write_all(2, bytes);
}

fn write_all(fd: i32, mut bytes: &[u8]) -> bool {
    // SAFETY: the number stands for a standard stream for as long as this call lasts; when it is
    // closed the write fails.
    let fd = unsafe { BorrowedFd::borrow_raw(fd) };
    while !bytes.is_empty() {
        match rustix::io::write(fd, bytes) {
            Ok(0) => return false,
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => wait_writable(fd),
            Err(_) => return false,
        }
    }
    true
}

/// Waits until a stream that does not block takes more bytes.
fn wait_writable(fd: BorrowedFd<'_>) {
    let _ = poll::wait(&mut [poll::Entry::writable(fd)], None);
}

/// The limit on the process's address space in bytes, if there is one.
pub fn address_space_limit() -> Option<u64> {
    getrlimit(Resource::As).current
}

/// The limit on the process's writable memory in bytes, if there is one.
pub fn data_limit() -> Option<u64> {
    getrlimit(Resource::Data).current
}

/// Limits the size of the files that the process writes, for good; never raises a limit.
pub fn limit_file_size(bytes: u64) {
    let limits = getrlimit(Resource::Fsize);
    let least = [limits.current, limits.maximum]
        .into_iter()
        .flatten()
        .fold(bytes, u64::min);
    let limit = Rlimit {
        current: Some(least),
        maximum: Some(least),
    };
    // Lowering a limit is always allowed.
    let _ = setrlimit(Resource::Fsize, limit);
}
