//! Random bytes.

use super::errno::Errno;
use crate::guest::pointer::GuestMemory;
use crate::host::system::System;
use crate::sys::io;

/// Fills the buffer with random bytes of cryptographic quality.
pub fn random_get(
    _: &System,
    memory: &GuestMemory<'_>,
    buf: u32,
    buf_len: u32,
) -> Result<(), Errno> {
    let buffer = memory.slice(buf, buf_len)?;
    Ok(io::random(buffer.io_vec())?)
}
