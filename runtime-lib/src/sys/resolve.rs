//! Where a guest's path leads: the one place that keeps file access within the granted folders.
//!
//! This is security-relevant. The invariant: whatever the path, whatever symbolic links exist and
//! whatever other processes rename meanwhile, no call here gives access to a file outside `dir`.
//!
//! [`open_beneath`] is the only function that resolves more than one component. It asks the kernel
//! (`openat2` with `RESOLVE_BENEATH`), and where the kernel cannot, [walks](walk) component by
//! component without letting the kernel follow anything. Everything else acts on a single name,
//! without following it, in a directory that [`open_beneath`] has opened ([`Place`]). Such a name
//! is never `..`, never has a slash, and never refers to anything but an entry of the directory.

use super::path::{PATH_MAX, Parts, PathBuffer};
use core::ffi::CStr;
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicBool, Ordering};
use rustix::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use rustix::fs::{Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

/// Most symbolic links that a path may lead through; the kernel's limit as well.
const MAX_LINKS: usize = 40;
/// How often to ask the kernel again when a concurrent rename confused it.
const MAX_RETRIES: usize = 16;
/// What an escape from the granted folder gives.
const ESCAPE: Errno = Errno::PERM;

/// Flags for a directory that is only a starting point.
const DIRECTORY: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// Whether a final symbolic link is followed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Follow {
    /// It is.
    Yes,
    /// The path leads to the link itself.
    No,
}

/// An entry of a directory, existing or not: what operations on names act on.
pub struct Place<'a> {
    parent: Parent<'a>,
    name: &'a CStr,
    /// Whether the path had a slash at its end. For [`entry`] only; [`target`] has dealt with it.
    pub slashes: bool,
}

enum Parent<'a> {
    Given(BorrowedFd<'a>),
    Opened(OwnedFd),
}

impl<'a> Place<'a> {
    /// The directory.
    pub fn dir(&self) -> BorrowedFd<'_> {
        self.parent.as_fd()
    }

    /// The name: without slash and not `..`; `.` for the directory itself.
    pub fn name(&self) -> &CStr {
        self.name
    }

    /// The directory itself.
    fn itself(dir: OwnedFd) -> Place<'a> {
        Place {
            parent: Parent::Opened(dir),
            name: c".",
            slashes: false,
        }
    }

    /// The entry that the parts name.
    fn new(parent: Parent<'a>, path: &'a PathBuffer, parts: Parts) -> Place<'a> {
        Place {
            parent,
            name: path.c_str(parts.name),
            slashes: parts.slashes,
        }
    }
}

impl<'a> Parent<'a> {
    /// Opens the parent, and cuts the path behind it and behind the name.
    fn open(dir: BorrowedFd<'a>, path: &mut PathBuffer, parts: Parts) -> Result<Parent<'a>, Errno> {
        path.put(parts.end, 0);
        if parts.parent == 0 {
            return Ok(Parent::Given(dir));
        }
        path.put(parts.parent, 0);
        let fd = open_beneath(dir, path.c_str(0), DIRECTORY, Mode::empty())?;
        Ok(Parent::Opened(fd))
    }

    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Parent::Given(fd) => *fd,
            Parent::Opened(fd) => fd.as_fd(),
        }
    }
}

/// Where an entry is, to create, remove or rename it; a final link is not followed.
pub fn entry<'a>(dir: BorrowedFd<'a>, path: &'a mut PathBuffer) -> Result<Place<'a>, Errno> {
    path.mend();
    check(path.as_bytes())?;
    let parts = Parts::of(path.as_bytes());
    if parts.is_dots(path.as_bytes()) {
        let dir = open_beneath(dir, path.as_c_str(), DIRECTORY, Mode::empty())?;
        return Ok(Place::itself(dir));
    }
    let parent = Parent::open(dir, path, parts)?;
    Ok(Place::new(parent, path, parts))
}

