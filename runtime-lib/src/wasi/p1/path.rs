//! Files by path. Every path is relative to an open directory, and leads nowhere outside of it:
//! see [`crate::sys::resolve`].

use super::Wasi;
use super::errno::Errno;
use super::fd::{filestat, modes, set_times};
use super::types::{Filestat, LookupFlags, OpenFlags, Rights};
use crate::guest::pointer::GuestMemory;
use crate::host::descriptors::{Access, FdRef, Kind};
use crate::sys::fs::{self, Open};
use crate::sys::path::{PATH_MAX, PathBuffer};
use crate::sys::resolve::{self, Follow, Place};
use core::mem::MaybeUninit;
use rustix::fd::AsFd;

/// Makes a directory.
pub fn path_create_directory(
    wasi: &Wasi,
    memory: &GuestMemory<'_>,
    fd: u32,
    path: u32,
    path_len: u32,
) -> Result<(), Errno> {
    let dir = wasi.fds.get_directory(fd, Rights::PATH_CREATE_DIRECTORY)?;
    let mut buffer = PathBuffer::new();
    read_path(memory, path, path_len, &mut buffer)?;
    dir.require_writable()?;
    let place = resolve::entry(dir.host(), &mut buffer)?;
    Ok(fs::create_directory(&place)?)
}

/// Writes what is known about a file.
pub fn path_filestat_get(
    wasi: &Wasi,
    memory: &GuestMemory<'_>,
    fd: u32,
    flags: u32,
    path: u32,
    path_len: u32,
    buf: u32,
) -> Result<(), Errno> {
    let dir = wasi.fds.get_directory(fd, Rights::PATH_FILESTAT_GET)?;
    let follow = follow(flags)?;
    let buf = memory.ptr::<Filestat>(buf)?;
    let mut buffer = PathBuffer::new();
    read_path(memory, path, path_len, &mut buffer)?;
    let mut stat = fs::stat_at(&resolve::target(dir.host(), &mut buffer, Follow::No)?)?;
    if follow == Follow::Yes && stat.kind == fs::Kind::Link {
        stat = fs::stat_at(&resolve::target(dir.host(), &mut buffer, follow)?)?;
    }
    buf.write(filestat(&stat));
    Ok(())
}

/// Sets the times of a file.
#[expect(clippy::too_many_arguments, reason = "the specification has as many")]
pub fn path_filestat_set_times(
    wasi: &Wasi,
    memory: &GuestMemory<'_>,
    fd: u32,
    flags: u32,
    path: u32,
    path_len: u32,
    atim: u64,
    mtim: u64,
    fst_flags: u32,
) -> Result<(), Errno> {
    let dir = wasi
        .fds
        .get_directory(fd, Rights::PATH_FILESTAT_SET_TIMES)?;
    let follow = follow(flags)?;
    let (accessed, modified) = set_times(atim, mtim, fst_flags)?;
    let mut buffer = PathBuffer::new();
    read_path(memory, path, path_len, &mut buffer)?;
    dir.require_writable()?;
    let place = resolve::target(dir.host(), &mut buffer, follow)?;
    Ok(fs::set_times_at(&place, accessed, modified)?)
}

/// Makes another entry for a file.
///
/// A file does not gain rights by a new name: the new directory must not hand on more than the
/// old one.
#[expect(clippy::too_many_arguments, reason = "the specification has as many")]
pub fn path_link(
    wasi: &Wasi,
    memory: &GuestMemory<'_>,
    old_fd: u32,
    old_flags: u32,
    old_path: u32,
    old_path_len: u32,
    new_fd: u32,
    new_path: u32,
    new_path_len: u32,
) -> Result<(), Errno> {
    let old_dir = wasi.fds.get_directory(old_fd, Rights::PATH_LINK_SOURCE)?;
    let new_dir = wasi.fds.get_directory(new_fd, Rights::PATH_LINK_TARGET)?;
    require_no_gain(&old_dir, &new_dir)?;
    let follow = follow(old_flags)?;
    let mut old_buffer = PathBuffer::new();
    read_path(memory, old_path, old_path_len, &mut old_buffer)?;
    let mut new_buffer = PathBuffer::new();
    read_path(memory, new_path, new_path_len, &mut new_buffer)?;
    let old = resolve::target(old_dir.host(), &mut old_buffer, follow)?;
    let new = resolve::entry(new_dir.host(), &mut new_buffer)?;
    if new.slashes {
        return Err(existing(&new, Errno::EXIST));
    }
    Ok(fs::link(&old, &new)?)
}

