//! Standard streams: what a pipe would allow, and nothing that others notice.

use super::*;
use crate::host::descriptors::FdTable;
use crate::host::stream;
use crate::wasi::p1::types::{FdFlags, Filetype};
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};

const NONBLOCK: u32 = FdFlags::NONBLOCK.0 as u32;
const APPEND: u32 = FdFlags::APPEND.0 as u32;

/// A guest whose standard input is `input` and whose standard output is `output`.
fn guest(input: &impl std::os::fd::AsRawFd, output: &impl std::os::fd::AsRawFd) -> Guest {
    let mut guest = Guest::new();
    guest.system.fds = FdTable::new();
    let fds = &guest.system.fds;
    for (number, rights) in [
        (input.as_raw_fd(), Rights::FD_READ),
        (output.as_raw_fd(), Rights::FD_WRITE),
    ] {
        let others = stream::RIGHTS.intersection_without(Rights::FD_READ | Rights::FD_WRITE);
        fds.insert_stdio(number, others | rights).unwrap();
    }
    guest
}

fn set_flags(guest: &Guest, fd: u32, flags: u32) -> Result<(), Errno> {
    fd_fdstat_set_flags(&guest.system, &guest.memory(), fd, flags)
}

/// The flags of the host's open file description.
fn host_flags(fd: &impl std::os::fd::AsRawFd) -> rustix::fs::OFlags {
    rustix::fs::fcntl_getfl(borrowed(fd)).unwrap()
}

/// A descriptor of the standard library as one of rustix.
fn borrowed(fd: &impl std::os::fd::AsRawFd) -> rustix::fd::BorrowedFd<'_> {
    // SAFETY: it is open for as long as it is borrowed.
    unsafe { rustix::fd::BorrowedFd::borrow_raw(fd.as_raw_fd()) }
}

#[test]
fn a_file_that_is_a_stream_keeps_its_position_size_times_and_flags() {
    let folder = Folder::new();
    let path = folder.join("log");
    std::fs::write(&path, "old text").unwrap();
    let mut log = OpenOptions::new()
        .read(true)
        .append(true)
        .open(&path)
        .unwrap();
    log.seek(SeekFrom::Start(3)).unwrap();
    let mut guest = guest(&log, &log);
    let before = std::fs::metadata(&path).unwrap();
    for fd in [0, 1] {
        assert_eq!(guest.seek(fd, 0, 0), Err(Errno::SPIPE));
        assert_eq!(guest.tell(fd), Err(Errno::SPIPE));
        let memory = guest.memory();
        let wasi = &guest.system;
        assert_eq!(
            fd_filestat_set_size(wasi, &memory, fd, 0),
            Err(Errno::NOTCAPABLE)
        );
        assert_eq!(
            fd_filestat_set_times(wasi, &memory, fd, 1, 1, 5),
            Err(Errno::NOTCAPABLE)
        );
        assert_eq!(
            fd_allocate(wasi, &memory, fd, 0, 100),
            Err(Errno::NOTCAPABLE)
        );
        assert_eq!(
            fd_advise(wasi, &memory, fd, 0, 1, 4),
            Err(Errno::NOTCAPABLE)
        );
        assert_eq!(fd_sync(wasi, &memory, fd), Err(Errno::NOTCAPABLE));
        assert_eq!(fd_datasync(wasi, &memory, fd), Err(Errno::NOTCAPABLE));
        // That it appends is the shell's wish.
        assert_eq!(set_flags(&guest, fd, 0), Err(Errno::NOTSUP));
        assert_eq!(set_flags(&guest, fd, APPEND | NONBLOCK), Ok(()));
        let stat = guest.fdstat(fd).unwrap();
        assert_eq!(u32::from(stat.flags), APPEND | NONBLOCK);
        assert_eq!(stat.filetype, Filetype::RegularFile as u8);
        assert_eq!(guest.filestat(fd).unwrap().size, 8);
    }
    assert_eq!(guest.pread(0, 4, 0), Err(Errno::SPIPE));
    assert_eq!(guest.pwrite(1, b"new", 0), Err(Errno::SPIPE));
    assert_eq!(log.stream_position().unwrap(), 3);
    assert!(!host_flags(&log).contains(rustix::fs::OFlags::NONBLOCK));
    assert!(host_flags(&log).contains(rustix::fs::OFlags::APPEND));
    let after = std::fs::metadata(&path).unwrap();
    assert_eq!(after.modified().unwrap(), before.modified().unwrap());
    assert_eq!(guest.write(1, b" new"), Ok(4));
    assert_eq!(std::fs::read(&path).unwrap(), b"old text new");
}

