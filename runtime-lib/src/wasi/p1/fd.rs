//! Open files: their properties, positions and numbers.

use super::Wasi;
use super::errno::Errno;
use super::types::{FdFlags, Fdstat, Filestat, Filetype, FstFlags, Prestat, Rights};
use crate::guest::pointer::GuestMemory;
use crate::host::descriptors::Kind;
use crate::sys::fs::{self, Advice, Modes, SetTime, Stat, Whence};
use crate::sys::net;

/// Tells the system how a range of a file will be used.
pub fn fd_advise(
    wasi: &Wasi,
    _: &GuestMemory<'_>,
    fd: u32,
    offset: u64,
    len: u64,
    advice: u32,
) -> Result<(), Errno> {
    let descriptor = wasi.fds.get(fd)?;
    if descriptor.kind() == Kind::Directory {
        return Err(Errno::BADF);
    }
    descriptor.require(Rights::FD_ADVISE)?;
    let advice = match advice {
        0 => Advice::Normal,
        1 => Advice::Sequential,
        2 => Advice::Random,
        3 => Advice::WillNeed,
        4 => Advice::DontNeed,
        5 => Advice::NoReuse,
        _ => return Err(Errno::INVAL),
    };
    // The kernel's offsets are signed.
    if i64::try_from(offset).is_err() || i64::try_from(len).is_err() {
        return Err(Errno::INVAL);
    }
    Ok(fs::advise(descriptor.host(), offset, len, advice)?)
}

/// Makes sure that a range of a file has room on the disk.
pub fn fd_allocate(
    wasi: &Wasi,
    _: &GuestMemory<'_>,
    fd: u32,
    offset: u64,
    len: u64,
) -> Result<(), Errno> {
    let descriptor = wasi.fds.get(fd)?;
    if descriptor.kind() == Kind::Directory {
        return Err(Errno::BADF);
    }
    descriptor.require(Rights::FD_ALLOCATE)?;
    if len == 0 {
        return Err(Errno::INVAL);
    }
    Ok(fs::allocate(descriptor.host(), offset, len)?)
}

/// Makes the number free.
pub fn fd_close(wasi: &Wasi, _: &GuestMemory<'_>, fd: u32) -> Result<(), Errno> {
    wasi.fds.close(fd)
}

/// Writes a file's data to the disk.
pub fn fd_datasync(wasi: &Wasi, _: &GuestMemory<'_>, fd: u32) -> Result<(), Errno> {
    let descriptor = wasi.fds.get_with(fd, Rights::FD_DATASYNC)?;
    Ok(fs::sync_data(descriptor.host())?)
}

/// Writes a file's data and metadata to the disk.
pub fn fd_sync(wasi: &Wasi, _: &GuestMemory<'_>, fd: u32) -> Result<(), Errno> {
    let descriptor = wasi.fds.get_with(fd, Rights::FD_SYNC)?;
    Ok(fs::sync(descriptor.host())?)
}

/// Writes what a descriptor is and may be used for.
pub fn fd_fdstat_get(
    wasi: &Wasi,
    memory: &GuestMemory<'_>,
    fd: u32,
    stat: u32,
) -> Result<(), Errno> {
    let descriptor = wasi.fds.get(fd)?;
    let place = memory.ptr::<Fdstat>(stat)?;
    let host = descriptor.host();
    let access = descriptor.access();
    let mut base = access.base;
    let filetype = match access.kind {
        Kind::Directory => Filetype::Directory,
        Kind::File => Filetype::RegularFile,
        _ => match fs::stat(host)?.kind {
            fs::Kind::Socket => socket_type(net::is_stream(host)),
            kind => filetype(kind),
        },
    };
    // The guest's C library takes a character device that cannot seek for a terminal.
    let may_be_terminal = filetype == Filetype::CharacterDevice;
    if may_be_terminal && fs::is_terminal(host) {
        base = base & !(Rights::FD_SEEK | Rights::FD_TELL);
    }
    place.write(Fdstat {
        filetype: filetype as u8,
        padding: 0,
        flags: fd_flags(fs::modes(host)?).0,
        padding2: 0,
        rights_base: base.0.into(),
        rights_inheriting: access.inheriting.0.into(),
    });
    Ok(())
}

/// Sets whether a descriptor appends and whether it blocks.
///
/// Linux cannot change whether writes are synchronous: asking for that fails.
pub fn fd_fdstat_set_flags(
    wasi: &Wasi,
    _: &GuestMemory<'_>,
    fd: u32,
    flags: u32,
) -> Result<(), Errno> {
    let descriptor = wasi.fds.get_with(fd, Rights::FD_FDSTAT_SET_FLAGS)?;
    let wanted = modes(flags)?;
    let current = fs::modes(descriptor.host())?;
    if wanted.sync && !current.sync || wanted.dsync && !(current.dsync || current.sync) {
        return Err(Errno::NOTSUP);
    }
    Ok(fs::set_modes(descriptor.host(), wanted)?)
}

/// Takes rights away from a descriptor.
pub fn fd_fdstat_set_rights(
    wasi: &Wasi,
    _: &GuestMemory<'_>,
    fd: u32,
    rights_base: u64,
    rights_inheriting: u64,
) -> Result<(), Errno> {
    let known = u64::from(Rights::ALL.0);
    if (rights_base | rights_inheriting) & !known != 0 {
        wasi.fds.get(fd)?;
        return Err(Errno::NOTCAPABLE);
    }
    let base = Rights::from_guest(rights_base);
    let inheriting = Rights::from_guest(rights_inheriting);
    wasi.fds.shrink_rights(fd, base, inheriting)
}

