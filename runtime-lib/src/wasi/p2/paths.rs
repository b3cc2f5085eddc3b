//! `wasi:filesystem`, what is about files by path: see [`crate::host::paths`].

use super::errors::put_result;
use super::files::{flags, get, put_hash, put_stat, put_unit, timestamp};
use super::objects::{self, Object};
use super::resources::{Descriptor, File};
use crate::guest::call::Call;
use crate::host::descriptors::{FdRef, Kind};
use crate::host::error::Error;
use crate::host::paths::{self, Opening};
use crate::host::rights::Rights;
use crate::host::system::SYSTEM;
use crate::sys::fs::{Modes, Stat};
use crate::sys::path::{PATH_MAX, PathBuffer};
use crate::sys::resolve::Follow;
use core::mem::MaybeUninit;
use rustix::io::Errno;
use wasmc_abi::p2::Resource;
use wasmc_abi::p2_layout as layout;

/// The bit of `path-flags`.
const SYMLINK_FOLLOW: u32 = 1;

/// Bits of `open-flags`.
mod open_flags {
    pub const CREATE: u32 = 1;
    pub const DIRECTORY: u32 = 1 << 1;
    pub const EXCLUSIVE: u32 = 1 << 2;
    pub const TRUNCATE: u32 = 1 << 3;
}

/// A path of the guest, in the runtime's memory: what is checked is what is used.
#[inline(never)]
fn read_path(call: &Call<'_>, address: u32, len: u32, path: &mut PathBuffer) -> Result<(), Errno> {
    let mut text = [0; PATH_MAX];
    match call.lift_string(address, len, &mut text) {
        Some(text) => path.set(text),
        None => Err(Errno::NAMETOOLONG),
    }
}

fn follow(path_flags: u32) -> Follow {
    match path_flags & SYMLINK_FOLLOW {
        0 => Follow::No,
        _ => Follow::Yes,
    }
}

/// Makes a directory.
pub fn descriptor_create_directory_at(
    call: &Call<'_>,
    this: u32,
    path: u32,
    path_len: u32,
    ret: u32,
) {
    let descriptor = get(call, this);
    let mut buffer = PathBuffer::new();
    let read = read_path(call, path, path_len, &mut buffer);
    put_unit(call, ret, || {
        read?;
        paths::create_directory(&directory(&descriptor)?, &mut buffer).map_err(errno)
    });
}

/// The directory that a descriptor is.
fn directory(descriptor: &Descriptor) -> Result<FdRef<'static>, Errno> {
    match descriptor.kind {
        Kind::Directory => SYSTEM.fds.get(descriptor.number).map_err(errno),
        _ => Err(Errno::NOTDIR),
    }
}

/// What Linux would say of an error of the host's.
fn errno(error: Error) -> Errno {
    match error {
        Error::System(errno) => errno,
        Error::NotCapable | Error::Lookup(_) => Errno::PERM,
    }
}

/// What is known about a file by its path.
fn stat_at(
    call: &Call<'_>,
    this: u32,
    path_flags: u32,
    path: u32,
    path_len: u32,
) -> Result<Stat, Errno> {
    let descriptor = get(call, this);
    let follow = follow(path_flags);
    let mut buffer = PathBuffer::new();
    read_path(call, path, path_len, &mut buffer)?;
    paths::stat(&directory(&descriptor)?, &mut buffer, follow).map_err(errno)
}

/// Gives what is known about a file.
pub fn descriptor_stat_at(
    call: &Call<'_>,
    this: u32,
    path_flags: u32,
    path: u32,
    path_len: u32,
    ret: u32,
) {
    let place = call.place(ret, layout::STAT.size, layout::STAT.align);
    let stat = stat_at(call, this, path_flags, path, path_len);
    put_result(place, layout::STAT, stat, |stat, at| {
        put_stat(place, at, &stat);
    });
}

/// Gives a number of 128 bits that tells a file from others.
pub fn descriptor_metadata_hash_at(
    call: &Call<'_>,
    this: u32,
    path_flags: u32,
    path: u32,
    path_len: u32,
    ret: u32,
) {
    let place = call.place(ret, layout::HASH.size, layout::HASH.align);
    put_hash(place, stat_at(call, this, path_flags, path, path_len));
}

