//! The process itself: its end, its standard error, its limits.

use crate::arch;
use rustix::fd::BorrowedFd;
use rustix::process::{Resource, getrlimit};

/// Ends the process, all threads included.
pub fn exit(status: i32) -> ! {
    loop {
        // SAFETY: ends the process; no memory is concerned.
        unsafe { arch::syscall(arch::SYS_EXIT_GROUP, status as usize, 0, 0, 0) };
    }
}

/// Whether this is the first process of its PID namespace, which signals do not end by default.
pub fn is_init() -> bool {
    rustix::process::getpid().is_init()
}

/// Writes all bytes to standard output; false when that fails.
pub fn write_output(bytes: &[u8]) -> bool {
    write_all(1, bytes)
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
            Err(rustix::io::Errno::INTR) => {}
            Err(rustix::io::Errno::AGAIN) => wait_writable(fd),
            Err(_) => return false,
        }
    }
    true
}

/// Waits until a stream that does not block takes more bytes.
fn wait_writable(fd: BorrowedFd<'_>) {
    use rustix::event::{PollFd, PollFlags, poll};
    let _ = poll(&mut [PollFd::from_borrowed_fd(fd, PollFlags::OUT)], None);
}

/// The limit on the process's address space in bytes, if there is one.
pub fn address_space_limit() -> Option<u64> {
    getrlimit(Resource::As).current
}

/// The limit on the process's writable memory in bytes, if there is one.
pub fn data_limit() -> Option<u64> {
    getrlimit(Resource::Data).current
}
