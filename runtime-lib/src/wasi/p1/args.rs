//! Arguments and environment.

use super::errno::Errno;
use crate::guest::pointer::GuestMemory;
use crate::host::environment::Parts;
use crate::host::system::System;

/// Writes the arguments, NUL-terminated, to `argv_buf`, and where each begins to `argv`.
pub fn args_get(
    system: &System,
    memory: &GuestMemory<'_>,
    argv: u32,
    argv_buf: u32,
) -> Result<(), Errno> {
    write_strings(memory, argv, argv_buf, system.args.iter())
}

/// Writes the number of arguments and their size.
pub fn args_sizes_get(
    system: &System,
    memory: &GuestMemory<'_>,
    argc: u32,
    argv_buf_size: u32,
) -> Result<(), Errno> {
    write_sizes(memory, argc, argv_buf_size, system.args.iter())
}

/// Writes the variables (`NAME=VALUE`), NUL-terminated, to `environ_buf`, and where each begins to
/// `environ`.
pub fn environ_get(
    system: &System,
    memory: &GuestMemory<'_>,
    environ: u32,
    environ_buf: u32,
) -> Result<(), Errno> {
    write_strings(memory, environ, environ_buf, system.variables())
}

/// Writes the number of variables and their size.
pub fn environ_sizes_get(
    system: &System,
    memory: &GuestMemory<'_>,
    environc: u32,
    environ_buf_size: u32,
) -> Result<(), Errno> {
    write_sizes(memory, environc, environ_buf_size, system.variables())
}

pub(super) fn write_strings(
    memory: &GuestMemory<'_>,
    pointers: u32,
    buffer: u32,
    strings: impl Iterator<Item = Parts>,
) -> Result<(), Errno> {
    let mut pointer = pointers;
    let mut at = buffer;
    for string in strings {
        memory.ptr::<u32>(pointer)?.write(at);
        pointer = pointer.checked_add(4).ok_or(Errno::FAULT)?;
        for part in string.into_iter().chain([&b"\0"[..]]) {
            let len = u32::try_from(part.len()).map_err(|_| Errno::OVERFLOW)?;
            memory.slice(at, len)?.copy_from(part);
            at = at.checked_add(len).ok_or(Errno::FAULT)?;
        }
    }
    Ok(())
}

pub(super) fn write_sizes(
    memory: &GuestMemory<'_>,
    count: u32,
    size: u32,
    strings: impl Iterator<Item = Parts>,
) -> Result<(), Errno> {
    let mut number = 0;
    let mut bytes = 0;
    for string in strings {
        number += 1;
        bytes += string.iter().map(|part| part.len()).sum::<usize>() + 1;
    }
    let bytes = u32::try_from(bytes).map_err(|_| Errno::OVERFLOW)?;
    memory.ptr::<u32>(count)?.write(number);
    memory.ptr::<u32>(size)?.write(bytes);
    Ok(())
}