/// Sets the times of a file.
#[expect(clippy::too_many_arguments, reason = "the specification has as many")]
pub fn descriptor_set_times_at(
    call: &Call<'_>,
    this: u32,
    path_flags: u32,
    path: u32,
    path_len: u32,
    accessed: u32,
    accessed_seconds: u64,
    accessed_nanoseconds: u32,
    modified: u32,
    modified_seconds: u64,
    modified_nanoseconds: u32,
    ret: u32,
) {
    let accessed = timestamp(accessed, accessed_seconds, accessed_nanoseconds);
    let modified = timestamp(modified, modified_seconds, modified_nanoseconds);
    let descriptor = get(call, this);
    let mut buffer = PathBuffer::new();
    let read = read_path(call, path, path_len, &mut buffer);
    put_unit(call, ret, || {
        read?;
        let dir = directory(&descriptor)?;
        let follow = follow(path_flags);
        paths::set_times(&dir, &mut buffer, follow, accessed?, modified?).map_err(errno)
    });
}

/// Makes another entry for a file.
#[expect(clippy::too_many_arguments, reason = "the specification has as many")]
pub fn descriptor_link_at(
    call: &Call<'_>,
    this: u32,
    old_path_flags: u32,
    old_path: u32,
    old_path_len: u32,
    new_descriptor: u32,
    new_path: u32,
    new_path_len: u32,
    ret: u32,
) {
    let (old_dir, new_dir) = (get(call, this), get(call, new_descriptor));
    let mut old_buffer = PathBuffer::new();
    let old_read = read_path(call, old_path, old_path_len, &mut old_buffer);
    let mut new_buffer = PathBuffer::new();
    let new_read = read_path(call, new_path, new_path_len, &mut new_buffer);
    put_unit(call, ret, || {
        old_read?;
        new_read?;
        let old = (&directory(&old_dir)?, &mut old_buffer);
        let new = (&directory(&new_dir)?, &mut new_buffer);
        paths::link(old, follow(old_path_flags), new).map_err(errno)
    });
}

/// Opens or creates a file.
#[expect(clippy::too_many_arguments, reason = "the specification has as many")]
pub fn descriptor_open_at(
    call: &Call<'_>,
    this: u32,
    path_flags: u32,
    path: u32,
    path_len: u32,
    open_flags: u32,
    flags: u32,
    ret: u32,
) {
    let place = call.place(ret, layout::WORD.size, layout::WORD.align);
    let descriptor = get(call, this);
    let mut buffer = PathBuffer::new();
    let read = read_path(call, path, path_len, &mut buffer);
    let opened =
        read.and_then(|()| open(&descriptor, &buffer, follow(path_flags), open_flags, flags));
    put_result(place, layout::WORD, opened, |descriptor, at| {
        let object = objects::add(Object::Descriptor(descriptor), None);
        place.put(at, call.own(Resource::Descriptor, object));
    });
}

fn open(
    from: &Descriptor,
    path: &PathBuffer,
    follow: Follow,
    open_flags: u32,
    flags: u32,
) -> Result<Descriptor, Errno> {
    let dir = directory(from)?;
    let has = |flag: u32| flags & flag != 0;
    let opens = |flag: u32| open_flags & flag != 0;
    if has(flags::REQUESTED_WRITE_SYNC) && !has(flags::FILE_INTEGRITY_SYNC) {
        return Err(Errno::NOTSUP);
    }
    let is_directory = opens(open_flags::DIRECTORY);
    // Whether a file may be read and written is known beside its rights.
    let mut rights = Rights::NONE;
    if has(flags::READ) {
        rights = rights | Rights::FD_READ;
    }
    if has(flags::WRITE) {
        rights = rights | Rights::FD_WRITE;
    }
    if has(flags::MUTATE_DIRECTORY) && !is_directory {
        dir.require_writable().map_err(errno)?;
    }
    let opening = Opening {
        follow,
        directory: is_directory,
        create: opens(open_flags::CREATE),
        exclusive: opens(open_flags::EXCLUSIVE),
        truncate: opens(open_flags::TRUNCATE),
        modes: Modes {
            append: false,
            dsync: has(flags::DATA_INTEGRITY_SYNC),
            nonblock: false,
            sync: has(flags::FILE_INTEGRITY_SYNC),
        },
        rights,
        inheriting: Rights::DIRECTORY | Rights::FILE,
    };
    let (file, mut access) = paths::open(&dir, path, opening).map_err(errno)?;
    let kind = access.kind;
    if kind == Kind::Directory {
        access.base = Rights::DIRECTORY;
    }
    // The guest has used up what `--max-fds` allows.
    let number = SYSTEM.fds.insert(file, access).map_err(|_| Errno::MFILE)?;
    Ok(Descriptor {
        file: File::of(number)?,
        number,
        granted: false,
        kind,
        read_only: from.read_only,
        read: has(flags::READ) || kind == Kind::Directory,
        write: has(flags::WRITE) && kind != Kind::Directory,
    })
}

