//! Files by path: see [`crate::host::paths`].

use super::errno::Errno;
use super::fd::{filestat, modes, set_times};
use super::types::{Filestat, LookupFlags, OpenFlags, rights_from_guest};
use crate::guest::pointer::GuestMemory;
use crate::host::paths::{self, Opening};
use crate::host::rights::Rights;
use crate::host::system::System;
use crate::sys::path::{PATH_MAX, PathBuffer};
use crate::sys::resolve::Follow;
use core::mem::MaybeUninit;

/// Makes a directory.
pub fn path_create_directory(
    system: &System,
    memory: &GuestMemory<'_>,
    fd: u32,
    path: u32,
    path_len: u32,
) -> Result<(), Errno> {
    let dir = system
        .fds
        .get_directory(fd, Rights::PATH_CREATE_DIRECTORY)?;
    let mut buffer = PathBuffer::new();
    read_path(memory, path, path_len, &mut buffer)?;
    Ok(paths::create_directory(&dir, &mut buffer)?)
}

/// Writes what is known about a file.
pub fn path_filestat_get(
    system: &System,
    memory: &GuestMemory<'_>,
    fd: u32,
    flags: u32,
    path: u32,
    path_len: u32,
    buf: u32,
) -> Result<(), Errno> {
    let dir = system.fds.get_directory(fd, Rights::PATH_FILESTAT_GET)?;
    let follow = follow(flags)?;
    let buf = memory.ptr::<Filestat>(buf)?;
    let mut buffer = PathBuffer::new();
    read_path(memory, path, path_len, &mut buffer)?;
    buf.write(filestat(&paths::stat(&dir, &mut buffer, follow)?));
    Ok(())
}

/// Sets the times of a file.
#[expect(clippy::too_many_arguments, reason = "the specification has as many")]
pub fn path_filestat_set_times(
    system: &System,
    memory: &GuestMemory<'_>,
    fd: u32,
    flags: u32,
    path: u32,
    path_len: u32,
    atim: u64,
    mtim: u64,
    fst_flags: u32,
) -> Result<(), Errno> {
    let dir = system
        .fds
        .get_directory(fd, Rights::PATH_FILESTAT_SET_TIMES)?;
    let follow = follow(flags)?;
    let (accessed, modified) = set_times(atim, mtim, fst_flags)?;
    let mut buffer = PathBuffer::new();
    read_path(memory, path, path_len, &mut buffer)?;
    Ok(paths::set_times(
        &dir,
        &mut buffer,
        follow,
        accessed,
        modified,
    )?)
}

/// Makes another entry for a file.
///
/// A file does not gain rights by a new name: the new directory must not hand on more than the
/// old one.
#[expect(clippy::too_many_arguments, reason = "the specification has as many")]
pub fn path_link(
    system: &System,
    memory: &GuestMemory<'_>,
    old_fd: u32,
    old_flags: u32,
    old_path: u32,
    old_path_len: u32,
    new_fd: u32,
    new_path: u32,
    new_path_len: u32,
) -> Result<(), Errno> {
    let old_dir = system.fds.get_directory(old_fd, Rights::PATH_LINK_SOURCE)?;
    let new_dir = system.fds.get_directory(new_fd, Rights::PATH_LINK_TARGET)?;
    let follow = follow(old_flags)?;
    let mut old_buffer = PathBuffer::new();
    read_path(memory, old_path, old_path_len, &mut old_buffer)?;
    let mut new_buffer = PathBuffer::new();
    read_path(memory, new_path, new_path_len, &mut new_buffer)?;
    let (old, new) = ((&old_dir, &mut old_buffer), (&new_dir, &mut new_buffer));
    Ok(paths::link(old, follow, new)?)
}

