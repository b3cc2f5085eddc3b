//! The descriptors of the guest: which numbers are open, what they stand for, what they may be
//! used for.
//!
//! A number refers to a [`Descriptor`], which holds a descriptor of the host. A call takes a
//! reference ([`FdRef`]) and works without the lock, so that another thread can close the number
//! meanwhile: the host's descriptor is closed with the last reference.
//!
//! Rights only shrink: a descriptor gets them when it is opened, at most those that the directory
//! it was opened through hands on.

use super::error::Error;
use super::rights::Rights;
use crate::sys::{fs, mm, time};
use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicBool, Ordering};
use rustix::fd::{BorrowedFd, OwnedFd};
use rustix::io::Errno;
use wasmc_abi::options::MAX_OPTIONS;

/// Most descriptors that a guest can have open.
pub const MAX_FDS: usize = 1 << 16;

/// In the place of a name: a granted listening socket. There are fewer names.
const LISTENER: u16 = u16::MAX;

const _: () = assert!(MAX_OPTIONS < LISTENER as usize);

/// What a descriptor stands for, as far as it changes what calls do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Kind {
    /// Nothing: a free place. (The table is zero at first.)
    Free = 0,
    /// A standard stream: anything.
    Stdio,
    Directory,
    /// A regular file.
    File,
    Socket,
    /// A device, a pipe.
    Other,
}

/// Whether calls wait until there is something to read or room to write.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Waits {
    /// As the host's descriptor has it.
    AsOpened = 0,
    /// The guest does not want to, although the host's descriptor would.
    Never,
    /// The guest wants to, although the host's descriptor would not.
    Always,
}

/// What a guest's number refers to.
#[derive(Clone, Copy)]
struct Descriptor {
    host: i32,
    waits: Waits,
    /// Calls that work with it, and the number in the table.
    uses: u32,
    access: Access,
    /// 1 more than the index of its name among the preopens; 0 when it is none; [`LISTENER`].
    preopen: u16,
}

/// What a descriptor may be used for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Access {
    /// What it may be used for itself.
    pub base: Rights,
    /// What may be opened through it may at most be used for.
    pub inheriting: Rights,
    /// What it stands for.
    pub kind: Kind,
    /// Whether it was granted, or opened through what was granted, only for reading.
    pub read_only: bool,
}

impl Access {
    /// What a descriptor of WASI 0.2 may be used for: all that its kind allows. (Whether it was opened
    /// to read and to write is known beside it.)
    pub fn plain(kind: Kind, read_only: bool) -> Access {
        let (base, inheriting) = match kind {
            Kind::Directory => (Rights::DIRECTORY, Rights::DIRECTORY | Rights::FILE),
            _ => (Rights::FILE, Rights::NONE),
        };
        Access {
            base,
            inheriting,
            kind,
            read_only,
        }
    }
}

/// 1 more than the index of a descriptor; 0 stands for none.
type Index = u32;

/// The table.
#[repr(C)]
pub struct FdTable {
    locked: AtomicBool,
    inner: UnsafeCell<Inner>,
}

/// Slots that need no memory of their own.
const FEW: usize = 64;

/// What the lock protects. All zeros is an empty table. What every program touches comes first.
#[repr(C)]
struct Inner {
    /// No number below this one is free.
    free_fd: usize,
    /// No descriptor below this index is free.
    free_descriptor: usize,
    /// Number of names.
    preopens: usize,
    /// Numbers are below it; 0 stands for [`MAX_FDS`].
    limit: usize,
    /// [`MAX_FDS`] slots in the place of `few`, once those were not enough; null before.
    many: *mut Slot,
    few: [Slot; FEW],
    names: [Option<&'static [u8]>; MAX_OPTIONS],
}

/// An element of two tables, so that the few that most programs use share a page of memory.
#[derive(Clone, Copy)]
struct Slot {
    /// What the number of this index refers to.
    fd: Index,
    /// The descriptor of this index.
    descriptor: Descriptor,
}

// SAFETY: `inner` is only used by `with`, which holds the lock; the slots that `many` points to
// belong to it.
unsafe impl Sync for FdTable {}

/// A descriptor that a call works with; it stays open meanwhile.
pub struct FdRef<'t> {
    table: &'t FdTable,
    index: Index,
    host: i32,
    access: Access,
    waits: Waits,
}

