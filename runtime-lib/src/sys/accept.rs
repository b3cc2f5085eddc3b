//! Listening sockets that several processes accept connections from: one of them wakes up for each.

use super::resolve::above_stdio;
use crate::arch;
use core::net::SocketAddr;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::fd::{AsFd as _, AsRawFd as _, BorrowedFd, OwnedFd};
use rustix::io::Errno;
use rustix::net::SocketFlags;
use rustix::net::sockopt::{self, Timeout};

/// What to wait for: that some of the sockets have a connection.
pub struct Waiting(OwnedFd);

impl Waiting {
    /// For no socket.
    pub fn new() -> Result<Waiting, Errno> {
        Ok(Waiting(above_stdio(epoll::create(CreateFlags::CLOEXEC)?)?))
    }

    /// For a socket, which is known by a number.
    pub fn add(&self, socket: BorrowedFd<'_>, number: u32) -> Result<(), Errno> {
        let flags = EventFlags::IN | EventFlags::EXCLUSIVE;
        epoll::add(&self.0, socket, EventData::new_u64(number.into()), flags)
    }

    /// Waits until a socket has a connection: its number; `None` when a signal has come.
    pub fn wait(&self) -> Option<u32> {
        /// The kernel's `struct epoll_event`.
        #[cfg_attr(target_arch = "x86_64", repr(C, packed))]
        #[cfg_attr(not(target_arch = "x86_64"), repr(C))]
        struct Event {
            events: u32,
            data: u64,
        }
        let mut event = Event { events: 0, data: 0 };
        let arguments = [
            self.0.as_fd().as_raw_fd() as usize,
            &raw mut event as usize,
            1,
            usize::MAX,
            // No mask of signals.
            0,
        ];
        // SAFETY: the kernel writes one structure of its own layout.
        let result = unsafe { arch::syscall_of_five(arch::SYS_EPOLL_PWAIT, arguments) };
        (result == 1).then_some(event.data as u32)
    }
}

/// Makes the connections of a listening socket send at once, and their receiving wait for so many
/// milliseconds at most.
pub fn prepare(socket: BorrowedFd<'_>, milliseconds: u64) -> Result<(), Errno> {
    sockopt::set_tcp_nodelay(socket, true)?;
    let time = core::time::Duration::from_millis(milliseconds);
    sockopt::set_socket_timeout(socket, Timeout::Recv, Some(time))
}

/// Accepts a connection, and says where it comes from. Its receiving waits.
pub fn accept(socket: BorrowedFd<'_>) -> Result<(OwnedFd, Option<SocketAddr>), Errno> {
    let (connection, from) = rustix::net::acceptfrom_with(socket, SocketFlags::CLOEXEC)?;
    let from = from.and_then(|from| SocketAddr::try_from(from).ok());
    Ok((above_stdio(connection)?, from))
}