/// Opens or creates a file, and writes the number of its descriptor.
///
/// It gets the rights asked for as far as the directory hands them on and they mean something for
/// the file; reading and writing are not left out silently.
#[expect(clippy::too_many_arguments, reason = "the specification has as many")]
pub fn path_open(
    system: &System,
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
    let dir = system.fds.get_directory(fd, Rights::PATH_OPEN)?;
    let follow = follow(dirflags)?;
    let oflags = OpenFlags::from_bits(oflags).ok_or(Errno::INVAL)?;
    let modes = modes(fdflags)?;
    let opened_fd = memory.ptr::<u32>(opened_fd)?;
    let mut buffer = PathBuffer::new();
    read_path(memory, path, path_len, &mut buffer)?;
    let opening = Opening {
        follow,
        directory: oflags.contains(OpenFlags::DIRECTORY),
        create: oflags.contains(OpenFlags::CREAT),
        exclusive: oflags.contains(OpenFlags::EXCL),
        truncate: oflags.contains(OpenFlags::TRUNC),
        modes,
        rights: rights_from_guest(rights_base),
        inheriting: rights_from_guest(rights_inheriting),
    };
    let (file, access) = paths::open(&dir, &buffer, opening)?;
    opened_fd.write(system.fds.insert(file, access)?);
    Ok(())
}

/// Writes the text of a symbolic link, as far as it fits.
#[expect(clippy::too_many_arguments, reason = "the specification has as many")]
pub fn path_readlink(
    system: &System,
    memory: &GuestMemory<'_>,
    fd: u32,
    path: u32,
    path_len: u32,
    buf: u32,
    buf_len: u32,
    bufused: u32,
) -> Result<(), Errno> {
    let dir = system.fds.get_directory(fd, Rights::PATH_READLINK)?;
    let buf = memory.slice(buf, buf_len)?;
    let bufused = memory.ptr::<u32>(bufused)?;
    let mut buffer = PathBuffer::new();
    read_path(memory, path, path_len, &mut buffer)?;
    let mut text = [MaybeUninit::uninit(); PATH_MAX];
    let text = paths::read_link(&dir, &mut buffer, &mut text)?;
    bufused.write(buf.copy_from(text) as u32);
    Ok(())
}

/// Removes an empty directory.
pub fn path_remove_directory(
    system: &System,
    memory: &GuestMemory<'_>,
    fd: u32,
    path: u32,
    path_len: u32,
) -> Result<(), Errno> {
    let dir = system
        .fds
        .get_directory(fd, Rights::PATH_REMOVE_DIRECTORY)?;
    let mut buffer = PathBuffer::new();
    read_path(memory, path, path_len, &mut buffer)?;
    Ok(paths::remove_directory(&dir, &mut buffer)?)
}

/// Renames a file or directory, replacing what has the new name. As with links, it gains no
/// rights.
#[expect(clippy::too_many_arguments, reason = "the specification has as many")]
pub fn path_rename(
    system: &System,
    memory: &GuestMemory<'_>,
    fd: u32,
    old_path: u32,
    old_path_len: u32,
    new_fd: u32,
    new_path: u32,
    new_path_len: u32,
) -> Result<(), Errno> {
    let old_dir = system.fds.get_directory(fd, Rights::PATH_RENAME_SOURCE)?;
    let new_dir = system
        .fds
        .get_directory(new_fd, Rights::PATH_RENAME_TARGET)?;
    let mut old_buffer = PathBuffer::new();
    read_path(memory, old_path, old_path_len, &mut old_buffer)?;
    let mut new_buffer = PathBuffer::new();
    read_path(memory, new_path, new_path_len, &mut new_buffer)?;
    Ok(paths::rename(
        (&old_dir, &mut old_buffer),
        (&new_dir, &mut new_buffer),
    )?)
}

/// Makes a symbolic link. One with an absolute text would lead outside, and is refused.
pub fn path_symlink(
    system: &System,
    memory: &GuestMemory<'_>,
    old_path: u32,
    old_path_len: u32,
    fd: u32,
    new_path: u32,
    new_path_len: u32,
) -> Result<(), Errno> {
    let dir = system.fds.get_directory(fd, Rights::PATH_SYMLINK)?;
    let mut text = PathBuffer::new();
    read_path(memory, old_path, old_path_len, &mut text)?;
    let mut buffer = PathBuffer::new();
    read_path(memory, new_path, new_path_len, &mut buffer)?;
    Ok(paths::symlink(&text, &dir, &mut buffer)?)
}

/// Removes an entry that is no directory.
pub fn path_unlink_file(
    system: &System,
    memory: &GuestMemory<'_>,
    fd: u32,
    path: u32,
    path_len: u32,
) -> Result<(), Errno> {
    let dir = system.fds.get_directory(fd, Rights::PATH_UNLINK_FILE)?;
    let mut buffer = PathBuffer::new();
    read_path(memory, path, path_len, &mut buffer)?;
    Ok(paths::unlink(&dir, &mut buffer)?)
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
