//! Files by path: every path is relative to an open directory, and leads nowhere outside of it
//! (see [`crate::sys::resolve`]).
//!
//! A directory is looked up with the right that the operation takes
//! ([`FdTable::get_directory`](super::descriptors::FdTable::get_directory)). What changes something
//! fails beneath a folder that was granted for reading only. A path is what was copied out of the
//! guest's memory: what is checked is what is used.

use super::descriptors::{Access, FdRef, Kind};
use super::error::Error;
use super::rights::Rights;
use crate::sys::fs::{self, Modes, Open, SetTime, Stat};
use crate::sys::path::PathBuffer;
use crate::sys::resolve::{self, Follow, Place};
use core::mem::MaybeUninit;
use rustix::fd::{AsFd, OwnedFd};
use rustix::io::Errno;

/// Makes a directory.
pub fn create_directory(dir: &FdRef<'_>, path: &mut PathBuffer) -> Result<(), Error> {
    dir.require_writable()?;
    let place = resolve::entry(dir.host(), path)?;
    Ok(fs::create_directory(&place)?)
}

/// What is known about a file.
pub fn stat(dir: &FdRef<'_>, path: &mut PathBuffer, follow: Follow) -> Result<Stat, Error> {
    let mut stat = fs::stat_at(&resolve::target(dir.host(), path, Follow::No)?)?;
    if follow == Follow::Yes && stat.kind == fs::Kind::Link {
        stat = fs::stat_at(&resolve::target(dir.host(), path, follow)?)?;
    }
    Ok(stat)
}

/// Sets the times of a file.
pub fn set_times(
    dir: &FdRef<'_>,
    path: &mut PathBuffer,
    follow: Follow,
    accessed: SetTime,
    modified: SetTime,
) -> Result<(), Error> {
    dir.require_writable()?;
    let place = resolve::target(dir.host(), path, follow)?;
    Ok(fs::set_times_at(&place, accessed, modified)?)
}

/// Makes another entry for a file.
///
/// A file does not gain rights by a new name: the new directory must not hand on more than the
/// old one.
pub fn link(
    (old_dir, old_path): (&FdRef<'_>, &mut PathBuffer),
    follow: Follow,
    (new_dir, new_path): (&FdRef<'_>, &mut PathBuffer),
) -> Result<(), Error> {
    require_no_gain(old_dir, new_dir)?;
    let old = resolve::target(old_dir.host(), old_path, follow)?;
    let new = resolve::entry(new_dir.host(), new_path)?;
    if new.slashes {
        return Err(existing(&new, Errno::EXIST).into());
    }
    Ok(fs::link(&old, &new)?)
}

/// How to open a file.
#[derive(Clone, Copy, Debug)]
pub struct Opening {
    /// Whether a final symbolic link is followed.
    pub follow: Follow,
    /// Whether it must be a directory.
    pub directory: bool,
    /// Whether it is made if there is none.
    pub create: bool,
    /// Whether there must be none.
    pub exclusive: bool,
    /// Whether it is emptied.
    pub truncate: bool,
    /// How it is read and written.
    pub modes: Modes,
    /// The rights that are wanted.
    pub rights: Rights,
    /// The rights that are wanted for what is opened through it, if it is a directory.
    pub inheriting: Rights,
}

/// Opens or creates a file: the host's descriptor, and what it may be used for.
///
/// It gets the rights asked for as far as the directory hands them on and they mean something for
/// the file; reading and writing are not left out silently.
pub fn open(
    dir: &FdRef<'_>,
    path: &PathBuffer,
    opening: Opening,
) -> Result<(OwnedFd, Access), Error> {
    let Opening {
        follow,
        directory,
        create,
        exclusive,
        truncate,
        modes,
        mut rights,
        inheriting,
    } = opening;
    if directory && (create || truncate) {
        return Err(Errno::INVAL.into());
    }
    if create {
        dir.require(Rights::PATH_CREATE_FILE)?;
    }
    if truncate {
        dir.require(Rights::PATH_FILESTAT_SET_SIZE)?;
    }
    let handed_on = dir.access().inheriting;
    if directory {
        // Asking to write to a directory is an error, which the kernel tells.
        rights = rights & (Rights::DIRECTORY | Rights::FD_WRITE);
    }
    let transfer = Rights::FD_READ | Rights::FD_WRITE;
    if !handed_on.contains(rights & transfer) {
        return Err(Error::NotCapable);
    }
    let base = rights & handed_on;
    let write = base.intersects(Rights::WRITING);
    if write || create || truncate {
        dir.require_writable()?;
    }
    let how = Open {
        follow,
        read: base.intersects(Rights::READING) || !write,
        write,
        create,
        exclusive,
        truncate,
        directory,
        modes,
    };
    let file = fs::open(dir.host(), path, how)?;
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
            inheriting: inheriting & handed_on,
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
    Ok((file, access))
}

/// The text of a symbolic link, as far as it fits into `buffer`.
pub fn read_link<'b>(
    dir: &FdRef<'_>,
    path: &mut PathBuffer,
    buffer: &'b mut [MaybeUninit<u8>],
) -> Result<&'b [u8], Error> {
    let place = resolve::target(dir.host(), path, Follow::No)?;
    Ok(fs::read_link(&place, buffer)?)
}