impl FdRef<'_> {
    /// The host's descriptor.
    pub fn host(&self) -> BorrowedFd<'_> {
        // SAFETY: it is closed only when the last reference is gone.
        unsafe { BorrowedFd::borrow_raw(self.host) }
    }

    /// What it may be used for.
    pub fn access(&self) -> Access {
        self.access
    }

    /// Whether calls wait.
    pub fn waits(&self) -> Waits {
        self.waits
    }

    /// Sets whether calls wait, of those to come.
    pub fn set_waits(&self, waits: Waits) {
        self.table.with(|inner| {
            if let Ok(descriptor) = inner.descriptor(self.index) {
                descriptor.waits = waits;
            }
        });
    }

    /// What it stands for.
    pub fn kind(&self) -> Kind {
        self.access.kind
    }

    /// Fails unless it has all of these rights.
    pub fn require(&self, rights: Rights) -> Result<(), Error> {
        if self.access.base.contains(rights) {
            Ok(())
        } else {
            Err(Error::NotCapable)
        }
    }

    /// Fails when nothing may be changed through it.
    pub fn require_writable(&self) -> Result<(), Error> {
        if self.access.read_only {
            Err(Errno::ROFS.into())
        } else {
            Ok(())
        }
    }

    /// Keeps the descriptor open until [`FdTable::release`].
    pub fn into_index(self) -> Index {
        let index = self.index;
        core::mem::forget(self);
        index
    }
}

impl Drop for FdRef<'_> {
    fn drop(&mut self) {
        self.table.release(self.index);
    }
}

impl FdTable {
    /// An empty table.
    pub const fn new() -> FdTable {
        const FREE: Slot = Slot {
            fd: 0,
            descriptor: Descriptor {
                host: 0,
                waits: Waits::AsOpened,
                uses: 0,
                access: Access {
                    base: Rights::NONE,
                    inheriting: Rights::NONE,
                    kind: Kind::Free,
                    read_only: false,
                },
                preopen: 0,
            },
        };
        FdTable {
            locked: AtomicBool::new(false),
            inner: UnsafeCell::new(Inner {
                free_fd: 0,
                free_descriptor: 0,
                preopens: 0,
                limit: 0,
                many: core::ptr::null_mut(),
                few: [FREE; FEW],
                names: [None; MAX_OPTIONS],
            }),
        }
    }

    /// Keeps the numbers below `limit`; those of the standard streams stay possible.
    pub fn limit(&self, limit: u64) {
        let limit = usize::try_from(limit).unwrap_or(MAX_FDS);
        self.with(|inner| inner.limit = limit.clamp(3, MAX_FDS));
    }

    /// Calls `visit` with the host's descriptor of each granted folder, and whether it was granted
    /// only for reading.
    pub fn for_each_preopen(&self, mut visit: impl FnMut(BorrowedFd<'_>, bool)) {
        self.with(|inner| {
            for slot in inner.slots() {
                let descriptor = &slot.descriptor;
                if descriptor.uses > 0 && descriptor.preopen != 0 {
                    // SAFETY: it is open, and cannot be closed while the table is locked.
                    let host = unsafe { BorrowedFd::borrow_raw(descriptor.host) };
                    visit(host, descriptor.access.read_only);
                }
            }
        });
    }

    /// The descriptor with this number.
    pub fn get(&self, fd: u32) -> Result<FdRef<'_>, Error> {
        self.with(|inner| {
            let index = inner.index(fd)?;
            let descriptor = inner.descriptor(index)?;
            descriptor.uses += 1;
            Ok(self.reference(index, descriptor))
        })
    }

