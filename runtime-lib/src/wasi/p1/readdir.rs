//! Listing a directory.

use super::errno::Errno;
use super::fd::file_type;
use super::types::Dirent;
use crate::guest::pointer::{GuestMemory, GuestSlice};
use crate::host::files;
use crate::host::system::System;
use core::ops::ControlFlow;

/// Writes entries from `cookie` on (0, or the `next` of an entry), each a [`Dirent`] and its name,
/// until the buffer is full: the last one may be cut. A buffer that is not full tells the end.
///
/// A cookie is the kernel's position in the directory.
pub fn fd_readdir(
    system: &System,
    memory: &GuestMemory<'_>,
    fd: u32,
    buf: u32,
    buf_len: u32,
    cookie: u64,
    bufused: u32,
) -> Result<(), Errno> {
    let descriptor = system.fds.get(fd)?;
    files::require_list(&descriptor)?;
    let bufused = memory.ptr::<u32>(bufused)?;
    let buffer = memory.slice(buf, buf_len)?;
    let mut rest = buffer;
    if buffer.len() > 0 {
        files::list(&descriptor, cookie, |entry| {
            let head = Dirent {
                next: entry.next,
                ino: entry.inode,
                name_len: entry.name.len() as u32,
                filetype: file_type(entry.kind) as u8,
                padding: [0; 3],
            };
            rest = write_entry(rest, &head, entry.name);
            if rest.len() == 0 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })?;
    }
    bufused.write((buffer.len() - rest.len()) as u32);
    Ok(())
}

/// Writes as much of an entry as fits: what is left of the buffer.
fn write_entry<'a>(buffer: GuestSlice<'a>, head: &Dirent, name: &[u8]) -> GuestSlice<'a> {
    let written = buffer.copy_from(&head.to_bytes());
    let buffer = buffer.skip(written);
    let written = buffer.copy_from(name);
    buffer.skip(written)
}

impl Dirent {
    /// The bytes of the layout.
    fn to_bytes(self) -> [u8; 24] {
        let mut bytes = [0; 24];
        let fields = self.next.to_le_bytes().into_iter();
        let fields = fields.chain(self.ino.to_le_bytes());
        let fields = fields.chain(self.name_len.to_le_bytes());
        for (slot, byte) in bytes.iter_mut().zip(fields.chain([self.filetype])) {
            *slot = byte;
        }
        bytes
    }
}