/// Where an existing file is, to look at it. The entry was no symbolic link when a final link is
/// to be followed; act on it without following, in case it has become one.
pub fn target<'a>(
    dir: BorrowedFd<'a>,
    path: &'a mut PathBuffer,
    follow: Follow,
) -> Result<Place<'a>, Errno> {
    let mut links = 0;
    loop {
        path.mend();
        check(path.as_bytes())?;
        let parts = Parts::of(path.as_bytes());
        if parts.slashes || parts.is_dots(path.as_bytes()) {
            let dir = open_beneath(dir, path.as_c_str(), DIRECTORY, Mode::empty())?;
            return Ok(Place::itself(dir));
        }
        let parent = Parent::open(dir, path, parts)?;
        if follow == Follow::No {
            return Ok(Place::new(parent, path, parts));
        }
        let mut link = [MaybeUninit::uninit(); PATH_MAX];
        let Ok(link) = read_link(parent.as_fd(), path.c_str(parts.name), &mut link) else {
            // Not a link; or it is missing, which the operation will tell.
            return Ok(Place::new(parent, path, parts));
        };
        links += 1;
        if links > MAX_LINKS {
            return Err(Errno::LOOP);
        }
        check(link)?;
        path.set_len(parts.parent);
        if parts.parent > 0 {
            path.append(b"/")?;
        }
        path.append(link)?;
    }
}

/// Refuses an empty and an absolute path.
fn check(path: &[u8]) -> Result<(), Errno> {
    match path.first() {
        None => Err(Errno::NOENT),
        Some(b'/') => Err(ESCAPE),
        Some(_) => Ok(()),
    }
}

/// Opens what a path leads to, within `dir`. A final symbolic link is followed unless `flags` has
/// `NOFOLLOW`.
pub fn open_beneath(
    dir: BorrowedFd<'_>,
    path: &CStr,
    flags: OFlags,
    mode: Mode,
) -> Result<OwnedFd, Errno> {
    check(path.to_bytes())?;
    let mut flags = flags | OFlags::CLOEXEC;
    if !flags.contains(OFlags::PATH) {
        flags |= OFlags::NOCTTY;
    }
    let fd = match by_kernel(dir, path, flags, mode) {
        Some(result) => result?,
        None => walk(dir, path, flags, mode)?,
    };
    above_stdio(fd)
}

/// Makes sure that a descriptor does not take the number of a standard stream that was closed when
/// the program started: what the runtime prints must not end up in a file of the guest.
pub fn above_stdio(fd: OwnedFd) -> Result<OwnedFd, Errno> {
    if fd.as_raw_fd() > 2 {
        return Ok(fd);
    }
    rustix::io::fcntl_dupfd_cloexec(&fd, 3)
}

/// Whether `openat2` was found to be missing.
static KERNEL_CANNOT: AtomicBool = AtomicBool::new(false);

#[cfg(test)]
thread_local! {
    /// Makes this thread walk even where the kernel could resolve.
    pub static FORCE_WALK: core::cell::Cell<bool> = const { core::cell::Cell::new(false) };
}

/// Asks the kernel; `None` when it cannot.
///
/// Kernels before 5.6 and sandboxes lack `openat2`: the former say ENOSYS, the latter ENOSYS or
/// EPERM. As EPERM has other reasons too, a call that must succeed tells them apart.
fn by_kernel(
    dir: BorrowedFd<'_>,
    path: &CStr,
    flags: OFlags,
    mode: Mode,
) -> Option<Result<OwnedFd, Errno>> {
    #[cfg(test)]
    if FORCE_WALK.get() {
        return None;
    }
    if KERNEL_CANNOT.load(Ordering::Relaxed) {
        return None;
    }
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    let mode = if flags.contains(OFlags::CREATE) {
        mode
    } else {
        Mode::empty()
    };
    for _ in 0..MAX_RETRIES {
        match rustix::fs::openat2(dir, path, flags, mode, resolve) {
            // A concurrent rename made the kernel unsure about a `..`.
            Err(Errno::AGAIN) => {}
            Err(Errno::XDEV) => return Some(Err(ESCAPE)),
            Err(Errno::PERM)
                if rustix::fs::openat2(dir, c".", DIRECTORY, Mode::empty(), resolve).is_ok() =>
            {
                return Some(Err(Errno::PERM));
            }
            Err(Errno::PERM | Errno::NOSYS) => {
                KERNEL_CANNOT.store(true, Ordering::Relaxed);
                return None;
            }
            result => return Some(result),
        }
    }
    None
}

