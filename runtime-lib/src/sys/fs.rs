//! Files: what can be done with an open file, and with an entry of a directory.

use super::path::PathBuffer;
use super::process;
use super::resolve::{Follow, Place, above_stdio, open_beneath};
use crate::sys::lock::Lock;
use core::ffi::CStr;
use core::mem::MaybeUninit;
use core::num::NonZeroU64;
use rustix::fd::{BorrowedFd, IntoRawFd, OwnedFd};
use rustix::fs::{AtFlags, FileType, Mode, OFlags, RawDir, SeekFrom, Timespec, Timestamps};
use rustix::io::Errno;

pub use rustix::fs::Advice;

/// What a file is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// None of the others, or not known.
    Other,
    BlockDevice,
    CharacterDevice,
    Directory,
    Regular,
    Socket,
    Link,
}

impl From<FileType> for Kind {
    fn from(file_type: FileType) -> Kind {
        match file_type {
            FileType::BlockDevice => Kind::BlockDevice,
            FileType::CharacterDevice => Kind::CharacterDevice,
            FileType::Directory => Kind::Directory,
            FileType::RegularFile => Kind::Regular,
            FileType::Socket => Kind::Socket,
            FileType::Symlink => Kind::Link,
            _ => Kind::Other,
        }
    }
}

/// What is known about a file. Times are nanoseconds since 1970.
#[derive(Clone, Copy, Debug)]
pub struct Stat {
    pub kind: Kind,
    pub device: u64,
    pub inode: u64,
    pub links: u64,
    pub size: u64,
    pub accessed: u64,
    pub modified: u64,
    pub changed: u64,
}

#[allow(
    clippy::unnecessary_cast,
    reason = "the types of the fields are not the same on every architecture"
)]
impl From<rustix::fs::Stat> for Stat {
    fn from(stat: rustix::fs::Stat) -> Stat {
        Stat {
            kind: FileType::from_raw_mode(stat.st_mode).into(),
            device: stat.st_dev,
            inode: stat.st_ino,
            links: stat.st_nlink as u64,
            size: stat.st_size as u64,
            accessed: nanoseconds(stat.st_atime as i64, stat.st_atime_nsec as u64),
            modified: nanoseconds(stat.st_mtime as i64, stat.st_mtime_nsec as u64),
            changed: nanoseconds(stat.st_ctime as i64, stat.st_ctime_nsec as u64),
        }
    }
}

/// Nanoseconds since 1970; 0 for what was before, and the greatest number for what is too late.
fn nanoseconds(seconds: i64, nanoseconds: u64) -> u64 {
    let seconds = seconds.max(0) as u64;
    seconds
        .saturating_mul(1_000_000_000)
        .saturating_add(nanoseconds)
}

/// A time to set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SetTime {
    /// Leave it.
    Keep,
    /// The present.
    Now,
    /// Nanoseconds since 1970.
    At(u64),
}

impl From<SetTime> for Timespec {
    fn from(time: SetTime) -> Timespec {
        match time {
            SetTime::Keep => Timespec {
                tv_sec: 0,
                tv_nsec: rustix::fs::UTIME_OMIT,
            },
            SetTime::Now => Timespec {
                tv_sec: 0,
                tv_nsec: rustix::fs::UTIME_NOW,
            },
            SetTime::At(time) => Timespec {
                tv_sec: (time / 1_000_000_000) as i64,
                tv_nsec: (time % 1_000_000_000) as i64,
            },
        }
    }
}

fn timestamps(accessed: SetTime, modified: SetTime) -> Timestamps {
    Timestamps {
        last_access: accessed.into(),
        last_modification: modified.into(),
    }
}

/// `O_DSYNC`. (rustix gives the name to `O_SYNC`, of which it is a part.)
const DSYNC: OFlags = OFlags::from_bits_retain(0o10000);

/// Reading and writing modes of a descriptor.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Modes {
    pub append: bool,
    pub dsync: bool,
    pub nonblock: bool,
    pub sync: bool,
}

impl Modes {
    fn flags(self) -> OFlags {
        let mut flags = OFlags::empty();
        flags.set(OFlags::APPEND, self.append);
        flags.set(OFlags::NONBLOCK, self.nonblock);
        if self.sync {
            flags |= OFlags::SYNC;
        } else if self.dsync {
            flags |= DSYNC;
        }
        flags
    }
}

/// How to open a file.
#[derive(Clone, Copy, Debug)]
pub struct Open {
    pub follow: Follow,
    pub read: bool,
    pub write: bool,
    pub create: bool,
    pub exclusive: bool,
    pub truncate: bool,
    pub directory: bool,
    pub modes: Modes,
}