    /// A reference that has been counted.
    fn reference(&self, index: Index, descriptor: &Descriptor) -> FdRef<'_> {
        FdRef {
            table: self,
            index,
            host: descriptor.host,
            access: descriptor.access,
            waits: descriptor.waits,
        }
    }

    /// The descriptor with this number, if it has all of these rights.
    pub fn get_with(&self, fd: u32, rights: Rights) -> Result<FdRef<'_>, Error> {
        let descriptor = self.get(fd)?;
        descriptor.require(rights)?;
        Ok(descriptor)
    }

    /// The directory with this number, if it has all of these rights.
    pub fn get_directory(&self, fd: u32, rights: Rights) -> Result<FdRef<'_>, Error> {
        let descriptor = self.get(fd)?;
        if descriptor.kind() != Kind::Directory {
            return Err(Errno::NOTDIR.into());
        }
        descriptor.require(rights)?;
        Ok(descriptor)
    }

    /// Gives up what [`FdRef::into_index`] kept.
    pub fn release(&self, index: Index) {
        let closed = self.with(|inner| inner.release(index));
        close(closed);
    }

    /// Gives a host's descriptor the lowest free number.
    pub fn insert(&self, host: OwnedFd, access: Access) -> Result<u32, Error> {
        let host = fs::into_number(host);
        let inserted = self.with(|inner| inner.insert(host, access, 0));
        if inserted.is_err() {
            close(Some(host));
        }
        inserted
    }

    /// Gives a standard stream its number; the numbers must be given in order.
    pub fn insert_stdio(&self, number: i32, base: Rights) -> Result<u32, Error> {
        let access = Access {
            base,
            inheriting: Rights::NONE,
            kind: Kind::Stdio,
            read_only: false,
        };
        self.with(|inner| inner.insert(number, access, 0))
    }

    /// Adds a folder that was granted under this name.
    pub fn insert_preopen(
        &self,
        host: OwnedFd,
        access: Access,
        name: &'static [u8],
    ) -> Result<u32, Error> {
        let host = fs::into_number(host);
        self.with(|inner| {
            let slot = inner.names.get_mut(inner.preopens).ok_or(Errno::NFILE)?;
            *slot = Some(name);
            inner.preopens += 1;
            inner.insert(host, access, inner.preopens as u16)
        })
    }

    /// Adds a listening socket that was granted.
    pub fn insert_listener(&self, host: OwnedFd, access: Access) -> Result<u32, Error> {
        let host = fs::into_number(host);
        self.with(|inner| inner.insert(host, access, LISTENER))
    }

    /// The granted listening sockets whose numbers are still open, unless the guest has moved them
    /// far up.
    pub fn listeners(&self) -> impl Iterator<Item = FdRef<'_>> {
        let mut granted = 0..3 + 2 * MAX_OPTIONS;
        core::iter::from_fn(move || {
            self.with(|inner| {
                granted.find_map(|fd| {
                    let index = inner.index(fd as u32).ok()?;
                    let descriptor = inner.descriptor(index).ok()?;
                    if descriptor.preopen != LISTENER {
                        return None;
                    }
                    descriptor.uses += 1;
                    Some(self.reference(index, descriptor))
                })
            })
        })
    }

    /// Makes an open number refer to another descriptor of the host.
    pub fn replace(&self, fd: u32, host: OwnedFd, access: Access) -> Result<(), Error> {
        let host = fs::into_number(host);
        let replaced = self.with(|inner| {
            let old = inner.index(fd)?;
            let place = inner.insert(host, access, 0)?;
            let new = inner.index(place)?;
            inner.set(fd, new);
            inner.set(place, 0);
            inner.free_fd = inner.free_fd.min(place as usize);
            Ok::<_, Error>(inner.release(old))
        });
        match replaced {
            Ok(closed) => close(closed),
            Err(_) => close(Some(host)),
        }
        replaced.map(|_| ())
    }

    /// The name of a granted folder; `BADF` for every other descriptor, which is how the
    /// guest's C library finds out how many there are.
    pub fn preopen_name(&self, fd: u32) -> Result<&'static [u8], Error> {
        self.with(|inner| {
            let index = inner.index(fd)?;
            let preopen = inner.descriptor(index)?.preopen;
            let at = usize::from(preopen).checked_sub(1).ok_or(Errno::BADF)?;
            Ok(inner.names.get(at).copied().flatten().ok_or(Errno::BADF)?)
        })
    }

    /// Makes a number free.
    pub fn close(&self, fd: u32) -> Result<(), Error> {
        let closed = self.with(|inner| {
            let index = inner.index(fd)?;
            inner.set(fd, 0);
            inner.free_fd = inner.free_fd.min(fd as usize);
            Ok::<_, Error>(inner.release(index))
        })?;
        close(closed);
        Ok(())
    }

    /// Makes `to` refer to what `from` does, and `from` free; both must be open.
    pub fn renumber(&self, from: u32, to: u32) -> Result<(), Error> {
        let closed = self.with(|inner| {
            let index = inner.index(from)?;
            let replaced = inner.index(to)?;
            if from == to {
                return Ok::<_, Error>(None);
            }
            inner.set(to, index);
            inner.set(from, 0);
            inner.free_fd = inner.free_fd.min(from as usize);
            Ok(inner.release(replaced))
        })?;
        close(closed);
        Ok(())
    }

    /// Takes rights away; fails when there are some that the descriptor does not have.
    pub fn shrink_rights(&self, fd: u32, base: Rights, inheriting: Rights) -> Result<(), Error> {
        self.with(|inner| {
            let index = inner.index(fd)?;
            let access = &mut inner.descriptor(index)?.access;
            if !access.base.contains(base) || !access.inheriting.contains(inheriting) {
                return Err(Error::NotCapable);
            }
            access.base = base;
            access.inheriting = inheriting;
            Ok(())
        })
    }

    /// Runs `action` with the table locked. It must be short, and neither block nor trap.
    fn with<R>(&self, action: impl FnOnce(&mut Inner) -> R) -> R {
        while self.locked.swap(true, Ordering::Acquire) {
            time::yield_now();
        }
        // SAFETY: the lock is held, so that this is the only reference.
        let result = action(unsafe { &mut *self.inner.get() });
        self.locked.store(false, Ordering::Release);
        result
    }
}

