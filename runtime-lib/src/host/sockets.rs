//! Sockets: what the guest may open, and what it may do with one.
//!
//! Security: under `--net` the guest opens TCP and UDP sockets as it likes. With `--listen` alone
//! it may open TCP sockets too, so that a server written for a machine of its own runs, but all
//! that such a socket can become is another descriptor of a granted listening socket, by
//! [`bind`] to exactly its address: it has no address of its own before, and neither
//! [`listen`] nor anything else gives it one. Sockets of other families (`AF_UNIX` would reach
//! the file system) are granted by nothing.

use super::descriptors::{Access, FdRef, Kind};
use super::error::Error;
use super::rights::Rights;
use super::system::System;
use crate::sys::fs;
use crate::sys::io::{self, IoVec};
use crate::sys::net::{self, Blocking, Family, Transport};
use core::net::SocketAddr;
use rustix::io::Errno;

/// The descriptor with this number, if it is a socket.
pub fn get(system: &System, fd: u32) -> Result<FdRef<'_>, Error> {
    let descriptor = system.fds.get(fd)?;
    match descriptor.kind() {
        Kind::Socket => Ok(descriptor),
        _ => Err(Errno::NOTSOCK.into()),
    }
}

/// Opens a socket: its number.
pub fn open(system: &System, family: Family, transport: Transport) -> Result<u32, Error> {
    if system.require_net().is_err()
        && (transport != Transport::Stream || system.fds.listeners().next().is_none())
    {
        return Err(Errno::ACCESS.into());
    }
    let (base, inheriting) = match transport {
        Transport::Stream => (Rights::SOCKET | Rights::LISTENER, Rights::SOCKET),
        Transport::Datagram => (Rights::SOCKET, Rights::NONE),
    };
    let access = Access {
        base,
        inheriting,
        kind: Kind::Socket,
        read_only: false,
    };
    let opened = net::open(family, transport, Blocking::Yes)?;
    system.fds.insert(opened, access)
}

/// Gives the socket with this number its own address. At the address of a granted listening socket
/// it becomes that one.
pub fn bind(system: &System, fd: u32, address: &SocketAddr) -> Result<(), Error> {
    let descriptor = get(system, fd)?;
    match granted_at(system, &descriptor, address) {
        Some(listener) => become_listener(system, fd, &descriptor, &listener),
        None => {
            system.require_net()?;
            Ok(net::bind(descriptor.host(), address)?)
        }
    }
}

/// The granted listening socket at this address, when the descriptor is a TCP socket. Port 0 asks
/// for any port: that of the granted one is as good.
fn granted_at<'w>(
    system: &'w System,
    descriptor: &FdRef<'_>,
    address: &SocketAddr,
) -> Option<FdRef<'w>> {
    if !net::is_stream(descriptor.host()) {
        return None;
    }
    system.fds.listeners().find(|listener| {
        net::local_address(listener.host()).is_ok_and(|granted| {
            granted.ip() == address.ip()
                && (address.port() == 0 || granted.port() == address.port())
        })
    })
}

/// Makes a socket's number refer to a granted listening socket, with rights that the socket has.
fn become_listener(
    system: &System,
    fd: u32,
    descriptor: &FdRef<'_>,
    listener: &FdRef<'_>,
) -> Result<(), Error> {
    let own = net::local_address(descriptor.host())?;
    if own.port() != 0 {
        return Err(Errno::INVAL.into());
    }
    if Family::of(&own) != Family::of(&net::local_address(listener.host())?) {
        return Err(Errno::AFNOSUPPORT.into());
    }
    let access = Access {
        base: descriptor.access().base & listener.access().base,
        inheriting: descriptor.access().inheriting & listener.access().inheriting,
        kind: Kind::Socket,
        read_only: false,
    };
    let modes = fs::modes(descriptor.host())?;
    let host = net::duplicate(listener.host())?;
    fs::set_modes(listener.host(), modes)?;
    system.fds.replace(fd, host, access)
}

/// Lets a socket accept connections, of which so many may wait.
pub fn listen(system: &System, socket: &FdRef<'_>, backlog: i32) -> Result<(), Error> {
    socket.require(Rights::SOCK_ACCEPT)?;
    // The system gives a socket without an address one of its choice.
    if net::local_address(socket.host())?.port() == 0 {
        system.require_net()?;
    }
    Ok(net::accept_up_to(socket.host(), backlog)?)
}

/// Connects a socket to an address. One that does not block is connected later: INPROGRESS.
pub fn connect(system: &System, socket: &FdRef<'_>, address: &SocketAddr) -> Result<(), Error> {
    system.require_net()?;
    Ok(net::connect(socket.host(), address)?)
}

/// Accepts a connection: the number of its descriptor.
pub fn accept(system: &System, listener: &FdRef<'_>, nonblock: bool) -> Result<u32, Error> {
    listener.require(Rights::SOCK_ACCEPT)?;
    let access = Access {
        base: listener.access().inheriting & Rights::SOCKET,
        inheriting: Rights::NONE,
        kind: Kind::Socket,
        read_only: false,
    };
    let connection = net::accept(listener.host(), nonblock)?;
    system.fds.insert(connection, access)
}

/// Receives into the buffers, with flags of [`net`]: how many bytes, and the message's flags.
pub fn receive(
    socket: &FdRef<'_>,
    buffers: &[IoVec<'_>],
    flags: u32,
) -> Result<(usize, u32), Error> {
    socket.require(Rights::FD_READ)?;
    Ok(io::receive(socket.host(), buffers, flags)?)
}

/// Receives into the buffers, with flags of [`net`]: how many bytes, the message's flags, and who
/// sent it, where the kernel says so.
pub fn receive_from(
    socket: &FdRef<'_>,
    buffers: &[IoVec<'_>],
    flags: u32,
) -> Result<(usize, u32, Option<SocketAddr>), Error> {
    socket.require(Rights::FD_READ)?;
    Ok(io::receive_from(socket.host(), buffers, flags)?)
}

/// Sends the buffers: how many bytes.
pub fn send(socket: &FdRef<'_>, buffers: &[IoVec<'_>]) -> Result<usize, Error> {
    socket.require(Rights::FD_WRITE)?;
    Ok(io::send(socket.host(), buffers, net::NO_SIGNAL)?)
}

/// Sends the buffers to an address: how many bytes.
pub fn send_to(
    system: &System,
    socket: &FdRef<'_>,
    buffers: &[IoVec<'_>],
    address: &SocketAddr,
) -> Result<usize, Error> {
    socket.require(Rights::FD_WRITE)?;
    system.require_net()?;
    Ok(io::send_to(
        socket.host(),
        buffers,
        address,
        net::NO_SIGNAL,
    )?)
}

/// Ends receiving, sending or both; neither is an error.
pub fn shut_down(socket: &FdRef<'_>, receiving: bool, sending: bool) -> Result<(), Error> {
    socket.require(Rights::SOCK_SHUTDOWN)?;
    Ok(net::shutdown(socket.host(), receiving, sending)?)
}
