//! Sockets: making, naming and connecting them, their options. Data goes through [`super::io`].

use super::resolve::above_stdio;
use crate::arch;
use core::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use rustix::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use rustix::io::Errno;
use rustix::net::{AddressFamily, Shutdown, SocketFlags, SocketType, sockopt};

/// Connections that wait until they are accepted.
const BACKLOG: i32 = 128;

/// Flag of [`super::io::receive`]: leave what is received in the queue.
pub const PEEK: u32 = 0x2;
/// Flag of [`super::io::receive`] and [`super::io::send`]: fail with AGAIN instead of waiting.
pub const DONT_WAIT: u32 = 0x40;
/// Flag of [`super::io::receive`]: wait until the buffers are full.
pub const WAIT_ALL: u32 = 0x100;
/// Flag of [`super::io::receive`]: the message was longer than the buffers.
pub const TRUNCATED: u32 = 0x20;
/// Flag of [`super::io::send`]: no signal when the peer has closed.
pub const NO_SIGNAL: u32 = 0x4000;

/// Numbers of the system calls `setsockopt` and `getsockopt`.
#[cfg(target_arch = "x86_64")]
const OPTION_CALLS: (usize, usize) = (54, 55);
/// Numbers of the system calls `setsockopt` and `getsockopt`.
#[cfg(target_arch = "aarch64")]
const OPTION_CALLS: (usize, usize) = (208, 209);

/// The level of the options that every socket has.
const SOL_SOCKET: u32 = 1;

/// The version of the internet protocol.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Family {
    /// IPv4.
    Inet4,
    /// IPv6.
    Inet6,
}

impl Family {
    /// The family of an address.
    pub fn of(address: &SocketAddr) -> Family {
        match address {
            SocketAddr::V4(_) => Family::Inet4,
            SocketAddr::V6(_) => Family::Inet6,
        }
    }
}

/// What a socket carries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Transport {
    /// A stream of bytes: TCP.
    Stream,
    /// Datagrams: UDP.
    Datagram,
}

/// The kernel's `struct sockaddr_in` or `sockaddr_in6`.
#[repr(C, align(4))]
pub struct Name([u8; 28]);

impl Name {
    const INET4: [u8; 2] = 2_u16.to_le_bytes();
    const INET6: [u8; 2] = 10_u16.to_le_bytes();
    const INET4_LEN: usize = 16;

    /// No name.
    pub const fn new() -> Name {
        Name([0; 28])
    }

    /// The name of an address, and its length.
    pub fn encode(address: &SocketAddr) -> (Name, usize) {
        let mut bytes = [0; 28];
        let (head, rest) = bytes.split_at_mut(4);
        let (family, len) = match address {
            SocketAddr::V4(address) => {
                rest[..4].copy_from_slice(&address.ip().octets());
                (Name::INET4, Name::INET4_LEN)
            }
            SocketAddr::V6(address) => {
                rest[4..20].copy_from_slice(&address.ip().octets());
                rest[20..24].copy_from_slice(&address.scope_id().to_le_bytes());
                (Name::INET6, 28)
            }
        };
        head[..2].copy_from_slice(&family);
        head[2..].copy_from_slice(&address.port().to_be_bytes());
        (Name(bytes), len)
    }

    /// The address, if the `len` bytes that the kernel has written are one.
    pub fn decode(&self, len: usize) -> Option<SocketAddr> {
        let (family, rest) = self.0.split_first_chunk::<2>()?;
        let (port, rest) = rest.split_first_chunk::<2>()?;
        let port = u16::from_be_bytes(*port);
        match *family {
            Name::INET4 if len >= Name::INET4_LEN => {
                let ip = Ipv4Addr::from(*rest.first_chunk::<4>()?);
                Some(SocketAddr::V4(SocketAddrV4::new(ip, port)))
            }
            Name::INET6 if len >= self.0.len() => {
                let (_flow, rest) = rest.split_first_chunk::<4>()?;
                let (ip, rest) = rest.split_first_chunk::<16>()?;
                let scope = u32::from_le_bytes(*rest.first_chunk::<4>()?);
                let address = SocketAddrV6::new(Ipv6Addr::from(*ip), port, 0, scope);
                Some(SocketAddr::V6(address))
            }
            _ => None,
        }
    }
}

/// Whether calls wait for the other side.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Blocking {
    /// They wait.
    Yes,
    /// They fail with AGAIN or INPROGRESS.
    No,
}