/// Closes a descriptor of the host to which there is no reference any more.
fn close(host: Option<i32>) {
    match host {
        None => {}
        Some(number @ 0..=2) => fs::close_stdio(number),
        // SAFETY: the last reference is gone.
        Some(number) => unsafe { fs::close(number) },
    }
}

impl Inner {
    fn slots(&self) -> &[Slot] {
        if self.many.is_null() {
            return &self.few;
        }
        // SAFETY: `grow` has mapped that many, all zeros at first, for this table alone.
        unsafe { core::slice::from_raw_parts(self.many, MAX_FDS) }
    }

    fn slots_mut(&mut self) -> &mut [Slot] {
        if self.many.is_null() {
            return &mut self.few;
        }
        // SAFETY: as above.
        unsafe { core::slice::from_raw_parts_mut(self.many, MAX_FDS) }
    }

    /// Moves the few slots to where there is room for all.
    #[cold]
    fn grow(&mut self) -> Result<(), Error> {
        if !self.many.is_null() {
            return Err(Errno::NFILE.into());
        }
        let many = mm::map_anywhere(MAX_FDS * size_of::<Slot>()).map_err(|_| Errno::NFILE)?;
        self.many = many.cast();
        let few = self.few;
        for (slot, from) in self.slots_mut().iter_mut().zip(few) {
            *slot = from;
        }
        Ok(())
    }

    /// What an open number refers to.
    fn index(&self, fd: u32) -> Result<Index, Error> {
        match self.slots().get(fd as usize) {
            Some(slot) if slot.fd != 0 => Ok(slot.fd),
            _ => Err(Errno::BADF.into()),
        }
    }

    fn descriptor(&mut self, index: Index) -> Result<&mut Descriptor, Error> {
        let at = (index as usize).wrapping_sub(1);
        let slot = self.slots_mut().get_mut(at).ok_or(Errno::BADF)?;
        Ok(&mut slot.descriptor)
    }

    fn set(&mut self, fd: u32, index: Index) {
        if let Some(slot) = self.slots_mut().get_mut(fd as usize) {
            slot.fd = index;
        }
    }

    fn insert(&mut self, host: i32, access: Access, preopen: u16) -> Result<u32, Error> {
        let limit = match self.limit {
            0 => MAX_FDS,
            limit => limit,
        };
        let free = |inner: &Inner| {
            let slots = inner.slots().iter();
            let mut fds = slots.clone().skip(inner.free_fd);
            let fd = fds.position(|slot| slot.fd == 0)? + inner.free_fd;
            let mut descriptors = slots.skip(inner.free_descriptor);
            let at = descriptors.position(|slot| slot.descriptor.uses == 0)?;
            Some((fd, at + inner.free_descriptor))
        };
        let full = self.slots().len() >= limit;
        let (fd, at) = match free(self) {
            Some(found) => found,
            None if full => return Err(Errno::MFILE.into()),
            None => {
                self.grow()?;
                free(self).ok_or(Errno::NFILE)?
            }
        };
        if fd >= limit {
            return Err(Errno::MFILE.into());
        }
        let index = at as Index + 1;
        *self.descriptor(index)? = Descriptor {
            host,
            waits: Waits::AsOpened,
            uses: 1,
            access,
            preopen,
        };
        self.free_fd = fd + 1;
        self.free_descriptor = at + 1;
        self.set(fd as u32, index);
        Ok(fd as u32)
    }

    /// Counts one use less; the host's descriptor to close when it was the last.
    fn release(&mut self, index: Index) -> Option<i32> {
        let descriptor = self.descriptor(index).ok()?;
        descriptor.uses -= 1;
        if descriptor.uses > 0 {
            return None;
        }
        descriptor.access.kind = Kind::Free;
        let host = descriptor.host;
        self.free_descriptor = self.free_descriptor.min(index as usize - 1);
        Some(host)
    }
}