/// Opens a file within `dir`. New files are for everyone, less the umask.
pub fn open(dir: BorrowedFd<'_>, path: &PathBuffer, how: Open) -> Result<OwnedFd, Errno> {
    let mut flags = how.modes.flags();
    flags |= match (how.read, how.write) {
        (_, false) => OFlags::RDONLY,
        (false, true) => OFlags::WRONLY,
        (true, true) => OFlags::RDWR,
    };
    flags.set(OFlags::NOFOLLOW, how.follow == Follow::No);
    flags.set(OFlags::CREATE, how.create);
    flags.set(OFlags::EXCL, how.create && how.exclusive);
    flags.set(OFlags::TRUNC, how.truncate);
    flags.set(OFlags::DIRECTORY, how.directory);
    open_beneath(dir, path.as_c_str(), flags, Mode::from_raw_mode(0o666))
}

/// Opens a folder of the host, for a grant; only as a starting point when it may not be listed.
pub fn open_grant(path: &CStr) -> Result<OwnedFd, Errno> {
    let flags = OFlags::DIRECTORY | OFlags::CLOEXEC;
    let fd = match rustix::fs::open(path, flags, Mode::empty()) {
        Err(Errno::ACCESS) => {
            let fd = rustix::fs::open(path, flags | OFlags::PATH, Mode::empty())?;
            // Fails when nothing in it may be used either.
            rustix::fs::openat(fd, c".", flags | OFlags::PATH, Mode::empty())?
        }
        result => result?,
    };
    above_stdio(fd)
}

/// Opens a file of the host as a name only: neither to read nor to write.
pub fn open_path(path: &CStr) -> Result<OwnedFd, Errno> {
    rustix::fs::open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())
}

/// Closes a standard stream. The runtime keeps standard error to itself when the guest closes it.
///
/// Nothing takes the number: everything that is opened is [above](above_stdio) them.
pub fn close_stdio(number: i32) {
    match number {
        2 => {}
        1 => process::close_output(),
        // SAFETY: the guest's last reference is gone, and the runtime never reads from it.
        _ => unsafe { close(number) },
    }
}

/// Closes a descriptor.
///
/// # Safety
/// Nothing may use the number any more.
pub unsafe fn close(number: i32) {
    // SAFETY: the caller vouches for the number.
    unsafe { rustix::io::close(number) }
}

/// The number of a descriptor that is henceforth the caller's to close.
pub fn into_number(fd: OwnedFd) -> i32 {
    fd.into_raw_fd()
}

/// What is known about an open file.
pub fn stat(fd: BorrowedFd<'_>) -> Result<Stat, Errno> {
    Ok(rustix::fs::fstat(fd)?.into())
}

/// What is known about an entry.
pub fn stat_at(place: &Place<'_>) -> Result<Stat, Errno> {
    stat_name(place.dir(), place.name())
}

fn stat_name(dir: BorrowedFd<'_>, name: &CStr) -> Result<Stat, Errno> {
    Ok(rustix::fs::statat(dir, name, AtFlags::SYMLINK_NOFOLLOW)?.into())
}

/// Whether an open file is a terminal.
pub fn is_terminal(fd: BorrowedFd<'_>) -> bool {
    rustix::termios::isatty(fd)
}

/// The modes of an open file.
pub fn modes(fd: BorrowedFd<'_>) -> Result<Modes, Errno> {
    let flags = rustix::fs::fcntl_getfl(fd)?;
    let sync = flags.contains(OFlags::SYNC);
    Ok(Modes {
        append: flags.contains(OFlags::APPEND),
        dsync: !sync && flags.contains(DSYNC),
        nonblock: flags.contains(OFlags::NONBLOCK),
        sync,
    })
}

/// Sets the modes of an open file that can change: append and nonblock.
pub fn set_modes(fd: BorrowedFd<'_>, modes: Modes) -> Result<(), Errno> {
    let kept = rustix::fs::fcntl_getfl(fd)? & !(OFlags::APPEND | OFlags::NONBLOCK);
    let mut flags = kept;
    flags.set(OFlags::APPEND, modes.append);
    flags.set(OFlags::NONBLOCK, modes.nonblock);
    rustix::fs::fcntl_setfl(fd, flags)
}

/// Where to seek from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Whence {
    Start,
    Current,
    End,
}

/// Moves the position of an open file: the new one.
pub fn seek(fd: BorrowedFd<'_>, offset: i64, whence: Whence) -> Result<u64, Errno> {
    let position = match whence {
        Whence::Start => SeekFrom::Start(u64::try_from(offset).map_err(|_| Errno::INVAL)?),
        Whence::Current => SeekFrom::Current(offset),
        Whence::End => SeekFrom::End(offset),
    };
    rustix::fs::seek(fd, position)
}

/// Tells the kernel how a range of a file will be used; the rest of it when `len` is 0.
pub fn advise(fd: BorrowedFd<'_>, offset: u64, len: u64, advice: Advice) -> Result<(), Errno> {
    rustix::fs::fadvise(fd, offset, NonZeroU64::new(len), advice)
}

/// Makes sure that a range of a file has room on the disk.
pub fn allocate(fd: BorrowedFd<'_>, offset: u64, len: u64) -> Result<(), Errno> {
    rustix::fs::fallocate(fd, rustix::fs::FallocateFlags::empty(), offset, len)
}

