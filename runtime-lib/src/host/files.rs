//! What can be done with an open descriptor, if its rights cover it.
//!
//! Offsets and positions are bytes from the start of a file. A descriptor that is not open for
//! reading or writing is a bad one, as on other systems.

use super::descriptors::{FdRef, Kind, Waits};
use super::error::Error;
use super::rights::Rights;
use super::stream;
use crate::sys::fs::{self, Advice, DirectoryEntry, Modes, SetTime, Stat, Whence};
use crate::sys::io::{self, IoVec};
use crate::sys::net;
use crate::sys::poll::Entry;
use core::ops::ControlFlow;
use rustix::io::Errno;

/// What a descriptor stands for, as far as the guest can tell.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Type {
    /// A file of this kind, no socket.
    File(fs::Kind),
    /// A socket that carries a stream of bytes.
    StreamSocket,
    /// A socket that carries datagrams.
    DatagramSocket,
}

/// What a descriptor stands for. Needs no right.
pub fn file_type(descriptor: &FdRef<'_>) -> Result<Type, Error> {
    let kind = match descriptor.kind() {
        Kind::Directory => fs::Kind::Directory,
        Kind::File => fs::Kind::Regular,
        _ => fs::stat(descriptor.host())?.kind,
    };
    Ok(type_of(descriptor, kind))
}

fn type_of(descriptor: &FdRef<'_>, kind: fs::Kind) -> Type {
    match kind {
        fs::Kind::Socket if net::is_stream(descriptor.host()) => Type::StreamSocket,
        fs::Kind::Socket => Type::DatagramSocket,
        kind => Type::File(kind),
    }
}

/// What is known about an open file, and what it is.
pub fn stat(descriptor: &FdRef<'_>) -> Result<(Stat, Type), Error> {
    descriptor.require(Rights::FD_FILESTAT_GET)?;
    let stat = fs::stat(descriptor.host())?;
    Ok((stat, type_of(descriptor, stat.kind)))
}

/// Tells the system how a range of a file will be used: the rest of it when `len` is 0.
pub fn advise(descriptor: &FdRef<'_>, offset: u64, len: u64, advice: Advice) -> Result<(), Error> {
    if descriptor.kind() == Kind::Directory {
        return Err(Errno::BADF.into());
    }
    descriptor.require(Rights::FD_ADVISE)?;
    // The kernel's offsets are signed.
    if i64::try_from(offset).is_err() || i64::try_from(len).is_err() {
        return Err(Errno::INVAL.into());
    }
    Ok(fs::advise(descriptor.host(), offset, len, advice)?)
}

/// Makes sure that a range of a file has room on the disk.
pub fn allocate(descriptor: &FdRef<'_>, offset: u64, len: u64) -> Result<(), Error> {
    if descriptor.kind() == Kind::Directory {
        return Err(Errno::BADF.into());
    }
    descriptor.require(Rights::FD_ALLOCATE)?;
    if len == 0 {
        return Err(Errno::INVAL.into());
    }
    Ok(fs::allocate(descriptor.host(), offset, len)?)
}

/// Writes a file's data to the disk.
pub fn sync_data(descriptor: &FdRef<'_>) -> Result<(), Error> {
    descriptor.require(Rights::FD_DATASYNC)?;
    Ok(fs::sync_data(descriptor.host())?)
}

/// Writes a file's data and metadata to the disk.
pub fn sync(descriptor: &FdRef<'_>) -> Result<(), Error> {
    descriptor.require(Rights::FD_SYNC)?;
    Ok(fs::sync(descriptor.host())?)
}

/// How a descriptor is open, as the guest sees it. Needs no right.
pub fn modes(descriptor: &FdRef<'_>) -> Result<Modes, Error> {
    Ok(stream::modes(descriptor, fs::modes(descriptor.host())?))
}

/// Sets whether a descriptor appends and whether it blocks.
///
/// Linux cannot change whether writes are synchronous: asking for that fails. Standard streams are
/// not changed: see [`stream`].
pub fn set_modes(descriptor: &FdRef<'_>, wanted: Modes) -> Result<(), Error> {
    descriptor.require(Rights::FD_FDSTAT_SET_FLAGS)?;
    let current = fs::modes(descriptor.host())?;
    if wanted.sync && !current.sync || wanted.dsync && !(current.dsync || current.sync) {
        return Err(Errno::NOTSUP.into());
    }
    if descriptor.kind() == Kind::Stdio {
        descriptor.set_waits(stream::waits(wanted, current)?);
        return Ok(());
    }
    Ok(fs::set_modes(descriptor.host(), wanted)?)
}

/// Sets the size of an open file.
pub fn set_size(descriptor: &FdRef<'_>, size: u64) -> Result<(), Error> {
    descriptor.require(Rights::FD_FILESTAT_SET_SIZE)?;
    if i64::try_from(size).is_err() {
        return Err(Errno::FBIG.into());
    }
    Ok(fs::set_size(descriptor.host(), size)?)
}

