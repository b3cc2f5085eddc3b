//! The options of sockets.

use super::layout::{Linger, socktype};
use crate::guest::pointer::GuestMemory;
use crate::host::sockets;
use crate::host::system::System;
use crate::sys::net;
use crate::wasi::p1::errno::Errno;

/// The only level.
const SOCKET: u32 = 0;

/// Bytes of an interface's name, and of the longest value.
const INTERFACE_NAME: usize = 16;

/// What an option's value is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Form {
    /// A number of 32 bits.
    Number,
    /// The kind of socket: a number of the guest's own.
    Type,
    /// An error number of the guest's own.
    Error,
    /// [`Linger`]; also a number, of seconds, when it is set.
    Linger,
    /// Seconds and microseconds, 64 bits each.
    Time,
    /// The name of an interface.
    Interface,
}

impl Form {
    /// Bytes of the value.
    fn len(self) -> usize {
        match self {
            Form::Number | Form::Type | Form::Error => 4,
            Form::Linger => size_of::<Linger>(),
            Form::Time | Form::Interface => INTERFACE_NAME,
        }
    }
}

/// The options in the order of the guest's numbers: the kernel's number, the form.
const OPTIONS: [(u8, Form); 15] = [
    (2, Form::Number),     // REUSEADDR
    (3, Form::Type),       // TYPE
    (4, Form::Error),      // ERROR
    (5, Form::Number),     // DONTROUTE
    (6, Form::Number),     // BROADCAST
    (7, Form::Number),     // SNDBUF
    (8, Form::Number),     // RCVBUF
    (9, Form::Number),     // KEEPALIVE
    (10, Form::Number),    // OOBINLINE
    (13, Form::Linger),    // LINGER
    (18, Form::Number),    // RCVLOWAT
    (20, Form::Time),      // RCVTIMEO
    (21, Form::Time),      // SNDTIMEO
    (30, Form::Number),    // ACCEPTCONN
    (25, Form::Interface), // BINDTODEVICE
];

fn option(level: u32, name: u32) -> Result<(u32, Form), Errno> {
    let option = OPTIONS.get(name as usize).filter(|_| level == SOCKET);
    let &(number, form) = option.ok_or(Errno::NOPROTOOPT)?;
    Ok((number.into(), form))
}

/// Writes the value of an option, and its size in the place of that of the room.
pub fn sock_getsockopt(
    system: &System,
    memory: &GuestMemory<'_>,
    fd: u32,
    level: u32,
    name: u32,
    flag: u32,
    flag_size: u32,
) -> Result<(), Errno> {
    let descriptor = sockets::get(system, fd)?;
    let (number, form) = option(level, name)?;
    let size = memory.aligned_ptr::<u32>(flag_size)?;
    let room = memory.slice(flag, size.read())?;
    if form != Form::Interface {
        memory.aligned_ptr::<u32>(flag)?;
    }
    if room.len() < form.len() {
        return Err(Errno::INVAL);
    }
    if form == Form::Interface {
        system.require_net()?;
    }
    let mut value = [0; INTERFACE_NAME];
    let value = value.get_mut(..form.len()).unwrap_or_default();
    let len = net::option(descriptor.host(), number, value)?;
    let value = value.get_mut(..len).unwrap_or_default();
    if let Some(word) = value.first_chunk_mut::<4>() {
        let linux = i32::from_le_bytes(*word);
        match form {
            Form::Type => *word = socket_type(linux).to_le_bytes(),
            Form::Error if linux != 0 => {
                *word = u32::from(Errno::from(rustix::io::Errno::from_raw_os_error(linux)).code())
                    .to_le_bytes();
            }
            _ => {}
        }
    }
    room.copy_from(value);
    size.write(value.len() as u32);
    Ok(())
}

/// The guest's number for Linux's `SOCK_STREAM` (1) and `SOCK_DGRAM` (2).
fn socket_type(linux: i32) -> u32 {
    u32::from(match linux {
        1 => socktype::STREAM,
        2 => socktype::DGRAM,
        _ => socktype::ANY,
    })
}

/// Sets an option.
pub fn sock_setsockopt(
    system: &System,
    memory: &GuestMemory<'_>,
    fd: u32,
    level: u32,
    name: u32,
    flag: u32,
    flag_size: u32,
) -> Result<(), Errno> {
    let descriptor = sockets::get(system, fd)?;
    let (number, form) = option(level, name)?;
    let given = memory.slice(flag, flag_size)?;
    if form == Form::Interface {
        system.require_net()?;
    } else {
        memory.aligned_ptr::<u32>(flag)?;
    }
    let mut value = [0; INTERFACE_NAME];
    let len = match (form, given.len()) {
        (Form::Interface, len) if len < INTERFACE_NAME => len,
        (Form::Linger, 4) => return set_linger(&descriptor, number, given),
        (form, len) if form != Form::Interface && len >= form.len() => form.len(),
        _ => return Err(Errno::INVAL),
    };
    let value = value.get_mut(..len).unwrap_or_default();
    given.copy_to(value);
    Ok(net::set_option(descriptor.host(), number, value)?)
}

/// Sets how long closing waits, given as a number of seconds: 0 does not wait.
fn set_linger(
    descriptor: &crate::host::descriptors::FdRef<'_>,
    number: u32,
    given: crate::guest::pointer::GuestSlice<'_>,
) -> Result<(), Errno> {
    let mut seconds = [0; 4];
    given.copy_to(&mut seconds);
    let on = u32::from(seconds != [0; 4]).to_le_bytes();
    let mut value = [0; size_of::<Linger>()];
    let (first, second) = value.split_at_mut(4);
    first.copy_from_slice(&on);
    second.copy_from_slice(&seconds);
    Ok(net::set_option(descriptor.host(), number, &value)?)
}
