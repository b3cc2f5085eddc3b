//! New sockets: what they may be, and what they may be connected and bound to.
//!
//! Security: under `--net` the guest opens TCP and UDP sockets as it likes. With `--listen` alone
//! it may open TCP sockets too, so that a server written for a machine of its own runs, but all
//! that such a socket can become is another descriptor of a granted listening socket, by
//! [`sock_bind`] to exactly its address: it has no address of its own before, and neither
//! [`sock_listen`] nor anything else gives it one. Sockets of other families (`AF_UNIX` would reach
//! the file system) are granted by nothing.

use super::layout::{family, socktype};
use super::place;
use super::socket;
use crate::guest::pointer::GuestMemory;
use crate::host::descriptors::{Access, FdRef, Kind};
use crate::sys::fs;
use crate::sys::net::{self, Blocking, Family, Transport};
use crate::wasi::p1::Wasi;
use crate::wasi::p1::errno::Errno;
use crate::wasi::p1::types::Rights;
use core::net::SocketAddr;

/// Opens a socket, and writes the number of its descriptor.
pub fn sock_open(
    wasi: &Wasi,
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
    if wasi.require_net().is_err()
        && (transport != Transport::Stream || wasi.fds.listeners().next().is_none())
    {
        return Err(Errno::ACCES);
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
    ro_fd.write(wasi.fds.insert(opened, access)?);
    Ok(())
}

/// Gives a socket its own address. At the address of a granted listening socket it becomes that
/// one.
pub fn sock_bind(
    wasi: &Wasi,
    memory: &GuestMemory<'_>,
    fd: u32,
    addr: u32,
    port: u32,
) -> Result<(), Errno> {
    let descriptor = socket(wasi, fd)?;
    let address = place::read(memory, addr, port)?;
    match granted_at(wasi, &descriptor, &address) {
        Some(listener) => become_listener(wasi, fd, &descriptor, &listener),
        None => {
            wasi.require_net()?;
            Ok(net::bind(descriptor.host(), &address)?)
        }
    }
}

/// The granted listening socket at this address, when the descriptor is a TCP socket. Port 0 asks
/// for any port: that of the granted one is as good.
fn granted_at<'w>(
    wasi: &'w Wasi,
    descriptor: &FdRef<'_>,
    address: &SocketAddr,
) -> Option<FdRef<'w>> {
    if !net::is_stream(descriptor.host()) {
        return None;
    }
    wasi.fds.listeners().find(|listener| {
        net::local_address(listener.host()).is_ok_and(|granted| {
            granted.ip() == address.ip()
                && (address.port() == 0 || granted.port() == address.port())
        })
    })
}

/// Makes a socket's number refer to a granted listening socket, with rights that the socket has.
fn become_listener(
    wasi: &Wasi,
    fd: u32,
    descriptor: &FdRef<'_>,
    listener: &FdRef<'_>,
) -> Result<(), Errno> {
    let own = net::local_address(descriptor.host())?;
    if own.port() != 0 {
        return Err(Errno::INVAL);
    }
    if Family::of(&own) != Family::of(&net::local_address(listener.host())?) {
        return Err(Errno::AFNOSUPPORT);
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
    wasi.fds.replace(fd, host, access)
}

/// Lets a socket accept connections, of which so many may wait.
pub fn sock_listen(wasi: &Wasi, _: &GuestMemory<'_>, fd: u32, backlog: u32) -> Result<(), Errno> {
    let descriptor = socket(wasi, fd)?;
    descriptor.require(Rights::SOCK_ACCEPT)?;
    // The system gives a socket without an address one of its choice.
    if net::local_address(descriptor.host())?.port() == 0 {
        wasi.require_net()?;
    }
    let backlog = i32::try_from(backlog).unwrap_or(i32::MAX);
    Ok(net::accept_up_to(descriptor.host(), backlog)?)
}

/// Connects a socket to an address. One that does not block is connected later: INPROGRESS.
pub fn sock_connect(
    wasi: &Wasi,
    memory: &GuestMemory<'_>,
    fd: u32,
    addr: u32,
    port: u32,
) -> Result<(), Errno> {
    let descriptor = socket(wasi, fd)?;
    let address = place::read(memory, addr, port)?;
    wasi.require_net()?;
    Ok(net::connect(descriptor.host(), &address)?)
}
