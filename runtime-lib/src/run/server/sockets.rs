//! The sockets that the server listens at, which all workers have.

use super::log;
use super::settings::{MAX_ADDRESSES, Settings};
use crate::host::{address, grants};
use crate::sys::{accept, net};
use rustix::fd::{AsFd as _, OwnedFd};
use rustix::io::Errno;

/// Milliseconds that a worker waits for bytes at a time: so soon it sees that others wait for it.
const SLICE: u64 = 500;

/// Sockets that listen.
pub type Sockets = [Option<OwnedFd>; MAX_ADDRESSES];

/// None.
pub const NONE: Sockets = [const { None }; MAX_ADDRESSES];

/// Opens the sockets, or ends the process.
pub fn listen(settings: &Settings) -> Sockets {
    let mut sockets = NONE;
    for (slot, text) in sockets.iter_mut().zip(settings.addresses) {
        if text.is_empty() {
            continue;
        }
        let opened = address::parse(text)
            .ok_or(Errno::INVAL)
            .and_then(|address| {
                let socket = net::listen(address)?;
                accept::prepare(socket.as_fd(), SLICE)?;
                let own = net::local_address(socket.as_fd())?;
                Ok((socket, own))
            });
        match opened {
            Ok((socket, own)) => {
                log::listening(&own);
                *slot = Some(socket);
            }
            Err(errno) => grants::cannot_listen(text, errno),
        }
    }
    sockets
}
