//! What looking names up needs of the system: the files of its configuration, and exchanges with
//! name servers.

use super::net::{self, Blocking, Family, Transport};
use super::poll::{self, Entry};
use super::time::{self, Clock};
use core::ffi::CStr;
use core::net::SocketAddr;
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{CWD, Mode, OFlags};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};

/// Bytes of the length that goes before a message on a connection.
const FRAME: usize = 2;

/// Reads a file of the system as far as it fits: how many bytes.
pub fn read_file(path: &CStr, buffer: &mut [u8]) -> Result<usize, Errno> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = super::resolve::above_stdio(rustix::fs::openat(CWD, path, flags, Mode::empty())?)?;
    let mut len = 0;
    while let Some(rest) = buffer.get_mut(len..).filter(|rest| !rest.is_empty()) {
        match rustix::io::read(&file, rest) {
            Ok(0) => break,
            Ok(read) => len += read,
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(len)
}

/// When an exchange is given up.
#[derive(Clone, Copy)]
pub struct Deadline(u64);

impl Deadline {
    /// So many nanoseconds from now.
    pub fn after(nanoseconds: u64) -> Deadline {
        Deadline(time::now(Clock::Monotonic).saturating_add(nanoseconds))
    }

    /// Waits for a descriptor; [`Errno::TIMEDOUT`] at the deadline.
    fn wait(self, mut entry: Entry) -> Result<(), Errno> {
        loop {
            let left = self.0.saturating_sub(time::now(Clock::Monotonic));
            match poll::wait(core::slice::from_mut(&mut entry), Some(left)) {
                Ok(0) if left == 0 => return Err(Errno::TIMEDOUT),
                Ok(0) | Err(Errno::INTR) => {}
                Ok(_) => return Ok(()),
                Err(errno) => return Err(errno),
            }
        }
    }
}

/// A socket that is connected to a server and does not block. The system chooses its port at
/// random, and takes messages from that server alone.
fn connect(server: &SocketAddr, transport: Transport) -> Result<OwnedFd, Errno> {
    let socket = net::open(Family::of(server), transport, Blocking::No)?;
    match net::connect(socket.as_fd(), server) {
        Ok(()) | Err(Errno::INPROGRESS) => Ok(socket),
        Err(errno) => Err(errno),
    }
}

/// Sends a datagram and receives answers until `accept` takes one: how many bytes it has.
pub fn ask_by_datagram(
    server: &SocketAddr,
    question: &[u8],
    answer: &mut [u8],
    deadline: Deadline,
    accept: impl Fn(&[u8]) -> bool,
) -> Result<usize, Errno> {
    let socket = connect(server, Transport::Datagram)?;
    rustix::net::send(&socket, question, SendFlags::NOSIGNAL)?;
    loop {
        deadline.wait(Entry::readable(socket.as_fd()))?;
        let len = match rustix::net::recv(&socket, &mut *answer, RecvFlags::empty()) {
            Ok((len, _)) => len,
            Err(Errno::AGAIN | Errno::INTR) => continue,
            Err(errno) => return Err(errno),
        };
        if accept(answer.get(..len).unwrap_or_default()) {
            return Ok(len);
        }
    }
}

/// Sends a message over a connection and receives the answer: how many bytes it has, at most as
/// many as fit.
pub fn ask_by_stream(
    server: &SocketAddr,
    question: &[u8],
    answer: &mut [u8],
    deadline: Deadline,
) -> Result<usize, Errno> {
    let socket = connect(server, Transport::Stream)?;
    let len = u16::try_from(question.len()).map_err(|_| Errno::MSGSIZE)?;
    for part in [&len.to_be_bytes(), question] {
        let mut rest = part;
        while !rest.is_empty() {
            deadline.wait(Entry::writable(socket.as_fd()))?;
            match rustix::net::send(&socket, rest, SendFlags::NOSIGNAL) {
                Ok(sent) => rest = rest.get(sent..).unwrap_or_default(),
                Err(Errno::AGAIN | Errno::INTR) => {}
                Err(errno) => return Err(errno),
            }
        }
    }
    let mut len = [0; FRAME];
    receive_all(&socket, &mut len, deadline)?;
    let answer = answer
        .get_mut(..usize::from(u16::from_be_bytes(len)))
        .ok_or(Errno::MSGSIZE)?;
    receive_all(&socket, answer, deadline)?;
    Ok(answer.len())
}

fn receive_all(socket: &OwnedFd, bytes: &mut [u8], deadline: Deadline) -> Result<(), Errno> {
    let mut len = 0;
    while let Some(rest) = bytes.get_mut(len..).filter(|rest| !rest.is_empty()) {
        deadline.wait(Entry::readable(socket.as_fd()))?;
        match rustix::net::recv(socket, rest, RecvFlags::empty()) {
            Ok((0, _)) => return Err(Errno::CONNRESET),
            Ok((received, _)) => len += received,
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}
