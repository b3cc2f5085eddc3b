//! Tests of the system interface: a guest without WebAssembly, whose memory is an array.

mod directories;
mod escapes;
mod files;
mod hostile;
mod net;
mod paths;
mod positions;
mod sockets;
mod streams;
mod system;
mod waiting;

use super::errno::Errno;
use super::functions::*;
use super::types::{Event, Fdstat, Filestat, Iovec, LookupFlags, OpenFlags, Subscription};
use crate::guest::pointer::{GuestMemory, Plain};
use crate::host::descriptors::{Access, Kind};
use crate::host::rights::Rights;
use crate::host::system::System;
use crate::sys::fs;
use std::alloc::{Layout, alloc_zeroed};
use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use wasmc_abi::layout::MemoryState;

/// Bytes of the guest's memory.
const SIZE: u32 = 1 << 20;
/// Number of the folder that is granted.
const ROOT: u32 = 3;
/// Follow a final link.
const FOLLOW: u32 = LookupFlags::SYMLINK_FOLLOW.0;
const CREAT: u32 = OpenFlags::CREAT.0 as u32;
const DIRECTORY: u32 = OpenFlags::DIRECTORY.0 as u32;
const EXCL: u32 = OpenFlags::EXCL.0 as u32;
const TRUNC: u32 = OpenFlags::TRUNC.0 as u32;
const READ: Rights = Rights::FILE.intersection_without(Rights::WRITING);
const READ_WRITE: Rights = Rights::FILE;

impl Rights {
    const fn intersection_without(self, other: Rights) -> Rights {
        Rights(self.0 & !other.0)
    }
}

/// A line that the test harness does not hide.
fn say(text: &str) {
    use std::io::Write as _;
    writeln!(std::io::stdout().lock(), "{text}").unwrap();
}