/// Sets the times of an open file.
pub fn set_times(
    descriptor: &FdRef<'_>,
    accessed: SetTime,
    modified: SetTime,
) -> Result<(), Error> {
    descriptor.require(Rights::FD_FILESTAT_SET_TIMES)?;
    descriptor.require_writable()?;
    Ok(fs::set_times(descriptor.host(), accessed, modified)?)
}

/// Fails unless the position in a file may be moved like this. Asking where it is is not seeking.
pub fn require_seek(descriptor: &FdRef<'_>, offset: i64, whence: Whence) -> Result<(), Error> {
    match (descriptor.kind(), whence, offset) {
        // The position in a directory is the kernel's affair: see `list`.
        (Kind::Directory, ..) => Err(Errno::BADF.into()),
        (Kind::Socket | Kind::Stdio, ..) => Err(Errno::SPIPE.into()),
        (_, Whence::Current, 0) => descriptor.require(Rights::FD_TELL),
        _ => descriptor.require(Rights::FD_SEEK),
    }
}

/// Moves the position in a file: the new one.
pub fn seek(descriptor: &FdRef<'_>, offset: i64, whence: Whence) -> Result<u64, Error> {
    require_seek(descriptor, offset, whence)?;
    Ok(fs::seek(descriptor.host(), offset, whence)?)
}

/// Fails unless a descriptor may be read.
pub fn require_readable(descriptor: &FdRef<'_>) -> Result<(), Error> {
    require_transfer(descriptor, Rights::FD_READ)
}

/// Fails unless a descriptor may be written.
pub fn require_writing(descriptor: &FdRef<'_>) -> Result<(), Error> {
    require_transfer(descriptor, Rights::FD_WRITE)
}

fn require_transfer(descriptor: &FdRef<'_>, rights: Rights) -> Result<(), Error> {
    if descriptor.kind() == Kind::Directory {
        return Err(Errno::ISDIR.into());
    }
    descriptor
        .require(rights)
        .map_err(|_| Error::System(Errno::BADF))
}

/// Fails unless a descriptor may be read and written at offsets, which takes the right to seek;
/// sockets and streams have no offsets.
pub fn require_offsets(descriptor: &FdRef<'_>) -> Result<(), Error> {
    if matches!(descriptor.kind(), Kind::Socket | Kind::Stdio) {
        return Err(Errno::SPIPE.into());
    }
    descriptor.require(Rights::FD_SEEK)
}

/// Reads at the current position, as far as there is something: how many bytes; 0 at the end.
pub fn read(descriptor: &FdRef<'_>, buffers: &[IoVec<'_>]) -> Result<usize, Error> {
    require_readable(descriptor)?;
    Ok(match descriptor.waits() {
        Waits::AsOpened => io::read(descriptor.host(), buffers)?,
        _ => stream::transfer(descriptor, Entry::readable, buffers, io::read)?,
    })
}

/// Writes at the current position: how many bytes.
pub fn write(descriptor: &FdRef<'_>, buffers: &[IoVec<'_>]) -> Result<usize, Error> {
    require_writing(descriptor)?;
    Ok(match descriptor.waits() {
        Waits::AsOpened => io::write(descriptor.host(), buffers)?,
        _ => stream::transfer(descriptor, Entry::writable, buffers, io::write)?,
    })
}

/// Reads at an offset, without moving the position: how many bytes.
pub fn read_at(descriptor: &FdRef<'_>, buffers: &[IoVec<'_>], offset: u64) -> Result<usize, Error> {
    require_readable(descriptor)?;
    require_offsets(descriptor)?;
    Ok(io::read_at(descriptor.host(), buffers, offset)?)
}

/// Writes at an offset, without moving the position: how many bytes. On a file opened to append,
/// Linux appends.
pub fn write_at(
    descriptor: &FdRef<'_>,
    buffers: &[IoVec<'_>],
    offset: u64,
) -> Result<usize, Error> {
    require_writing(descriptor)?;
    require_offsets(descriptor)?;
    Ok(io::write_at(descriptor.host(), buffers, offset)?)
}

/// Fails unless a descriptor is a directory that may be listed.
pub fn require_list(descriptor: &FdRef<'_>) -> Result<(), Error> {
    if descriptor.kind() != Kind::Directory {
        return Err(Errno::NOTDIR.into());
    }
    descriptor.require(Rights::FD_READDIR)
}

/// Calls `visit` with the entries of a directory from `position` on (0, or the `next` of an entry),
/// until it says stop.
pub fn list(
    descriptor: &FdRef<'_>,
    position: u64,
    visit: impl FnMut(DirectoryEntry<'_>) -> ControlFlow<()>,
) -> Result<(), Error> {
    require_list(descriptor)?;
    Ok(fs::list(descriptor.host(), position, visit)?)
}