/// A new socket.
pub fn open(family: Family, transport: Transport, blocking: Blocking) -> Result<OwnedFd, Errno> {
    let family = match family {
        Family::Inet4 => AddressFamily::INET,
        Family::Inet6 => AddressFamily::INET6,
    };
    let transport = match transport {
        Transport::Stream => SocketType::STREAM,
        Transport::Datagram => SocketType::DGRAM,
    };
    let mut flags = SocketFlags::CLOEXEC;
    flags.set(SocketFlags::NONBLOCK, blocking == Blocking::No);
    above_stdio(rustix::net::socket_with(family, transport, flags, None)?)
}

/// Gives a socket its own address.
pub fn bind(socket: BorrowedFd<'_>, address: &SocketAddr) -> Result<(), Errno> {
    match address {
        SocketAddr::V4(address) => rustix::net::bind(socket, address),
        SocketAddr::V6(address) => rustix::net::bind(socket, address),
    }
}

/// Connects a socket; for datagrams, says where they go to and come from.
pub fn connect(socket: BorrowedFd<'_>, address: &SocketAddr) -> Result<(), Errno> {
    match address {
        SocketAddr::V4(address) => rustix::net::connect(socket, address),
        SocketAddr::V6(address) => rustix::net::connect(socket, address),
    }
}

/// Lets a socket for datagrams exchange them with everybody again.
pub fn disconnect(socket: BorrowedFd<'_>) -> Result<(), Errno> {
    rustix::net::connect_unspec(socket)
}

/// Lets so many connections wait until they are accepted.
pub fn accept_up_to(socket: BorrowedFd<'_>, backlog: i32) -> Result<(), Errno> {
    rustix::net::listen(socket, backlog)
}

/// A TCP socket that listens at this address, and does not wait for connections.
pub fn listen(address: SocketAddr) -> Result<OwnedFd, Errno> {
    let socket = open(Family::of(&address), Transport::Stream, Blocking::No)?;
    sockopt::set_socket_reuseaddr(&socket, true)?;
    bind(socket.as_fd(), &address)?;
    accept_up_to(socket.as_fd(), BACKLOG)?;
    Ok(socket)
}

/// A socket's own address: port 0 before it has one.
pub fn local_address(socket: BorrowedFd<'_>) -> Result<SocketAddr, Errno> {
    let name = rustix::net::getsockname(socket)?;
    SocketAddr::try_from(name).map_err(|_| Errno::AFNOSUPPORT)
}

/// The address that a socket is connected to.
pub fn peer_address(socket: BorrowedFd<'_>) -> Result<SocketAddr, Errno> {
    let name = rustix::net::getpeername(socket)?.ok_or(Errno::NOTCONN)?;
    SocketAddr::try_from(name).map_err(|_| Errno::AFNOSUPPORT)
}

/// Another descriptor for the same socket.
pub fn duplicate(socket: BorrowedFd<'_>) -> Result<OwnedFd, Errno> {
    rustix::io::fcntl_dupfd_cloexec(socket, 3)
}

/// Writes the value of an option, `SOL_SOCKET` and this number: how many bytes it has.
pub fn option(socket: BorrowedFd<'_>, name: u32, value: &mut [u8]) -> Result<usize, Errno> {
    option_of(socket, SOL_SOCKET, name, value)
}

/// Writes the value of an option of a level: how many bytes it has.
pub fn option_of(
    socket: BorrowedFd<'_>,
    level: u32,
    name: u32,
    value: &mut [u8],
) -> Result<usize, Errno> {
    let mut len = value.len() as u32;
    let arguments = [
        socket.as_raw_fd() as usize,
        level as usize,
        name as usize,
        value.as_mut_ptr() as usize,
        &raw mut len as usize,
    ];
    // SAFETY: the kernel writes the value, up to its length, and the length.
    let result = unsafe { arch::syscall_of_five(OPTION_CALLS.1, arguments) };
    match result {
        0 => Ok(len as usize),
        _ => Err(Errno::from_raw_os_error(-(result as i32))),
    }
}

/// Sets an option, `SOL_SOCKET` and this number.
pub fn set_option(socket: BorrowedFd<'_>, name: u32, value: &[u8]) -> Result<(), Errno> {
    set_option_of(socket, SOL_SOCKET, name, value)
}

/// Sets an option of a level.
pub fn set_option_of(
    socket: BorrowedFd<'_>,
    level: u32,
    name: u32,
    value: &[u8],
) -> Result<(), Errno> {
    let arguments = [
        socket.as_raw_fd() as usize,
        level as usize,
        name as usize,
        value.as_ptr() as usize,
        value.len(),
    ];
    // SAFETY: the kernel reads the value.
    let result = unsafe { arch::syscall_of_five(OPTION_CALLS.0, arguments) };
    match result {
        0 => Ok(()),
        _ => Err(Errno::from_raw_os_error(-(result as i32))),
    }
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