/// Resolves a path component by component.
///
/// Each step opens one name, without following it, in a directory that is already open. Symbolic
/// links are read and their text takes the place of their name; `..` goes back to the directory
/// that the walk came from, never to the one that the file system calls the parent.
fn walk(dir: BorrowedFd<'_>, path: &CStr, flags: OFlags, mode: Mode) -> Result<OwnedFd, Errno> {
    let mut pending = Pending::new(path.to_bytes())?;
    let mut dirs = Directories::new(dir);
    let mut links = 0;
    loop {
        let component = pending.next();
        let name = pending.name(&component);
        if component.last {
            if matches!(name.to_bytes(), b"." | b".." | b"") {
                if name.to_bytes() == b".." {
                    dirs.pop()?;
                }
                let flags = flags | OFlags::NOFOLLOW;
                return rustix::fs::openat(dirs.top(), c".", flags, mode);
            }
            let creates = flags.contains(OFlags::CREATE);
            if component.slashes && creates {
                return Err(Errno::ISDIR);
            }
            let exclusive = creates && flags.contains(OFlags::EXCL);
            let follow = component.slashes || !flags.contains(OFlags::NOFOLLOW) && !exclusive;
            let mut link = [MaybeUninit::uninit(); PATH_MAX];
            if follow && let Ok(link) = read_link(dirs.top(), name, &mut link) {
                links += 1;
                pending.put_back(&component, link, links)?;
                continue;
            }
            let mut flags = flags | OFlags::NOFOLLOW;
            if component.slashes {
                flags |= OFlags::DIRECTORY;
            }
            match rustix::fs::openat(dirs.top(), name, flags, mode) {
                // It has just become a link.
                Err(Errno::LOOP) if follow && links < MAX_LINKS => {
                    links += 1;
                    pending.restore(&component);
                }
                result => return result,
            }
            continue;
        }
        match name.to_bytes() {
            b"." | b"" => continue,
            b".." => {
                dirs.pop()?;
                continue;
            }
            _ => {}
        }
        let step = DIRECTORY | OFlags::NOFOLLOW;
        match rustix::fs::openat(dirs.top(), name, step, Mode::empty()) {
            Ok(fd) => dirs.push(fd)?,
            Err(Errno::NOTDIR | Errno::LOOP) => {
                let mut link = [MaybeUninit::uninit(); PATH_MAX];
                let link = match read_link(dirs.top(), name, &mut link) {
                    Ok(link) => link,
                    Err(Errno::INVAL) => return Err(Errno::NOTDIR),
                    Err(errno) => return Err(errno),
                };
                links += 1;
                pending.put_back(&component, link, links)?;
            }
            Err(errno) => return Err(errno),
        }
    }
}

/// The text of a symbolic link.
fn read_link<'b>(
    dir: BorrowedFd<'_>,
    name: &CStr,
    buffer: &'b mut [MaybeUninit<u8>; PATH_MAX],
) -> Result<&'b [u8], Errno> {
    let (text, rest) = rustix::fs::readlinkat_raw(dir, name, buffer)?;
    if rest.is_empty() {
        return Err(Errno::NAMETOOLONG);
    }
    Ok(text)
}

/// Directories that a walk can have open: more than a path without links has components.
const MAX_OPEN: usize = PATH_MAX / 2;

