//! Sockets: the functions of preview 1 for those that exist; WasmEdge's functions in the modules.
//!
//! - [`layout`]: the structures of WasmEdge's functions, [`place`]: how addresses are read and
//!   written.
//! - [`open`]: new sockets; [`transfer`]: datagrams; [`names`]: addresses of sockets; [`options`].
//! - [`addrinfo`]: from names to addresses, with [`crate::host::lookup`].

pub use addrinfo::sock_getaddrinfo;
pub use names::{
    sock_getlocaladdr_v1, sock_getlocaladdr_v2, sock_getpeeraddr_v1, sock_getpeeraddr_v2,
};
pub use open::{sock_bind, sock_connect, sock_listen, sock_open};
pub use options::{sock_getsockopt, sock_setsockopt};
pub use transfer::{sock_recv_from_v1, sock_recv_from_v2, sock_send_to};

mod addrinfo;
pub(super) mod layout;
mod names;
mod open;
mod options;
mod place;
mod transfer;

use super::errno::Errno;
use super::fd::modes;
use super::io::with_buffers;
use super::types::{FdFlags, RECV_DATA_TRUNCATED, RiFlags, SdFlags};
use crate::guest::pointer::GuestMemory;
use crate::host::rights::Rights;
use crate::host::sockets;
use crate::host::system::System;
use crate::sys::net;

/// Accepts a connection, and writes the number of its descriptor.
pub fn sock_accept(
    system: &System,
    memory: &GuestMemory<'_>,
    fd: u32,
    flags: u32,
    ro_fd: u32,
) -> Result<(), Errno> {
    let listener = sockets::get(system, fd)?;
    listener.require(Rights::SOCK_ACCEPT)?;
    let modes = modes(flags & u32::from(FdFlags::ALL.0))?;
    if flags & !u32::from(FdFlags::NONBLOCK.0) != 0 {
        return Err(Errno::INVAL);
    }
    let ro_fd = memory.ptr::<u32>(ro_fd)?;
    ro_fd.write(sockets::accept(system, &listener, modes.nonblock)?);
    Ok(())
}

/// Accepts a connection that blocks, and writes the number of its descriptor: the first generation
/// of WasmEdge's functions.
pub fn sock_accept_v1(
    system: &System,
    memory: &GuestMemory<'_>,
    fd: u32,
    ro_fd: u32,
) -> Result<(), Errno> {
    let listener = sockets::get(system, fd)?;
    listener.require(Rights::SOCK_ACCEPT)?;
    let ro_fd = memory.aligned_ptr::<u32>(ro_fd)?;
    ro_fd.write(sockets::accept(system, &listener, false)?);
    Ok(())
}

/// Receives a message.
#[expect(clippy::too_many_arguments, reason = "the specification has as many")]
pub fn sock_recv(
    system: &System,
    memory: &GuestMemory<'_>,
    fd: u32,
    ri_data: u32,
    ri_data_len: u32,
    ri_flags: u32,
    ro_datalen: u32,
    ro_flags: u32,
) -> Result<(), Errno> {
    let socket = sockets::get(system, fd)?;
    socket.require(Rights::FD_READ)?;
    let flags = receive_flags(ri_flags)?;
    let ro_datalen = memory.ptr::<u32>(ro_datalen)?;
    let ro_flags = memory.ptr::<u16>(ro_flags)?;
    let (len, flags) = with_buffers(memory, ri_data, ri_data_len, |buffers| {
        sockets::receive(&socket, buffers, flags)
    })?;
    ro_datalen.write(len as u32);
    ro_flags.write(received_flags(flags));
    Ok(())
}

/// The system's flags for receiving.
fn receive_flags(ri_flags: u32) -> Result<u32, Errno> {
    let wanted = RiFlags::from_bits(ri_flags).ok_or(Errno::INVAL)?;
    let mut flags = 0;
    if wanted.contains(RiFlags::RECV_PEEK) {
        flags |= net::PEEK;
    }
    if wanted.contains(RiFlags::RECV_WAITALL) {
        flags |= net::WAIT_ALL;
    }
    Ok(flags)
}

/// The guest's flags of what the system has received.
fn received_flags(flags: u32) -> u16 {
    match flags & net::TRUNCATED {
        0 => 0,
        _ => RECV_DATA_TRUNCATED,
    }
}

/// Sends a message.
pub fn sock_send(
    system: &System,
    memory: &GuestMemory<'_>,
    fd: u32,
    si_data: u32,
    si_data_len: u32,
    si_flags: u32,
    so_datalen: u32,
) -> Result<(), Errno> {
    let socket = sockets::get(system, fd)?;
    socket.require(Rights::FD_WRITE)?;
    if si_flags != 0 {
        return Err(Errno::INVAL);
    }
    let so_datalen = memory.ptr::<u32>(so_datalen)?;
    let len = with_buffers(memory, si_data, si_data_len, |buffers| {
        sockets::send(&socket, buffers)
    })?;
    so_datalen.write(len as u32);
    Ok(())
}

/// Ends receiving, sending or both.
pub fn sock_shutdown(system: &System, _: &GuestMemory<'_>, fd: u32, how: u32) -> Result<(), Errno> {
    let socket = sockets::get(system, fd)?;
    socket.require(Rights::SOCK_SHUTDOWN)?;
    let how = SdFlags::from_bits(how).ok_or(Errno::INVAL)?;
    let receiving = how.contains(SdFlags::RD);
    let sending = how.contains(SdFlags::WR);
    Ok(sockets::shut_down(&socket, receiving, sending)?)
}