#[test]
fn not_blocking_is_the_guests_own_affair() {
    let (input, mut to_guest) = std::io::pipe().unwrap();
    let (mut from_guest, output) = std::io::pipe().unwrap();
    let mut guest = guest(&input, &output);
    assert_eq!(set_flags(&guest, 0, NONBLOCK), Ok(()));
    assert_eq!(set_flags(&guest, 1, NONBLOCK), Ok(()));
    assert_eq!(guest.fdstat(0).unwrap().flags, FdFlags::NONBLOCK.0);
    assert_eq!(guest.read(0, 10), Err(Errno::AGAIN));
    to_guest.write_all(b"some").unwrap();
    assert_eq!(guest.read(0, 10).unwrap(), b"some");
    assert_eq!(guest.read(0, 10), Err(Errno::AGAIN));
    // A full pipe: as much as it takes, then no more.
    let chunk = vec![7; 40_000];
    let mut written = 0;
    loop {
        guest.free = 64;
        match guest.write(1, &chunk) {
            Ok(len) => written += len as usize,
            Err(errno) => {
                assert_eq!(errno, Errno::AGAIN);
                break;
            }
        }
    }
    assert!(written >= 4096, "{written}");
    let mut read = vec![0; written];
    from_guest.read_exact(&mut read).unwrap();
    assert!(read.iter().all(|&byte| byte == 7));
    assert!(!host_flags(&input).contains(rustix::fs::OFlags::NONBLOCK));
    assert!(!host_flags(&output).contains(rustix::fs::OFlags::NONBLOCK));
    // The end of the stream is no reason to try again.
    drop(to_guest);
    guest.free = 64;
    assert_eq!(guest.read(0, 10).unwrap(), b"");
    assert_eq!(set_flags(&guest, 0, 0), Ok(()));
    assert_eq!(guest.fdstat(0).unwrap().flags, 0);
}

/// A description that does not block, as another program may have left it: the guest waits all the
/// same once it has asked to.
#[test]
fn blocking_is_the_guests_own_affair_too() {
    let (input, mut to_guest) = std::io::pipe().unwrap();
    let flags = host_flags(&input) | rustix::fs::OFlags::NONBLOCK;
    rustix::fs::fcntl_setfl(borrowed(&input), flags).unwrap();
    let mut guest = guest(&input, &input);
    assert_eq!(guest.fdstat(0).unwrap().flags, FdFlags::NONBLOCK.0);
    assert_eq!(guest.read(0, 4), Err(Errno::AGAIN));
    assert_eq!(set_flags(&guest, 0, 0), Ok(()));
    assert_eq!(guest.fdstat(0).unwrap().flags, 0);
    let writer = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(30));
        to_guest.write_all(b"late").unwrap();
    });
    assert_eq!(guest.read(0, 4).unwrap(), b"late");
    writer.join().unwrap();
    assert!(host_flags(&input).contains(rustix::fs::OFlags::NONBLOCK));
}

#[test]
fn what_is_no_terminal_is_not_taken_for_one() {
    let null = File::options()
        .read(true)
        .write(true)
        .open("/dev/null")
        .unwrap();
    let mut guest = guest(&null, &null);
    let stat = guest.fdstat(1).unwrap();
    // The guest's C library asks for a character device without the right to seek.
    assert_eq!(stat.filetype, Filetype::Unknown as u8);
    assert_eq!(guest.write(1, b"gone"), Ok(4));
    assert_eq!(guest.read(0, 1).unwrap(), b"");
}
