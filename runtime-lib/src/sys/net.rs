//! Sockets: listening, accepting, shutting down. Data goes through [`super::io`].

use super::resolve::above_stdio;
use core::net::SocketAddr;
use rustix::fd::{BorrowedFd, OwnedFd};
use rustix::io::Errno;
use rustix::net::{AddressFamily, Shutdown, SocketFlags, SocketType, sockopt};

/// Connections that wait until they are accepted.
const BACKLOG: i32 = 128;

/// Flag of [`super::io::receive`]: leave what is received in the queue.
pub const PEEK: u32 = 0x2;
/// Flag of [`super::io::receive`]: wait until the buffers are full.
pub const WAIT_ALL: u32 = 0x100;
/// Flag of [`super::io::receive`]: the message was longer than the buffers.
pub const TRUNCATED: u32 = 0x20;
/// Flag of [`super::io::send`]: no signal when the peer has closed.
pub const NO_SIGNAL: u32 = 0x4000;

/// A TCP socket that listens at this address.
pub fn listen(address: SocketAddr) -> Result<OwnedFd, Errno> {
    let family = match address {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    let socket = rustix::net::socket_with(family, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    let socket = above_stdio(socket)?;
    sockopt::set_socket_reuseaddr(&socket, true)?;
    match address {
        SocketAddr::V4(address) => rustix::net::bind(&socket, &address)?,
        SocketAddr::V6(address) => rustix::net::bind(&socket, &address)?,
    }
    rustix::net::listen(&socket, BACKLOG)?;
    Ok(socket)
}

/// Accepts a connection.
pub fn accept(fd: BorrowedFd<'_>, nonblock: bool) -> Result<OwnedFd, Errno> {
    let mut flags = SocketFlags::CLOEXEC;
    flags.set(SocketFlags::NONBLOCK, nonblock);
    above_stdio(rustix::net::accept_with(fd, flags)?)
}

/// Whether a socket carries a stream of bytes, not datagrams.
pub fn is_stream(fd: BorrowedFd<'_>) -> bool {
    sockopt::socket_type(fd) != Ok(SocketType::DGRAM)
}

/// Ends receiving, sending or both.
pub fn shutdown(fd: BorrowedFd<'_>, receiving: bool, sending: bool) -> Result<(), Errno> {
    let how = match (receiving, sending) {
        (true, true) => Shutdown::Both,
        (true, false) => Shutdown::Read,
        (false, true) => Shutdown::Write,
        (false, false) => return Err(Errno::INVAL),
    };
    rustix::net::shutdown(fd, how)
}
