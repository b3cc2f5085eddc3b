//! Open files: their properties, positions and numbers.

use super::errno::Errno;
use super::types::{
    FdFlags, Fdstat, Filestat, Filetype, FstFlags, Prestat, rights_for_guest, rights_from_guest,
};
use crate::guest::pointer::GuestMemory;
use crate::host::descriptors::Kind;
use crate::host::files;
use crate::host::rights::Rights;
use crate::host::system::System;
use crate::sys::fs::{self, Advice, Modes, SetTime, Stat, Whence};

/// Tells the system how a range of a file will be used.
pub fn fd_advise(
    system: &System,
    _: &GuestMemory<'_>,
    fd: u32,
    offset: u64,
    len: u64,
    advice: u32,
) -> Result<(), Errno> {
    let descriptor = system.fds.get(fd)?;
    let advice = match advice {
        0 => Advice::Normal,
        1 => Advice::Sequential,
        2 => Advice::Random,
        3 => Advice::WillNeed,
        4 => Advice::DontNeed,
        5 => Advice::NoReuse,
        _ => return Err(Errno::INVAL),
    };
    Ok(files::advise(&descriptor, offset, len, advice)?)
}

/// Makes sure that a range of a file has room on the disk.
pub fn fd_allocate(
    system: &System,
    _: &GuestMemory<'_>,
    fd: u32,
    offset: u64,
    len: u64,
) -> Result<(), Errno> {
    let descriptor = system.fds.get(fd)?;
    Ok(files::allocate(&descriptor, offset, len)?)
}

/// Makes the number free.
pub fn fd_close(system: &System, _: &GuestMemory<'_>, fd: u32) -> Result<(), Errno> {
    Ok(system.fds.close(fd)?)
}

/// Writes a file's data to the disk.
pub fn fd_datasync(system: &System, _: &GuestMemory<'_>, fd: u32) -> Result<(), Errno> {
    let descriptor = system.fds.get(fd)?;
    Ok(files::sync_data(&descriptor)?)
}

/// Writes a file's data and metadata to the disk.
pub fn fd_sync(system: &System, _: &GuestMemory<'_>, fd: u32) -> Result<(), Errno> {
    let descriptor = system.fds.get(fd)?;
    Ok(files::sync(&descriptor)?)
}

/// Writes what a descriptor is and may be used for.
pub fn fd_fdstat_get(
    system: &System,
    memory: &GuestMemory<'_>,
    fd: u32,
    stat: u32,
) -> Result<(), Errno> {
    let descriptor = system.fds.get(fd)?;
    let place = memory.ptr::<Fdstat>(stat)?;
    let host = descriptor.host();
    let access = descriptor.access();
    let mut base = access.base;
    let mut filetype = filetype(files::file_type(&descriptor)?);
    // The guest's C library takes a character device that cannot seek for a terminal.
    if filetype == Filetype::CharacterDevice {
        if fs::is_terminal(host) {
            base = base & !(Rights::FD_SEEK | Rights::FD_TELL);
        } else if access.kind == Kind::Stdio {
            filetype = Filetype::Unknown;
        }
    }
    place.write(Fdstat {
        filetype: filetype as u8,
        padding: 0,
        flags: fd_flags(files::modes(&descriptor)?).0,
        padding2: 0,
        rights_base: rights_for_guest(base),
        rights_inheriting: rights_for_guest(access.inheriting),
    });
    Ok(())
}

/// Sets whether a descriptor appends and whether it blocks.
///
/// Linux cannot change whether writes are synchronous: asking for that fails. Whether a standard
/// stream appends is not the guest's to change, and whether it blocks holds for the guest alone.
pub fn fd_fdstat_set_flags(
    system: &System,
    _: &GuestMemory<'_>,
    fd: u32,
    flags: u32,
) -> Result<(), Errno> {
    let descriptor = system.fds.get_with(fd, Rights::FD_FDSTAT_SET_FLAGS)?;
    Ok(files::set_modes(&descriptor, modes(flags)?)?)
}

