//! Datagrams: receiving with the sender's address, sending to an address.

use super::place::{self, Generation, Place};
use super::{receive_flags, received_flags};
use crate::guest::pointer::GuestMemory;
use crate::host::rights::Rights;
use crate::host::sockets;
use crate::host::system::System;
use crate::sys::net::{self, Family};
use crate::wasi::p1::errno::Errno;
use crate::wasi::p1::io::with_buffers;
use crate::wasi::p1::types::Iovec;
use core::net::SocketAddr;

/// Receives a message, and writes who sent it: the bytes of the address, without the port. First
/// generation.
#[expect(clippy::too_many_arguments, reason = "the function has as many")]
pub fn sock_recv_from_v1(
    system: &System,
    memory: &GuestMemory<'_>,
    fd: u32,
    ri_data: u32,
    ri_data_len: u32,
    addr: u32,
    ri_flags: u32,
    ro_datalen: u32,
    ro_flags: u32,
) -> Result<(), Errno> {
    let place = Place::new(memory, addr, Generation::One)?;
    let buffers = (ri_data, ri_data_len);
    receive(
        system, memory, fd, buffers, &place, ri_flags, ro_datalen, ro_flags,
    )
    .map(|_| ())
}

/// Receives a message, and writes who sent it: address and port. Second generation.
#[expect(clippy::too_many_arguments, reason = "the function has as many")]
pub fn sock_recv_from_v2(
    system: &System,
    memory: &GuestMemory<'_>,
    fd: u32,
    ri_data: u32,
    ri_data_len: u32,
    addr: u32,
    ri_flags: u32,
    port: u32,
    ro_datalen: u32,
    ro_flags: u32,
) -> Result<(), Errno> {
    let place = Place::new(memory, addr, Generation::Two)?;
    let port = memory.aligned_ptr::<u32>(port)?;
    let buffers = (ri_data, ri_data_len);
    let sender = receive(
        system, memory, fd, buffers, &place, ri_flags, ro_datalen, ro_flags,
    )?;
    port.write(sender.map_or(0, |address| address.port().into()));
    Ok(())
}

#[expect(clippy::too_many_arguments, reason = "its callers have as many")]
fn receive(
    system: &System,
    memory: &GuestMemory<'_>,
    fd: u32,
    (ri_data, ri_data_len): (u32, u32),
    place: &Place<'_>,
    ri_flags: u32,
    ro_datalen: u32,
    ro_flags: u32,
) -> Result<Option<SocketAddr>, Errno> {
    let descriptor = sockets::get(system, fd)?;
    descriptor.require(Rights::FD_READ)?;
    let flags = receive_flags(ri_flags)?;
    let ro_datalen = memory.aligned_ptr::<u32>(ro_datalen)?;
    let ro_flags = memory.aligned_ptr::<u16>(ro_flags)?;
    memory.aligned_array::<Iovec>(ri_data, ri_data_len)?;
    // Before anything is received: it would be lost.
    place.require(Family::of(&net::local_address(descriptor.host())?))?;
    let (len, flags, sender) = with_buffers(memory, ri_data, ri_data_len, |buffers| {
        sockets::receive_from(&descriptor, buffers, flags)
    })?;
    place.write(sender.as_ref())?;
    ro_datalen.write(len as u32);
    ro_flags.write(received_flags(flags));
    Ok(sender)
}

/// Sends a message to an address.
#[expect(clippy::too_many_arguments, reason = "the function has as many")]
pub fn sock_send_to(
    system: &System,
    memory: &GuestMemory<'_>,
    fd: u32,
    si_data: u32,
    si_data_len: u32,
    addr: u32,
    port: u32,
    si_flags: u32,
    so_datalen: u32,
) -> Result<(), Errno> {
    let descriptor = sockets::get(system, fd)?;
    descriptor.require(Rights::FD_WRITE)?;
    if si_flags != 0 {
        return Err(Errno::INVAL);
    }
    let address = place::read(memory, addr, port)?;
    let so_datalen = memory.aligned_ptr::<u32>(so_datalen)?;
    memory.aligned_array::<Iovec>(si_data, si_data_len)?;
    system.require_net()?;
    let len = with_buffers(memory, si_data, si_data_len, |buffers| {
        sockets::send_to(system, &descriptor, buffers, &address)
    })?;
    so_datalen.write(len as u32);
    Ok(())
}