/// Writes data and metadata to the disk.
pub fn sync(fd: BorrowedFd<'_>) -> Result<(), Errno> {
    rustix::fs::fsync(fd)
}

/// Writes data to the disk.
pub fn sync_data(fd: BorrowedFd<'_>) -> Result<(), Errno> {
    rustix::fs::fdatasync(fd)
}

/// Sets the size of a file.
pub fn set_size(fd: BorrowedFd<'_>, size: u64) -> Result<(), Errno> {
    rustix::fs::ftruncate(fd, size)
}

/// Sets the times of an open file.
pub fn set_times(fd: BorrowedFd<'_>, accessed: SetTime, modified: SetTime) -> Result<(), Errno> {
    rustix::fs::futimens(fd, &timestamps(accessed, modified))
}

/// Sets the times of an entry.
pub fn set_times_at(place: &Place<'_>, accessed: SetTime, modified: SetTime) -> Result<(), Errno> {
    let times = timestamps(accessed, modified);
    rustix::fs::utimensat(place.dir(), place.name(), &times, AtFlags::SYMLINK_NOFOLLOW)
}

/// Bytes that can be read without waiting.
pub fn readable_bytes(fd: BorrowedFd<'_>) -> Result<u64, Errno> {
    rustix::io::ioctl_fionread(fd)
}

/// Makes a directory for everyone, less the umask.
pub fn create_directory(place: &Place<'_>) -> Result<(), Errno> {
    rustix::fs::mkdirat(place.dir(), place.name(), Mode::from_raw_mode(0o777))
}

/// Removes a directory.
pub fn remove_directory(place: &Place<'_>) -> Result<(), Errno> {
    rustix::fs::unlinkat(place.dir(), place.name(), AtFlags::REMOVEDIR)
}

/// Removes an entry that is no directory.
pub fn unlink(place: &Place<'_>) -> Result<(), Errno> {
    rustix::fs::unlinkat(place.dir(), place.name(), AtFlags::empty())
}

/// Makes a symbolic link.
pub fn symlink(text: &PathBuffer, place: &Place<'_>) -> Result<(), Errno> {
    rustix::fs::symlinkat(text.as_c_str(), place.dir(), place.name())
}

/// Makes another entry for a file.
pub fn link(old: &Place<'_>, new: &Place<'_>) -> Result<(), Errno> {
    rustix::fs::linkat(
        old.dir(),
        old.name(),
        new.dir(),
        new.name(),
        AtFlags::empty(),
    )
}

/// Renames an entry.
pub fn rename(old: &Place<'_>, new: &Place<'_>) -> Result<(), Errno> {
    rustix::fs::renameat(old.dir(), old.name(), new.dir(), new.name())
}

/// Reads the text of a symbolic link into `buffer`, as far as it fits.
pub fn read_link<'b>(
    place: &Place<'_>,
    buffer: &'b mut [MaybeUninit<u8>],
) -> Result<&'b [u8], Errno> {
    let (text, _) = rustix::fs::readlinkat_raw(place.dir(), place.name(), buffer)?;
    Ok(text)
}

/// An entry of a directory.
pub struct DirectoryEntry<'a> {
    pub name: &'a [u8],
    pub inode: u64,
    pub kind: Kind,
    /// Where the next entry begins, for [`list`].
    pub next: u64,
}

/// Calls `visit` with the entries of a directory from `position` on (0, or a `next`), until it
/// says stop.
pub fn list(
    fd: BorrowedFd<'_>,
    position: u64,
    mut visit: impl FnMut(DirectoryEntry<'_>) -> core::ops::ControlFlow<()>,
) -> Result<(), Errno> {
    // The position in a directory is shared by all who use the descriptor: nobody may move it
    // between the two system calls.
    static LISTING: Lock<()> = Lock::new(());
    let position = i64::try_from(position).map_err(|_| Errno::INVAL)?;
    LISTING.with(|()| list_from(fd, position as u64, &mut visit))
}

fn list_from(
    fd: BorrowedFd<'_>,
    position: u64,
    visit: &mut impl FnMut(DirectoryEntry<'_>) -> core::ops::ControlFlow<()>,
) -> Result<(), Errno> {
    rustix::fs::seek(fd, SeekFrom::Start(position))?;
    let mut buffer = [MaybeUninit::uninit(); 8192];
    let mut entries = RawDir::new(fd, &mut buffer);
    while let Some(entry) = entries.next() {
        let entry = entry?;
        let kind = match (entry.file_name().to_bytes(), entry.file_type()) {
            (b"." | b"..", _) => Kind::Directory,
            // Some file systems do not tell.
            (_, FileType::Unknown) => {
                stat_name(fd, entry.file_name()).map_or(Kind::Other, |stat| stat.kind)
            }
            (_, file_type) => file_type.into(),
        };
        let flow = visit(DirectoryEntry {
            name: entry.file_name().to_bytes(),
            inode: entry.ino(),
            kind,
            next: entry.next_entry_cookie(),
        });
        if flow.is_break() {
            break;
        }
    }
    Ok(())
}
