//! Reading and writing memory that is not Rust's: system calls over addresses and lengths.
//!
//! rustix takes slices. There must be none over guest memory, which the guest's other threads may
//! write to and of which the guest may name overlapping parts.

use super::net::Name;
use crate::arch;
use core::marker::PhantomData;
use core::net::SocketAddr;
use rustix::fd::{AsRawFd, BorrowedFd};
use rustix::io::Errno;

/// Numbers of the system calls.
#[cfg(target_arch = "x86_64")]
mod number {
    pub const READ: usize = 0;
    pub const WRITE: usize = 1;
    pub const READV: usize = 19;
    pub const WRITEV: usize = 20;
    pub const SENDMSG: usize = 46;
    pub const RECVMSG: usize = 47;
    pub const PREADV: usize = 295;
    pub const PWRITEV: usize = 296;
    pub const GETRANDOM: usize = 318;
}

/// Numbers of the system calls.
#[cfg(target_arch = "aarch64")]
mod number {
    pub const READ: usize = 63;
    pub const WRITE: usize = 64;
    pub const READV: usize = 65;
    pub const WRITEV: usize = 66;
    pub const SENDMSG: usize = 211;
    pub const RECVMSG: usize = 212;
    pub const PREADV: usize = 69;
    pub const PWRITEV: usize = 70;
    pub const GETRANDOM: usize = 278;
}

/// The kernel's `struct iovec`: bytes that the kernel may read and write during `'a`.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct IoVec<'a> {
    start: *mut u8,
    len: usize,
    bytes: PhantomData<&'a ()>,
}

impl IoVec<'_> {
    /// No bytes.
    pub const EMPTY: IoVec<'static> = IoVec {
        start: core::ptr::null_mut(),
        len: 0,
        bytes: PhantomData,
    };

    /// `len` bytes at `start`.
    ///
    /// # Safety
    /// They must be readable and writable during the lifetime, and no Rust reference to them may
    /// exist.
    pub unsafe fn new(start: *mut u8, len: usize) -> Self {
        IoVec {
            start,
            len,
            bytes: PhantomData,
        }
    }

    /// How many bytes there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// The first bytes, at most `most`.
    pub fn first(&self, most: usize) -> Self {
        IoVec {
            len: self.len.min(most),
            ..*self
        }
    }
}

/// Reads into the buffers: how many bytes.
pub fn read(fd: BorrowedFd<'_>, buffers: &[IoVec<'_>]) -> Result<usize, Errno> {
    match buffers {
        [buffer] => call(number::READ, fd, buffer.start as usize, buffer.len, 0),
        _ => call(
            number::READV,
            fd,
            buffers.as_ptr() as usize,
            buffers.len(),
            0,
        ),
    }
}

/// Writes the buffers: how many bytes.
pub fn write(fd: BorrowedFd<'_>, buffers: &[IoVec<'_>]) -> Result<usize, Errno> {
    match buffers {
        [buffer] => call(number::WRITE, fd, buffer.start as usize, buffer.len, 0),
        _ => call(
            number::WRITEV,
            fd,
            buffers.as_ptr() as usize,
            buffers.len(),
            0,
        ),
    }
}

/// Reads into the buffers from an offset in the file: how many bytes.
///
/// The kernel's fifth argument, the upper half of the offset, has no effect where a word has 64
/// bits.
pub fn read_at(fd: BorrowedFd<'_>, buffers: &[IoVec<'_>], offset: u64) -> Result<usize, Errno> {
    let (start, len) = (buffers.as_ptr() as usize, buffers.len());
    call(number::PREADV, fd, start, len, offset as usize)
}

/// Writes the buffers at an offset in the file: how many bytes.
pub fn write_at(fd: BorrowedFd<'_>, buffers: &[IoVec<'_>], offset: u64) -> Result<usize, Errno> {
    let (start, len) = (buffers.as_ptr() as usize, buffers.len());
    call(number::PWRITEV, fd, start, len, offset as usize)
}

/// The kernel's `struct msghdr`.
#[repr(C)]
struct Message {
    name: usize,
    name_len: u32,
    buffers: usize,
    buffer_count: usize,
    control: usize,
    control_len: usize,
    flags: u32,
}

