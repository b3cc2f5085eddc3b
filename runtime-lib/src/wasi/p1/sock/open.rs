//! New sockets, their addresses and connections: see [`crate::host::sockets`].

use super::layout::{family, socktype};
use super::place;
use crate::guest::pointer::GuestMemory;
use crate::host::sockets;
use crate::host::system::System;
use crate::sys::net::{Family, Transport};
use crate::wasi::p1::errno::Errno;

/// Opens a socket, and writes the number of its descriptor.
pub fn sock_open(
    system: &System,
    memory: &GuestMemory<'_>,
    af: u32,
    ty: u32,
    ro_fd: u32,
) -> Result<(), Errno> {
    let ro_fd = memory.aligned_ptr::<u32>(ro_fd)?;
    let family = match u8::try_from(af).map_err(|_| Errno::INVAL)? {
        family::INET4 => Family::Inet4,
        family::INET6 => Family::Inet6,
        family::UNIX => return Err(Errno::ACCES),
        family::UNSPEC => return Err(Errno::AFNOSUPPORT),
        _ => return Err(Errno::INVAL),
    };
    let transport = match u8::try_from(ty).map_err(|_| Errno::INVAL)? {
        socktype::STREAM => Transport::Stream,
        socktype::DGRAM => Transport::Datagram,
        _ => return Err(Errno::INVAL),
    };
    ro_fd.write(sockets::open(system, family, transport)?);
    Ok(())
}

/// Gives a socket its own address. At the address of a granted listening socket it becomes that
/// one.
pub fn sock_bind(
    system: &System,
    memory: &GuestMemory<'_>,
    fd: u32,
    addr: u32,
    port: u32,
) -> Result<(), Errno> {
    sockets::get(system, fd)?;
    let address = place::read(memory, addr, port)?;
    Ok(sockets::bind(system, fd, &address)?)
}

/// Lets a socket accept connections, of which so many may wait.
pub fn sock_listen(
    system: &System,
    _: &GuestMemory<'_>,
    fd: u32,
    backlog: u32,
) -> Result<(), Errno> {
    let socket = sockets::get(system, fd)?;
    let backlog = i32::try_from(backlog).unwrap_or(i32::MAX);
    Ok(sockets::listen(system, &socket, backlog)?)
}

/// Connects a socket to an address. One that does not block is connected later: INPROGRESS.
pub fn sock_connect(
    system: &System,
    memory: &GuestMemory<'_>,
    fd: u32,
    addr: u32,
    port: u32,
) -> Result<(), Errno> {
    let socket = sockets::get(system, fd)?;
    let address = place::read(memory, addr, port)?;
    Ok(sockets::connect(system, &socket, &address)?)
}