/// The open directories of a walk: how to go back.
struct Directories<'a> {
    root: BorrowedFd<'a>,
    open: [Option<OwnedFd>; MAX_OPEN],
    len: usize,
}

impl<'a> Directories<'a> {
    fn new(root: BorrowedFd<'a>) -> Self {
        Directories {
            root,
            open: [const { None }; MAX_OPEN],
            len: 0,
        }
    }

    fn top(&self) -> BorrowedFd<'_> {
        let open = self.len.checked_sub(1).and_then(|at| self.open.get(at));
        open.and_then(Option::as_ref).map_or(self.root, AsFd::as_fd)
    }

    fn push(&mut self, fd: OwnedFd) -> Result<(), Errno> {
        *self.open.get_mut(self.len).ok_or(Errno::NAMETOOLONG)? = Some(fd);
        self.len += 1;
        Ok(())
    }

    /// Goes back; beyond the root is an escape.
    fn pop(&mut self) -> Result<(), Errno> {
        self.len = self.len.checked_sub(1).ok_or(ESCAPE)?;
        if let Some(fd) = self.open.get_mut(self.len) {
            *fd = None;
        }
        Ok(())
    }
}

/// What is left to resolve: text at the end of the buffer, so that the text of a link can be put
/// in front.
struct Pending {
    bytes: [u8; Self::SIZE],
    start: usize,
}

/// A component of the pending path.
struct Component {
    start: usize,
    end: usize,
    /// Whether nothing but slashes follows.
    last: bool,
    /// Whether a slash follows.
    slashes: bool,
}

impl Pending {
    const SIZE: usize = 2 * PATH_MAX;

    fn new(path: &[u8]) -> Result<Pending, Errno> {
        let mut pending = Pending {
            bytes: [0; Self::SIZE],
            start: Self::SIZE - 1,
        };
        pending.prepend(path)?;
        Ok(pending)
    }

    /// Takes the next component off, and puts a NUL behind it.
    fn next(&mut self) -> Component {
        let text = self
            .bytes
            .get(self.start..Self::SIZE - 1)
            .unwrap_or_default();
        let skipped = text.iter().take_while(|&&byte| byte == b'/').count();
        let text = text.get(skipped..).unwrap_or_default();
        let len = text.iter().take_while(|&&byte| byte != b'/').count();
        let rest = text.get(len..).unwrap_or_default();
        let component = Component {
            start: self.start + skipped,
            end: self.start + skipped + len,
            last: rest.iter().all(|&byte| byte == b'/'),
            slashes: !rest.is_empty(),
        };
        self.start = component.end;
        if component.slashes {
            self.put(component.end, 0);
            self.start += 1;
        }
        component
    }

    fn name(&self, component: &Component) -> &CStr {
        let text = self.bytes.get(component.start..).unwrap_or_default();
        CStr::from_bytes_until_nul(text).unwrap_or_default()
    }

    /// Undoes the [`next`](Self::next) that gave this component.
    fn restore(&mut self, component: &Component) {
        self.start = component.start;
        if component.slashes {
            self.put(component.end, b'/');
        }
    }

    /// Puts the text of the `links`th link in the place of the component just taken off.
    fn put_back(&mut self, component: &Component, link: &[u8], links: usize) -> Result<(), Errno> {
        if links > MAX_LINKS {
            return Err(Errno::LOOP);
        }
        check(link)?;
        self.restore(component);
        self.start = component.end;
        self.prepend(link)
    }

    fn prepend(&mut self, text: &[u8]) -> Result<(), Errno> {
        let start = self
            .start
            .checked_sub(text.len())
            .ok_or(Errno::NAMETOOLONG)?;
        let room = self.bytes.get_mut(start..self.start);
        room.ok_or(Errno::NAMETOOLONG)?.copy_from_slice(text);
        self.start = start;
        Ok(())
    }

    fn put(&mut self, at: usize, byte: u8) {
        if let Some(slot) = self.bytes.get_mut(at) {
            *slot = byte;
        }
    }
}