/// A folder that goes away with its value.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("wasmc-wasi-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        Folder(path)
    }

    fn join(&self, path: &str) -> PathBuf {
        self.0.join(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A descriptor of the standard library as one of rustix.
fn owned(fd: impl std::os::fd::IntoRawFd) -> rustix::fd::OwnedFd {
    // SAFETY: the number has just been given up by its owner.
    unsafe { rustix::fd::FromRawFd::from_raw_fd(fd.into_raw_fd()) }
}

/// A guest with its descriptors and memory.
struct Guest {
    system: Box<System>,
    state: Box<MemoryState>,
    /// Keeps the memory.
    _bytes: Vec<u64>,
    /// First byte of the memory that is not in use.
    free: u32,
}

impl Guest {
    /// A guest with standard streams only.
    fn new() -> Guest {
        let mut bytes = vec![0_u64; SIZE as usize / 8];
        let state = MemoryState {
            base: bytes.as_mut_ptr().expose_provenance() as u64,
            size: SIZE.into(),
            max: SIZE.into(),
            reservation: 0,
            page_log2: 16,
            flags: 0,
        };
        // SAFETY: all zeros is the state at the start of a program.
        let system =
            unsafe { Box::from_raw(alloc_zeroed(Layout::new::<System>()).cast::<System>()) };
        crate::host::grants::open_streams(&system.fds);
        Guest {
            system,
            state: Box::new(state),
            _bytes: bytes,
            free: 64,
        }
    }

    /// A guest with a granted folder, number [`ROOT`].
    fn with(folder: &Folder) -> Guest {
        let guest = Guest::new();
        assert_eq!(guest.grant(&folder.0, false), ROOT);
        guest
    }

    fn grant(&self, path: &Path, read_only: bool) -> u32 {
        let path = CString::new(path.as_os_str().as_bytes()).unwrap();
        let access = Access {
            base: Rights::DIRECTORY,
            inheriting: Rights::DIRECTORY | Rights::FILE,
            kind: Kind::Directory,
            read_only,
        };
        let folder = fs::open_grant(&path).unwrap();
        self.system
            .fds
            .insert_preopen(folder, access, b"/")
            .unwrap()
    }

    fn memory(&self) -> GuestMemory<'_> {
        // SAFETY: the bytes live as long as the guest.
        unsafe { GuestMemory::new(&raw const *self.state) }
    }

    /// Room for `len` bytes.
    fn room(&mut self, len: u32) -> u32 {
        let at = self.free;
        self.free = (at + len).next_multiple_of(8);
        assert!(self.free <= SIZE);
        at
    }

    fn put(&mut self, bytes: &[u8]) -> (u32, u32) {
        let len = bytes.len() as u32;
        let at = self.room(len);
        assert_eq!(
            self.memory().slice(at, len).unwrap().copy_from(bytes),
            bytes.len()
        );
        (at, len)
    }

    fn get(&self, at: u32, len: u32) -> Vec<u8> {
        let mut bytes = vec![0; len as usize];
        self.memory().slice(at, len).unwrap().copy_to(&mut bytes);
        bytes
    }

    fn read_value<T: Plain>(&self, at: u32) -> T {
        self.memory().ptr::<T>(at).unwrap().read()
    }

    fn write_value<T: Plain>(&self, at: u32, value: T) {
        self.memory().ptr::<T>(at).unwrap().write(value);
    }

    fn open_as(
        &mut self,
        dir: u32,
        path: &str,
        (lookup, oflags, fdflags): (u32, u32, u32),
        (base, inheriting): (Rights, Rights),
    ) -> Result<u32, Errno> {
        let (at, len) = self.put(path.as_bytes());
        let out = self.room(4);
        path_open(
            &self.system,
            &self.memory(),
            dir,
            lookup,
            at,
            len,
            oflags,
            base.0.into(),
            inheriting.0.into(),
            fdflags,
            out,
        )?;
        Ok(self.read_value(out))
    }

    fn open(&mut self, dir: u32, path: &str, oflags: u32, base: Rights) -> Result<u32, Errno> {
        self.open_as(dir, path, (FOLLOW, oflags, 0), (base, Rights::ALL))
    }

    fn open_dir(&mut self, dir: u32, path: &str) -> Result<u32, Errno> {
        self.open(dir, path, DIRECTORY, Rights::DIRECTORY)
    }

    fn close(&self, fd: u32) -> Result<(), Errno> {
        fd_close(&self.system, &self.memory(), fd)
    }

    /// A list of one buffer.
    fn iovec(&mut self, at: u32, len: u32) -> u32 {
        let list = self.room(8);
        let iovec = Iovec {
            buf: at,
            buf_len: len,
        };
        self.write_value(list, iovec);
        list
    }

    fn read(&mut self, fd: u32, len: u32) -> Result<Vec<u8>, Errno> {
        let at = self.room(len);
        let list = self.iovec(at, len);
        let out = self.room(4);
        fd_read(&self.system, &self.memory(), fd, list, 1, out)?;
        Ok(self.get(at, self.read_value(out)))
    }

    fn pread(&mut self, fd: u32, len: u32, offset: u64) -> Result<Vec<u8>, Errno> {
        let at = self.room(len);
        let list = self.iovec(at, len);
        let out = self.room(4);
        fd_pread(&self.system, &self.memory(), fd, list, 1, offset, out)?;
        Ok(self.get(at, self.read_value(out)))
    }

    fn write(&mut self, fd: u32, bytes: &[u8]) -> Result<u32, Errno> {
        let (at, len) = self.put(bytes);
        let list = self.iovec(at, len);
        let out = self.room(4);
        fd_write(&self.system, &self.memory(), fd, list, 1, out)?;
        Ok(self.read_value(out))
    }

    fn pwrite(&mut self, fd: u32, bytes: &[u8], offset: u64) -> Result<u32, Errno> {
        let (at, len) = self.put(bytes);
        let list = self.iovec(at, len);
        let out = self.room(4);
        fd_pwrite(&self.system, &self.memory(), fd, list, 1, offset, out)?;
        Ok(self.read_value(out))
    }

    fn seek(&mut self, fd: u32, offset: i64, whence: u32) -> Result<u64, Errno> {
        let out = self.room(8);
        fd_seek(&self.system, &self.memory(), fd, offset as u64, whence, out)?;
        Ok(self.read_value(out))
    }

    fn tell(&mut self, fd: u32) -> Result<u64, Errno> {
        let out = self.room(8);
        fd_tell(&self.system, &self.memory(), fd, out)?;
        Ok(self.read_value(out))
    }

    fn fdstat(&mut self, fd: u32) -> Result<Fdstat, Errno> {
        let out = self.room(24);
        fd_fdstat_get(&self.system, &self.memory(), fd, out)?;
        Ok(self.read_value(out))
    }

    fn filestat(&mut self, fd: u32) -> Result<Filestat, Errno> {
        let out = self.room(64);
        fd_filestat_get(&self.system, &self.memory(), fd, out)?;
        Ok(self.read_value(out))
    }

    fn stat(&mut self, dir: u32, path: &str, lookup: u32) -> Result<Filestat, Errno> {
        let (at, len) = self.put(path.as_bytes());
        let out = self.room(64);
        path_filestat_get(&self.system, &self.memory(), dir, lookup, at, len, out)?;
        Ok(self.read_value(out))
    }

    fn set_times(
        &mut self,
        dir: u32,
        path: &str,
        lookup: u32,
        (atim, mtim, flags): (u64, u64, u32),
    ) -> Result<(), Errno> {
        let (at, len) = self.put(path.as_bytes());
        let memory = &self.memory();
        path_filestat_set_times(
            &self.system,
            memory,
            dir,
            lookup,
            at,
            len,
            atim,
            mtim,
            flags,
        )
    }

    fn create_directory(&mut self, dir: u32, path: &str) -> Result<(), Errno> {
        let (at, len) = self.put(path.as_bytes());
        path_create_directory(&self.system, &self.memory(), dir, at, len)
    }

    fn remove_directory(&mut self, dir: u32, path: &str) -> Result<(), Errno> {
        let (at, len) = self.put(path.as_bytes());
        path_remove_directory(&self.system, &self.memory(), dir, at, len)
    }

    fn unlink(&mut self, dir: u32, path: &str) -> Result<(), Errno> {
        let (at, len) = self.put(path.as_bytes());
        path_unlink_file(&self.system, &self.memory(), dir, at, len)
    }

    fn symlink(&mut self, text: &str, dir: u32, path: &str) -> Result<(), Errno> {
        let (text, text_len) = self.put(text.as_bytes());
        let (at, len) = self.put(path.as_bytes());
        path_symlink(&self.system, &self.memory(), text, text_len, dir, at, len)
    }

    fn read_link(&mut self, dir: u32, path: &str, room: u32) -> Result<Vec<u8>, Errno> {
        let (at, len) = self.put(path.as_bytes());
        let buffer = self.room(room);
        let out = self.room(4);
        path_readlink(
            &self.system,
            &self.memory(),
            dir,
            at,
            len,
            buffer,
            room,
            out,
        )?;
        Ok(self.get(buffer, self.read_value(out)))
    }

    fn rename(&mut self, dir: u32, old: &str, new_dir: u32, new: &str) -> Result<(), Errno> {
        let (old, old_len) = self.put(old.as_bytes());
        let (new, new_len) = self.put(new.as_bytes());
        path_rename(
            &self.system,
            &self.memory(),
            dir,
            old,
            old_len,
            new_dir,
            new,
            new_len,
        )
    }

    fn link(
        &mut self,
        dir: u32,
        lookup: u32,
        old: &str,
        new_dir: u32,
        new: &str,
    ) -> Result<(), Errno> {
        let (old, old_len) = self.put(old.as_bytes());
        let (new, new_len) = self.put(new.as_bytes());
        let memory = &self.memory();
        path_link(
            &self.system,
            memory,
            dir,
            lookup,
            old,
            old_len,
            new_dir,
            new,
            new_len,
        )
    }

    /// Runs `test`, then again with the walk in the place of the kernel's resolution.
    fn both_ways(test: impl Fn()) {
        test();
        crate::sys::resolve::FORCE_WALK.set(true);
        test();
        crate::sys::resolve::FORCE_WALK.set(false);
    }
}