/// Takes rights away from a descriptor.
pub fn fd_fdstat_set_rights(
    system: &System,
    _: &GuestMemory<'_>,
    fd: u32,
    rights_base: u64,
    rights_inheriting: u64,
) -> Result<(), Errno> {
    let known = rights_for_guest(Rights::ALL);
    if (rights_base | rights_inheriting) & !known != 0 {
        system.fds.get(fd)?;
        return Err(Errno::NOTCAPABLE);
    }
    let base = rights_from_guest(rights_base);
    let inheriting = rights_from_guest(rights_inheriting);
    Ok(system.fds.shrink_rights(fd, base, inheriting)?)
}

/// Writes what is known about an open file.
pub fn fd_filestat_get(
    system: &System,
    memory: &GuestMemory<'_>,
    fd: u32,
    buf: u32,
) -> Result<(), Errno> {
    let descriptor = system.fds.get_with(fd, Rights::FD_FILESTAT_GET)?;
    let place = memory.ptr::<Filestat>(buf)?;
    let (stat, is) = files::stat(&descriptor)?;
    let mut filestat = filestat(&stat);
    filestat.filetype = filetype(is) as u8;
    place.write(filestat);
    Ok(())
}

/// Sets the size of an open file.
pub fn fd_filestat_set_size(
    system: &System,
    _: &GuestMemory<'_>,
    fd: u32,
    size: u64,
) -> Result<(), Errno> {
    let descriptor = system.fds.get(fd)?;
    Ok(files::set_size(&descriptor, size)?)
}

/// Sets the times of an open file.
pub fn fd_filestat_set_times(
    system: &System,
    _: &GuestMemory<'_>,
    fd: u32,
    atim: u64,
    mtim: u64,
    fst_flags: u32,
) -> Result<(), Errno> {
    let descriptor = system.fds.get_with(fd, Rights::FD_FILESTAT_SET_TIMES)?;
    let (accessed, modified) = set_times(atim, mtim, fst_flags)?;
    Ok(files::set_times(&descriptor, accessed, modified)?)
}

/// Writes the kind of a granted folder and the length of its name.
pub fn fd_prestat_get(
    system: &System,
    memory: &GuestMemory<'_>,
    fd: u32,
    buf: u32,
) -> Result<(), Errno> {
    let name = system.fds.preopen_name(fd)?;
    memory.ptr::<Prestat>(buf)?.write(Prestat {
        tag: 0,
        padding: [0; 3],
        name_len: name.len() as u32,
    });
    Ok(())
}

/// Writes the name of a granted folder, without NUL.
pub fn fd_prestat_dir_name(
    system: &System,
    memory: &GuestMemory<'_>,
    fd: u32,
    path: u32,
    path_len: u32,
) -> Result<(), Errno> {
    let name = system.fds.preopen_name(fd)?;
    let buffer = memory.slice(path, path_len)?;
    if buffer.len() < name.len() {
        return Err(Errno::NAMETOOLONG);
    }
    buffer.copy_from(name);
    Ok(())
}

/// Makes the number `to` stand for what `fd` stands for, and `fd` free.
pub fn fd_renumber(system: &System, _: &GuestMemory<'_>, fd: u32, to: u32) -> Result<(), Errno> {
    Ok(system.fds.renumber(fd, to)?)
}

/// Moves the position in a file, and writes the new one.
pub fn fd_seek(
    system: &System,
    memory: &GuestMemory<'_>,
    fd: u32,
    offset: u64,
    whence: u32,
    newoffset: u32,
) -> Result<(), Errno> {
    let whence = match whence {
        0 => Whence::Start,
        1 => Whence::Current,
        2 => Whence::End,
        _ => return Err(Errno::INVAL),
    };
    seek(system, memory, fd, (offset as i64, whence), newoffset)
}

