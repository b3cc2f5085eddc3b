//! The addresses of a socket: its own and its peer's.

use super::place::{Generation, Place};
use crate::guest::pointer::GuestMemory;
use crate::host::sockets;
use crate::host::system::System;
use crate::sys::net;
use crate::wasi::p1::errno::Errno;
use core::net::SocketAddr;
use rustix::fd::BorrowedFd;

/// The system's functions for the two addresses.
type Ask = fn(BorrowedFd<'_>) -> Result<SocketAddr, rustix::io::Errno>;

/// Writes a socket's own address, its type (4 or 6) and its port. First generation.
pub fn sock_getlocaladdr_v1(
    system: &System,
    memory: &GuestMemory<'_>,
    fd: u32,
    addr: u32,
    addr_type: u32,
    port: u32,
) -> Result<(), Errno> {
    write_with_type(
        system,
        memory,
        fd,
        net::local_address,
        (addr, addr_type, port),
    )
}

/// Writes a socket's own address and its port. Second generation.
pub fn sock_getlocaladdr_v2(
    system: &System,
    memory: &GuestMemory<'_>,
    fd: u32,
    addr: u32,
    port: u32,
) -> Result<(), Errno> {
    write(system, memory, fd, net::local_address, (addr, port))
}

/// Writes the address that a socket is connected to, its type (4 or 6) and its port. First
/// generation.
pub fn sock_getpeeraddr_v1(
    system: &System,
    memory: &GuestMemory<'_>,
    fd: u32,
    addr: u32,
    addr_type: u32,
    port: u32,
) -> Result<(), Errno> {
    write_with_type(
        system,
        memory,
        fd,
        net::peer_address,
        (addr, addr_type, port),
    )
}

/// Writes the address that a socket is connected to and its port. Second generation.
pub fn sock_getpeeraddr_v2(
    system: &System,
    memory: &GuestMemory<'_>,
    fd: u32,
    addr: u32,
    port: u32,
) -> Result<(), Errno> {
    write(system, memory, fd, net::peer_address, (addr, port))
}

fn write_with_type(
    system: &System,
    memory: &GuestMemory<'_>,
    fd: u32,
    ask: Ask,
    (addr, addr_type, port): (u32, u32, u32),
) -> Result<(), Errno> {
    let place = Place::new(memory, addr, Generation::One)?;
    let addr_type = memory.aligned_ptr::<u32>(addr_type)?;
    let port = memory.aligned_ptr::<u32>(port)?;
    let address = ask(sockets::get(system, fd)?.host())?;
    place.write(Some(&address))?;
    addr_type.write(match address {
        SocketAddr::V4(_) => 4,
        SocketAddr::V6(_) => 6,
    });
    port.write(address.port().into());
    Ok(())
}

fn write(
    system: &System,
    memory: &GuestMemory<'_>,
    fd: u32,
    ask: Ask,
    (addr, port): (u32, u32),
) -> Result<(), Errno> {
    let place = Place::new(memory, addr, Generation::Two)?;
    let port = memory.aligned_ptr::<u32>(port)?;
    let address = ask(sockets::get(system, fd)?.host())?;
    place.write(Some(&address))?;
    port.write(address.port().into());
    Ok(())
}