/// Opens or creates a file, and writes the number of its descriptor.
///
/// It gets the rights asked for as far as the directory hands them on and they mean something for
/// the file; reading and writing are not left out silently.
#[expect(clippy::too_many_arguments, reason = "the specification has as many")]
pub fn path_open(
    wasi: &Wasi,
    memory: &GuestMemory<'_>,
    fd: u32,
    dirflags: u32,
    path: u32,
    path_len: u32,
    oflags: u32,
    rights_base: u64,
    rights_inheriting: u64,
    fdflags: u32,
    opened_fd: u32,
) -> Result<(), Errno> {
    let dir = wasi.fds.get_directory(fd, Rights::PATH_OPEN)?;
    let follow = follow(dirflags)?;
    let oflags = OpenFlags::from_bits(oflags).ok_or(Errno::INVAL)?;
    let modes = modes(fdflags)?;
    let opened_fd = memory.ptr::<u32>(opened_fd)?;
    let mut buffer = PathBuffer::new();
    read_path(memory, path, path_len, &mut buffer)?;

    let directory = oflags.contains(OpenFlags::DIRECTORY);
    let create = oflags.contains(OpenFlags::CREAT);
    let truncate = oflags.contains(OpenFlags::TRUNC);
    if directory && (create || truncate) {
        return Err(Errno::INVAL);
    }
    if create {
        dir.require(Rights::PATH_CREATE_FILE)?;
    }
    if truncate {
        dir.require(Rights::PATH_FILESTAT_SET_SIZE)?;
    }
    let handed_on = dir.access().inheriting;
    let mut wanted = Rights::from_guest(rights_base);
    if directory {
        // Asking to write to a directory is an error, which the kernel tells.
        wanted = wanted & (Rights::DIRECTORY | Rights::FD_WRITE);
    }
    let transfer = Rights::FD_READ | Rights::FD_WRITE;
    if !handed_on.contains(wanted & transfer) {
        return Err(Errno::NOTCAPABLE);
    }
    let base = wanted & handed_on;
    let write = base.intersects(Rights::WRITING);
    if write || create || truncate {
        dir.require_writable()?;
    }
    let how = Open {
        follow,
        read: base.intersects(Rights::READING) || !write,
        write,
        create,
        exclusive: oflags.contains(OpenFlags::EXCL),
        truncate,
        directory,
        modes,
    };
    let file = fs::open(dir.host(), &buffer, how)?;
    let kind = match directory {
        true => Kind::Directory,
        false => match fs::stat(file.as_fd())?.kind {
            fs::Kind::Directory => Kind::Directory,
            fs::Kind::Regular => Kind::File,
            fs::Kind::Socket => Kind::Socket,
            _ => Kind::Other,
        },
    };
    let access = match kind {
        Kind::Directory => Access {
            base: base & Rights::DIRECTORY,
            inheriting: Rights::from_guest(rights_inheriting) & handed_on,
            kind,
            read_only: dir.access().read_only,
        },
        _ => Access {
            base: base & Rights::FILE,
            inheriting: Rights::NONE,
            kind,
            read_only: dir.access().read_only,
        },
    };
    opened_fd.write(wasi.fds.insert(file, access)?);
    Ok(())
}

/// Writes the text of a symbolic link, as far as it fits.
#[expect(clippy::too_many_arguments, reason = "the specification has as many")]
pub fn path_readlink(
    wasi: &Wasi,
    memory: &GuestMemory<'_>,
    fd: u32,
    path: u32,
    path_len: u32,
    buf: u32,
    buf_len: u32,
    bufused: u32,
) -> Result<(), Errno> {
    let dir = wasi.fds.get_directory(fd, Rights::PATH_READLINK)?;
    let buf = memory.slice(buf, buf_len)?;
    let bufused = memory.ptr::<u32>(bufused)?;
    let mut buffer = PathBuffer::new();
    read_path(memory, path, path_len, &mut buffer)?;
    let place = resolve::target(dir.host(), &mut buffer, Follow::No)?;
    let mut text = [MaybeUninit::uninit(); PATH_MAX];
    let text = fs::read_link(&place, &mut text)?;
    bufused.write(buf.copy_from(text) as u32);
    Ok(())
}

/// Removes an empty directory.
pub fn path_remove_directory(
    wasi: &Wasi,
    memory: &GuestMemory<'_>,
    fd: u32,
    path: u32,
    path_len: u32,
) -> Result<(), Errno> {
    let dir = wasi.fds.get_directory(fd, Rights::PATH_REMOVE_DIRECTORY)?;
    let mut buffer = PathBuffer::new();
    read_path(memory, path, path_len, &mut buffer)?;
    dir.require_writable()?;
    let place = resolve::entry(dir.host(), &mut buffer)?;
    Ok(fs::remove_directory(&place)?)
}