/// Gives the text of a symbolic link.
pub fn descriptor_readlink_at(call: &Call<'_>, this: u32, path: u32, path_len: u32, ret: u32) {
    let place = call.place(ret, layout::STRING.size, layout::STRING.align);
    let descriptor = get(call, this);
    let mut buffer = PathBuffer::new();
    let read = read_path(call, path, path_len, &mut buffer);
    let mut text = [MaybeUninit::uninit(); PATH_MAX];
    let text = read
        .and_then(|()| directory(&descriptor))
        .and_then(|dir| paths::read_link(&dir, &mut buffer, &mut text).map_err(errno))
        .and_then(|text| match text.first() {
            // It leads outside, and tells the guest about the host.
            Some(b'/') => Err(Errno::PERM),
            _ => Ok(text),
        });
    put_result(place, layout::STRING, text, |text, at| {
        let (address, len) = call.lower_string(text);
        place.put(at, address);
        place.put(at + 4, len);
    });
}

/// Removes an empty directory.
pub fn descriptor_remove_directory_at(
    call: &Call<'_>,
    this: u32,
    path: u32,
    path_len: u32,
    ret: u32,
) {
    let descriptor = get(call, this);
    let mut buffer = PathBuffer::new();
    let read = read_path(call, path, path_len, &mut buffer);
    put_unit(call, ret, || {
        read?;
        paths::remove_directory(&directory(&descriptor)?, &mut buffer).map_err(errno)
    });
}

/// Renames a file or directory, replacing what has the new name.
#[expect(clippy::too_many_arguments, reason = "the specification has as many")]
pub fn descriptor_rename_at(
    call: &Call<'_>,
    this: u32,
    old_path: u32,
    old_path_len: u32,
    new_descriptor: u32,
    new_path: u32,
    new_path_len: u32,
    ret: u32,
) {
    let (old_dir, new_dir) = (get(call, this), get(call, new_descriptor));
    let mut old_buffer = PathBuffer::new();
    let old_read = read_path(call, old_path, old_path_len, &mut old_buffer);
    let mut new_buffer = PathBuffer::new();
    let new_read = read_path(call, new_path, new_path_len, &mut new_buffer);
    put_unit(call, ret, || {
        old_read?;
        new_read?;
        let old = (&directory(&old_dir)?, &mut old_buffer);
        let new = (&directory(&new_dir)?, &mut new_buffer);
        paths::rename(old, new).map_err(errno)
    });
}

/// Makes a symbolic link. One with an absolute text would lead outside, and is refused.
pub fn descriptor_symlink_at(
    call: &Call<'_>,
    this: u32,
    old_path: u32,
    old_path_len: u32,
    new_path: u32,
    new_path_len: u32,
    ret: u32,
) {
    let descriptor = get(call, this);
    let mut text = PathBuffer::new();
    let text_read = read_path(call, old_path, old_path_len, &mut text);
    let mut buffer = PathBuffer::new();
    let read = read_path(call, new_path, new_path_len, &mut buffer);
    put_unit(call, ret, || {
        text_read?;
        read?;
        paths::symlink(&text, &directory(&descriptor)?, &mut buffer).map_err(errno)
    });
}

/// Removes an entry that is no directory.
pub fn descriptor_unlink_file_at(call: &Call<'_>, this: u32, path: u32, path_len: u32, ret: u32) {
    let descriptor = get(call, this);
    let mut buffer = PathBuffer::new();
    let read = read_path(call, path, path_len, &mut buffer);
    put_unit(call, ret, || {
        read?;
        paths::unlink(&directory(&descriptor)?, &mut buffer).map_err(errno)
    });
}