/// Removes an empty directory.
pub fn remove_directory(dir: &FdRef<'_>, path: &mut PathBuffer) -> Result<(), Error> {
    dir.require_writable()?;
    let place = resolve::entry(dir.host(), path)?;
    Ok(fs::remove_directory(&place)?)
}

/// Renames a file or directory, replacing what has the new name. As with links, it gains no
/// rights.
pub fn rename(
    (old_dir, old_path): (&FdRef<'_>, &mut PathBuffer),
    (new_dir, new_path): (&FdRef<'_>, &mut PathBuffer),
) -> Result<(), Error> {
    require_no_gain(old_dir, new_dir)?;
    let old = resolve::entry(old_dir.host(), old_path)?;
    let new = resolve::entry(new_dir.host(), new_path)?;
    // A slash at the end of either asks for a directory.
    if (old.slashes || new.slashes) && fs::stat_at(&old)?.kind != fs::Kind::Directory {
        return Err(Errno::NOTDIR.into());
    }
    Ok(fs::rename(&old, &new)?)
}

/// Makes a symbolic link. One with an absolute text would lead outside, and is refused.
pub fn symlink(text: &PathBuffer, dir: &FdRef<'_>, path: &mut PathBuffer) -> Result<(), Error> {
    if text.as_bytes().starts_with(b"/") {
        return Err(Errno::PERM.into());
    }
    dir.require_writable()?;
    let place = resolve::entry(dir.host(), path)?;
    if place.slashes {
        return Err(match existing(&place, Errno::NOTDIR) {
            Errno::ISDIR => Errno::EXIST,
            errno => errno,
        }
        .into());
    }
    Ok(fs::symlink(text, &place)?)
}

/// Removes an entry that is no directory.
pub fn unlink(dir: &FdRef<'_>, path: &mut PathBuffer) -> Result<(), Error> {
    dir.require_writable()?;
    let place = resolve::entry(dir.host(), path)?;
    if place.slashes {
        return Err(existing(&place, Errno::NOTDIR).into());
    }
    Ok(fs::unlink(&place)?)
}

/// Why an operation on an entry that is no directory cannot be done at a path with a slash at its
/// end: the entry is missing, a directory, or (`otherwise`) something else.
fn existing(place: &Place<'_>, otherwise: Errno) -> Errno {
    match fs::stat_at(place) {
        Err(errno) => errno,
        Ok(stat) if stat.kind == fs::Kind::Directory => Errno::ISDIR,
        Ok(_) => otherwise,
    }
}

/// Fails when files of one directory would be usable for more in another, or when either must not
/// change.
fn require_no_gain(old_dir: &FdRef<'_>, new_dir: &FdRef<'_>) -> Result<(), Error> {
    old_dir.require_writable()?;
    new_dir.require_writable()?;
    if old_dir
        .access()
        .inheriting
        .contains(new_dir.access().inheriting)
    {
        Ok(())
    } else {
        Err(Error::NotCapable)
    }
}