/// Renames a file or directory, replacing what has the new name. As with links, it gains no
/// rights.
#[expect(clippy::too_many_arguments, reason = "the specification has as many")]
pub fn path_rename(
    wasi: &Wasi,
    memory: &GuestMemory<'_>,
    fd: u32,
    old_path: u32,
    old_path_len: u32,
    new_fd: u32,
    new_path: u32,
    new_path_len: u32,
) -> Result<(), Errno> {
    let old_dir = wasi.fds.get_directory(fd, Rights::PATH_RENAME_SOURCE)?;
    let new_dir = wasi.fds.get_directory(new_fd, Rights::PATH_RENAME_TARGET)?;
    require_no_gain(&old_dir, &new_dir)?;
    let mut old_buffer = PathBuffer::new();
    read_path(memory, old_path, old_path_len, &mut old_buffer)?;
    let mut new_buffer = PathBuffer::new();
    read_path(memory, new_path, new_path_len, &mut new_buffer)?;
    let old = resolve::entry(old_dir.host(), &mut old_buffer)?;
    let new = resolve::entry(new_dir.host(), &mut new_buffer)?;
    // A slash at the end of either asks for a directory.
    if (old.slashes || new.slashes) && fs::stat_at(&old)?.kind != fs::Kind::Directory {
        return Err(Errno::NOTDIR);
    }
    Ok(fs::rename(&old, &new)?)
}

/// Makes a symbolic link. One with an absolute text would lead outside, and is refused.
pub fn path_symlink(
    wasi: &Wasi,
    memory: &GuestMemory<'_>,
    old_path: u32,
    old_path_len: u32,
    fd: u32,
    new_path: u32,
    new_path_len: u32,
) -> Result<(), Errno> {
    let dir = wasi.fds.get_directory(fd, Rights::PATH_SYMLINK)?;
    let mut text = PathBuffer::new();
    read_path(memory, old_path, old_path_len, &mut text)?;
    let mut buffer = PathBuffer::new();
    read_path(memory, new_path, new_path_len, &mut buffer)?;
    if text.as_bytes().starts_with(b"/") {
        return Err(Errno::PERM);
    }
    dir.require_writable()?;
    let place = resolve::entry(dir.host(), &mut buffer)?;
    if place.slashes {
        return Err(match existing(&place, Errno::NOTDIR) {
            Errno::ISDIR => Errno::EXIST,
            errno => errno,
        });
    }
    Ok(fs::symlink(&text, &place)?)
}

/// Removes an entry that is no directory.
pub fn path_unlink_file(
    wasi: &Wasi,
    memory: &GuestMemory<'_>,
    fd: u32,
    path: u32,
    path_len: u32,
) -> Result<(), Errno> {
    let dir = wasi.fds.get_directory(fd, Rights::PATH_UNLINK_FILE)?;
    let mut buffer = PathBuffer::new();
    read_path(memory, path, path_len, &mut buffer)?;
    dir.require_writable()?;
    let place = resolve::entry(dir.host(), &mut buffer)?;
    if place.slashes {
        return Err(existing(&place, Errno::NOTDIR));
    }
    Ok(fs::unlink(&place)?)
}

/// Copies a path out of the guest's memory: what is checked is what is used.
fn read_path(
    memory: &GuestMemory<'_>,
    path: u32,
    path_len: u32,
    buffer: &mut PathBuffer,
) -> Result<(), Errno> {
    let path = memory.slice(path, path_len)?;
    Ok(buffer.fill(path.len(), |room| {
        path.copy_to(room);
    })?)
}

fn follow(flags: u32) -> Result<Follow, Errno> {
    let flags = LookupFlags::from_bits(flags).ok_or(Errno::INVAL)?;
    Ok(match flags.contains(LookupFlags::SYMLINK_FOLLOW) {
        true => Follow::Yes,
        false => Follow::No,
    })
}

/// Why an operation on an entry that is no directory cannot be done at a path with a slash at its
/// end: the entry is missing, a directory, or (`otherwise`) something else.
fn existing(place: &Place<'_>, otherwise: Errno) -> Errno {
    match fs::stat_at(place) {
        Err(errno) => errno.into(),
        Ok(stat) if stat.kind == fs::Kind::Directory => Errno::ISDIR,
        Ok(_) => otherwise,
    }
}

/// Fails when files of one directory would be usable for more in another.
fn require_no_gain(old_dir: &FdRef<'_>, new_dir: &FdRef<'_>) -> Result<(), Errno> {
    old_dir.require_writable()?;
    new_dir.require_writable()?;
    if old_dir
        .access()
        .inheriting
        .contains(new_dir.access().inheriting)
    {
        Ok(())
    } else {
        Err(Errno::NOTCAPABLE)
    }
}