/// Writes what is known about an open file.
pub fn fd_filestat_get(
    wasi: &Wasi,
    memory: &GuestMemory<'_>,
    fd: u32,
    buf: u32,
) -> Result<(), Errno> {
    let descriptor = wasi.fds.get_with(fd, Rights::FD_FILESTAT_GET)?;
    let place = memory.ptr::<Filestat>(buf)?;
    let host = descriptor.host();
    let stat = fs::stat(host)?;
    let mut filestat = filestat(&stat);
    if stat.kind == fs::Kind::Socket {
        filestat.filetype = socket_type(net::is_stream(host)) as u8;
    }
    place.write(filestat);
    Ok(())
}

/// Sets the size of an open file.
pub fn fd_filestat_set_size(
    wasi: &Wasi,
    _: &GuestMemory<'_>,
    fd: u32,
    size: u64,
) -> Result<(), Errno> {
    let descriptor = wasi.fds.get_with(fd, Rights::FD_FILESTAT_SET_SIZE)?;
    if i64::try_from(size).is_err() {
        return Err(Errno::FBIG);
    }
    Ok(fs::set_size(descriptor.host(), size)?)
}

/// Sets the times of an open file.
pub fn fd_filestat_set_times(
    wasi: &Wasi,
    _: &GuestMemory<'_>,
    fd: u32,
    atim: u64,
    mtim: u64,
    fst_flags: u32,
) -> Result<(), Errno> {
    let descriptor = wasi.fds.get_with(fd, Rights::FD_FILESTAT_SET_TIMES)?;
    let (accessed, modified) = set_times(atim, mtim, fst_flags)?;
    descriptor.require_writable()?;
    Ok(fs::set_times(descriptor.host(), accessed, modified)?)
}

/// Writes the kind of a granted folder and the length of its name.
pub fn fd_prestat_get(
    wasi: &Wasi,
    memory: &GuestMemory<'_>,
    fd: u32,
    buf: u32,
) -> Result<(), Errno> {
    let name = wasi.fds.preopen_name(fd)?;
    memory.ptr::<Prestat>(buf)?.write(Prestat {
        tag: 0,
        padding: [0; 3],
        name_len: name.len() as u32,
    });
    Ok(())
}

/// Writes the name of a granted folder, without NUL.
pub fn fd_prestat_dir_name(
    wasi: &Wasi,
    memory: &GuestMemory<'_>,
    fd: u32,
    path: u32,
    path_len: u32,
) -> Result<(), Errno> {
    let name = wasi.fds.preopen_name(fd)?;
    let buffer = memory.slice(path, path_len)?;
    if buffer.len() < name.len() {
        return Err(Errno::NAMETOOLONG);
    }
    buffer.copy_from(name);
    Ok(())
}

/// Makes the number `to` stand for what `fd` stands for, and `fd` free.
pub fn fd_renumber(wasi: &Wasi, _: &GuestMemory<'_>, fd: u32, to: u32) -> Result<(), Errno> {
    wasi.fds.renumber(fd, to)
}

/// Moves the position in a file, and writes the new one.
pub fn fd_seek(
    wasi: &Wasi,
    memory: &GuestMemory<'_>,
    fd: u32,
    offset: u64,
    whence: u32,
    newoffset: u32,
) -> Result<(), Errno> {
    let offset = offset as i64;
    let (whence, rights) = match whence {
        0 => (Whence::Start, Rights::FD_SEEK),
        // Asking where it is is not seeking.
        1 if offset == 0 => (Whence::Current, Rights::FD_TELL),
        1 => (Whence::Current, Rights::FD_SEEK),
        2 => (Whence::End, Rights::FD_SEEK),
        _ => return Err(Errno::INVAL),
    };
    seek(wasi, memory, fd, (offset, whence), rights, newoffset)
}

/// Writes the position in a file.
pub fn fd_tell(wasi: &Wasi, memory: &GuestMemory<'_>, fd: u32, offset: u32) -> Result<(), Errno> {
    let here = (0, Whence::Current);
    seek(wasi, memory, fd, here, Rights::FD_TELL, offset)
}

fn seek(
    wasi: &Wasi,
    memory: &GuestMemory<'_>,
    fd: u32,
    (offset, whence): (i64, Whence),
    rights: Rights,
    new_offset: u32,
) -> Result<(), Errno> {
    let descriptor = wasi.fds.get(fd)?;
    match descriptor.kind() {
        // The position in a directory is the kernel's affair: see `fd_readdir`.
        Kind::Directory => return Err(Errno::BADF),
        Kind::Socket => return Err(Errno::SPIPE),
        _ => descriptor.require(rights)?,
    }
    let place = memory.ptr::<u64>(new_offset)?;
    place.write(fs::seek(descriptor.host(), offset, whence)?);
    Ok(())
}

/// The type of a file; a socket's is found out by [`socket_type`].
pub(super) fn filetype(kind: fs::Kind) -> Filetype {
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

fn socket_type(is_stream: bool) -> Filetype {
    if is_stream {
        Filetype::SocketStream
    } else {
        Filetype::SocketDgram
    }
}

/// The layout of what is known about a file.
pub(super) fn filestat(stat: &Stat) -> Filestat {
    Filestat {
        dev: stat.device,
        ino: stat.inode,
        filetype: filetype(stat.kind) as u8,
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
