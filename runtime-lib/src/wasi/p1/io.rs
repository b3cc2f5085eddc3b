//! Reading and writing: bytes go between the guest's memory and the kernel without a copy.

use super::errno::Errno;
use super::types::Iovec;
use crate::guest::pointer::GuestMemory;
use crate::host::error::Error;
use crate::host::files;
use crate::host::system::System;
use crate::sys::io::IoVec;

/// Buffers that go to the kernel at once. The rest of a longer list is left for the guest's next
/// call: reading and writing less than asked for is allowed.
const MAX_BUFFERS: usize = 64;

/// Reads at the current position.
pub fn fd_read(
    system: &System,
    memory: &GuestMemory<'_>,
    fd: u32,
    iovs: u32,
    iovs_len: u32,
    nread: u32,
) -> Result<(), Errno> {
    let descriptor = system.fds.get(fd)?;
    files::require_readable(&descriptor)?;
    let nread = memory.ptr::<u32>(nread)?;
    let len = with_buffers(memory, iovs, iovs_len, |buffers| {
        files::read(&descriptor, buffers)
    })?;
    nread.write(len as u32);
    Ok(())
}

/// Writes at the current position.
pub fn fd_write(
    system: &System,
    memory: &GuestMemory<'_>,
    fd: u32,
    iovs: u32,
    iovs_len: u32,
    nwritten: u32,
) -> Result<(), Errno> {
    let descriptor = system.fds.get(fd)?;
    files::require_writing(&descriptor)?;
    let nwritten = memory.ptr::<u32>(nwritten)?;
    let len = with_buffers(memory, iovs, iovs_len, |buffers| {
        files::write(&descriptor, buffers)
    })?;
    nwritten.write(len as u32);
    Ok(())
}

/// Reads at an offset, without moving the position.
pub fn fd_pread(
    system: &System,
    memory: &GuestMemory<'_>,
    fd: u32,
    iovs: u32,
    iovs_len: u32,
    offset: u64,
    nread: u32,
) -> Result<(), Errno> {
    let descriptor = system.fds.get(fd)?;
    files::require_readable(&descriptor)?;
    files::require_offsets(&descriptor)?;
    let nread = memory.ptr::<u32>(nread)?;
    let len = with_buffers(memory, iovs, iovs_len, |buffers| {
        files::read_at(&descriptor, buffers, offset)
    })?;
    nread.write(len as u32);
    Ok(())
}

/// Writes at an offset, without moving the position. On a file opened to append, Linux appends.
pub fn fd_pwrite(
    system: &System,
    memory: &GuestMemory<'_>,
    fd: u32,
    iovs: u32,
    iovs_len: u32,
    offset: u64,
    nwritten: u32,
) -> Result<(), Errno> {
    let descriptor = system.fds.get(fd)?;
    files::require_writing(&descriptor)?;
    files::require_offsets(&descriptor)?;
    let nwritten = memory.ptr::<u32>(nwritten)?;
    let len = with_buffers(memory, iovs, iovs_len, |buffers| {
        files::write_at(&descriptor, buffers, offset)
    })?;
    nwritten.write(len as u32);
    Ok(())
}

/// Calls `transfer` with the buffers of a list in guest memory. Empty ones are left out, so that
/// nothing but the end of a file makes a read of nothing.
pub(super) fn with_buffers<R>(
    memory: &GuestMemory<'_>,
    iovs: u32,
    iovs_len: u32,
    transfer: impl FnOnce(&[IoVec<'_>]) -> Result<R, Error>,
) -> Result<R, Errno> {
    let list = memory.array::<Iovec>(iovs, iovs_len)?;
    if list.len() == 1 {
        let iovec = list.get(0)?.read();
        let slice = memory.slice(iovec.buf, iovec.buf_len)?;
        return Ok(transfer(&[slice.io_vec()])?);
    }
    let mut buffers = [IoVec::EMPTY; MAX_BUFFERS];
    let mut used = 0;
    for iovec in list.iter() {
        let Some(slot) = buffers.get_mut(used) else {
            break;
        };
        let iovec = iovec.read();
        let slice = memory.slice(iovec.buf, iovec.buf_len)?;
        if slice.len() > 0 {
            *slot = slice.io_vec();
            used += 1;
        }
    }
    // One empty buffer stands for none, so that the kernel looks at the descriptor all the same.
    let buffers = buffers.get(..used.max(1)).unwrap_or_default();
    Ok(transfer(buffers)?)
}