impl Message {
    fn new(buffers: &[IoVec<'_>]) -> Message {
        Message {
            name: 0,
            name_len: 0,
            buffers: buffers.as_ptr() as usize,
            buffer_count: buffers.len(),
            control: 0,
            control_len: 0,
            flags: 0,
        }
    }
}

/// Receives into the buffers: how many bytes, and the message's flags.
pub fn receive(
    fd: BorrowedFd<'_>,
    buffers: &[IoVec<'_>],
    flags: u32,
) -> Result<(usize, u32), Errno> {
    let mut message = Message::new(buffers);
    let place = &raw mut message as usize;
    let len = call(number::RECVMSG, fd, place, flags as usize, 0)?;
    Ok((len, message.flags))
}

/// Receives into the buffers: how many bytes, the message's flags, and who sent it, where the
/// kernel says so.
pub fn receive_from(
    fd: BorrowedFd<'_>,
    buffers: &[IoVec<'_>],
    flags: u32,
) -> Result<(usize, u32, Option<SocketAddr>), Errno> {
    let mut name = Name::new();
    let mut message = Message::new(buffers);
    message.name = &raw mut name as usize;
    message.name_len = size_of::<Name>() as u32;
    let place = &raw mut message as usize;
    let len = call(number::RECVMSG, fd, place, flags as usize, 0)?;
    Ok((len, message.flags, name.decode(message.name_len as usize)))
}

/// Sends the buffers: how many bytes.
pub fn send(fd: BorrowedFd<'_>, buffers: &[IoVec<'_>], flags: u32) -> Result<usize, Errno> {
    let message = Message::new(buffers);
    let place = &raw const message as usize;
    call(number::SENDMSG, fd, place, flags as usize, 0)
}

/// Sends the buffers to an address: how many bytes.
pub fn send_to(
    fd: BorrowedFd<'_>,
    buffers: &[IoVec<'_>],
    address: &SocketAddr,
    flags: u32,
) -> Result<usize, Errno> {
    let (name, name_len) = Name::encode(address);
    let mut message = Message::new(buffers);
    message.name = &raw const name as usize;
    message.name_len = name_len as u32;
    let place = &raw const message as usize;
    call(number::SENDMSG, fd, place, flags as usize, 0)
}

/// Fills the buffer with random bytes.
pub fn random(buffer: IoVec<'_>) -> Result<(), Errno> {
    let mut done = 0;
    while done < buffer.len {
        let start = buffer.start.wrapping_add(done) as usize;
        // SAFETY: the kernel writes to the buffer, as its maker allowed.
        let result = unsafe { arch::syscall(number::GETRANDOM, start, buffer.len - done, 0, 0) };
        match decode(result) {
            Ok(len) => done += len,
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

/// Reads into bytes of ours: how many.
pub fn read_bytes(fd: BorrowedFd<'_>, bytes: &mut [u8]) -> Result<usize, Errno> {
    // SAFETY: the bytes are borrowed until this returns, and used by nothing else.
    read(
        fd,
        &[unsafe { IoVec::new(bytes.as_mut_ptr(), bytes.len()) }],
    )
}

/// Reads into bytes of ours from an offset in the file: how many.
pub fn read_bytes_at(fd: BorrowedFd<'_>, bytes: &mut [u8], offset: u64) -> Result<usize, Errno> {
    // SAFETY: as above.
    let buffer = unsafe { IoVec::new(bytes.as_mut_ptr(), bytes.len()) };
    read_at(fd, &[buffer], offset)
}

/// Calls `action` with bytes of ours for the kernel to read.
pub fn with_bytes<R>(bytes: &[u8], action: impl FnOnce(IoVec<'_>) -> R) -> R {
    // SAFETY: the bytes are borrowed until `action` returns, which only writes from them.
    action(unsafe { IoVec::new(bytes.as_ptr().cast_mut(), bytes.len()) })
}

/// Calls `action` with bytes of ours for the kernel to write.
pub fn with_bytes_mut<R>(bytes: &mut [u8], action: impl FnOnce(IoVec<'_>) -> R) -> R {
    // SAFETY: the bytes are borrowed until `action` returns, and used by nothing else.
    action(unsafe { IoVec::new(bytes.as_mut_ptr(), bytes.len()) })
}

/// Fills bytes of ours with random ones.
pub fn random_bytes(bytes: &mut [u8]) -> Result<(), Errno> {
    // SAFETY: the bytes are borrowed until this returns, and used by nothing else.
    random(unsafe { IoVec::new(bytes.as_mut_ptr(), bytes.len()) })
}

fn call(number: usize, fd: BorrowedFd<'_>, b: usize, c: usize, d: usize) -> Result<usize, Errno> {
    // SAFETY: the callers pass buffers whose makers allowed the kernel to read and write them, or
    // structures of the kernel's layout that refer to such buffers.
    decode(unsafe { arch::syscall(number, fd.as_raw_fd() as usize, b, c, d) })
}

fn decode(result: isize) -> Result<usize, Errno> {
    if result < 0 {
        return Err(Errno::from_raw_os_error(-(result as i32)));
    }
    Ok(result as usize)
}