/// Writes the position in a file.
pub fn fd_tell(
    system: &System,
    memory: &GuestMemory<'_>,
    fd: u32,
    offset: u32,
) -> Result<(), Errno> {
    seek(system, memory, fd, (0, Whence::Current), offset)
}

fn seek(
    system: &System,
    memory: &GuestMemory<'_>,
    fd: u32,
    (offset, whence): (i64, Whence),
    new_offset: u32,
) -> Result<(), Errno> {
    let descriptor = system.fds.get(fd)?;
    files::require_seek(&descriptor, offset, whence)?;
    let place = memory.ptr::<u64>(new_offset)?;
    place.write(files::seek(&descriptor, offset, whence)?);
    Ok(())
}

/// The type of what a descriptor stands for.
fn filetype(is: files::Type) -> Filetype {
    match is {
        files::Type::File(kind) => file_type(kind),
        files::Type::StreamSocket => Filetype::SocketStream,
        files::Type::DatagramSocket => Filetype::SocketDgram,
    }
}

/// The type of a file; a socket's, of which nothing more is known, is that of streams.
pub(super) fn file_type(kind: fs::Kind) -> Filetype {
    match kind {
        fs::Kind::Other => Filetype::Unknown,
        fs::Kind::BlockDevice => Filetype::BlockDevice,
        fs::Kind::CharacterDevice => Filetype::CharacterDevice,
        fs::Kind::Directory => Filetype::Directory,
        fs::Kind::Regular => Filetype::RegularFile,
        fs::Kind::Socket => Filetype::SocketStream,
        fs::Kind::Link => Filetype::SymbolicLink,
    }
}

/// The layout of what is known about a file.
pub(super) fn filestat(stat: &Stat) -> Filestat {
    Filestat {
        dev: stat.device,
        ino: stat.inode,
        filetype: file_type(stat.kind) as u8,
        padding: [0; 7],
        nlink: stat.links,
        size: stat.size,
        atim: stat.accessed,
        mtim: stat.modified,
        ctim: stat.changed,
    }
}

/// The modes that these flags stand for. Linux does not tell RSYNC from SYNC.
pub(super) fn modes(flags: u32) -> Result<Modes, Errno> {
    let flags = FdFlags::from_bits(flags).ok_or(Errno::INVAL)?;
    Ok(Modes {
        append: flags.contains(FdFlags::APPEND),
        dsync: flags.contains(FdFlags::DSYNC),
        nonblock: flags.contains(FdFlags::NONBLOCK),
        sync: flags.intersects(FdFlags::SYNC | FdFlags::RSYNC),
    })
}

fn fd_flags(modes: Modes) -> FdFlags {
    let flag = |is_set: bool, flag: FdFlags| if is_set { flag } else { FdFlags::NONE };
    flag(modes.append, FdFlags::APPEND)
        | flag(modes.dsync, FdFlags::DSYNC)
        | flag(modes.nonblock, FdFlags::NONBLOCK)
        | flag(modes.sync, FdFlags::SYNC)
}

/// The times to set: access, modification.
pub(super) fn set_times(atim: u64, mtim: u64, fst_flags: u32) -> Result<(SetTime, SetTime), Errno> {
    let flags = FstFlags::from_bits(fst_flags).ok_or(Errno::INVAL)?;
    let time =
        |value: u64, at: FstFlags, now: FstFlags| match (flags.contains(at), flags.contains(now)) {
            (true, true) => Err(Errno::INVAL),
            (true, false) => Ok(SetTime::At(value)),
            (false, true) => Ok(SetTime::Now),
            (false, false) => Ok(SetTime::Keep),
        };
    Ok((
        time(atim, FstFlags::ATIM, FstFlags::ATIM_NOW)?,
        time(mtim, FstFlags::MTIM, FstFlags::MTIM_NOW)?,
    ))
}
