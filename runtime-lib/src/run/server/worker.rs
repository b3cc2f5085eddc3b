//! A process that answers requests: one connection after the other, of each one request after the other.
//!
//! Security: this is the only process that reads what connections bring, and the only one with an
//! instance. The kernel confines it before the first request is read.

use super::answer::{self, Instances};
use super::board::{Board, Doing};
use super::settings::Settings;
use super::sockets::Sockets;
use super::{clock, log};
use crate::confine;
use crate::guest::trap;
use crate::host::http::exchange::{self, After};
use crate::host::http::head::Refusal;
use crate::output;
use crate::sys::accept::{self, Waiting};
use crate::sys::poll::{self, Entry};
use crate::sys::process;
use crate::sys::signal::{self, Action, SIGCHLD, SIGINT, SIGTERM, SignalInfo};
use crate::sys::time::{self, Clock};
use crate::sys::{io, net};
use core::net::SocketAddr;
use rustix::fd::{AsFd as _, AsRawFd as _, BorrowedFd, OwnedFd};
use rustix::io::Errno;
use wasmc_abi::component::Server;
use wasmc_abi::layout::Program;

/// Nanoseconds that a client may say nothing between two requests.
const IDLE: u64 = 5_000_000_000;
/// Nanoseconds that a head may take.
const HEAD: u64 = 10_000_000_000;
/// Nanoseconds for which what a client still sends is read before its connection is closed, so that it
/// reads what it was told.
const LINGER: u64 = 500_000_000;

/// What a worker is given.
pub struct Worker<'m> {
    pub program: &'static Program,
    pub server: &'static Server,
    pub settings: &'m Settings,
    pub sockets: &'m Sockets,
    pub board: &'static Board,
    /// Its place on the board.
    pub number: usize,
}

/// Serves until the process is to end.
pub fn run(worker: Worker<'_>) -> ! {
    for end in [SIGTERM, SIGINT] {
        signal::set_action(end, Action::Handle(on_end));
    }
    signal::set_action(SIGCHLD, Action::Default);
    trap::exit_traps();
    let waiting = wait_for_sockets(worker.sockets);
    clock::init(worker.settings.timeout);
    let mut instances = Instances::make(worker.program, worker.server, worker.settings.reuse);
    confine::enforce();
    // Beyond this point the process can do what answering requests can need, and nothing else.

    worker.board.set_ready();
    while !exchange::is_stopping() {
        worker.board.set(worker.number, Doing::Waiting);
        let Some(number) = waiting.wait() else {
            continue;
        };
        let Some(Some(socket)) = worker.sockets.get(number as usize) else {
            continue;
        };
        // Others may have been faster.
        let Ok((connection, from)) = accept::accept(socket.as_fd()) else {
            continue;
        };
        worker.board.set(worker.number, Doing::Serving);
        if worker.all_are_busy() {
            worker.board.tell();
        }
        worker.serve(&connection, from, &mut instances);
        if instances.is_used_up() {
            break;
        }
    }
    process::exit(0)
}

fn wait_for_sockets(sockets: &Sockets) -> Waiting {
    let prepared = Waiting::new().and_then(|waiting| {
        for (socket, number) in sockets.iter().zip(0..) {
            if let Some(socket) = socket {
                waiting.add(socket.as_fd(), number)?;
            }
        }
        Ok(waiting)
    });
    match prepared {
        Ok(waiting) => waiting,
        Err(_) => output::fail("the system does not let the server wait for connections"),
    }
}

/// What was received of a head.
enum Received {
    /// All of it.
    Request,
    /// No head of a request, or none that is answered.
    Refused(Refusal),
    /// The client has closed, or has to go.
    Gone,
}

impl Worker<'_> {
    fn all_are_busy(&self) -> bool {
        let most = self.settings.workers;
        !self.board.any(most, Doing::Waiting) && !self.board.any(most, Doing::Starting)
    }

    /// Answers the requests of a connection.
    fn serve(&self, connection: &OwnedFd, from: Option<SocketAddr>, instances: &mut Instances) {
        let connection = connection.as_fd();
        exchange::open(connection.as_raw_fd());
        loop {
            let received = self.receive_head();
            let started = time::now(Clock::Monotonic);
            match received {
                Received::Request => {}
                Received::Refused(refusal) => {
                    exchange::refuse_head(refusal);
                    send_all(connection, started.saturating_add(LINGER));
                    let (_, summary) = exchange::conclude();
                    if self.settings.logs {
                        log::refused(from, summary);
                    }
                    linger(connection);
                    return;
                }
                Received::Gone => return,
            }
            let line = self.settings.logs.then(|| log::begin(from));
            let deadline = started.saturating_add(self.settings.timeout);
            answer::answer(instances, deadline);
            send_all(connection, deadline);
            let (after, summary) = exchange::conclude();
            if let Some(line) = line {
                line.end(summary, time::now(Clock::Monotonic) - started);
            }
            // Nobody waits for this any more.
            instances.renew();
            if after == After::Close || instances.is_used_up() {
                linger(connection);
                return;
            }
        }
    }

    /// Receives the head of a request.
    fn receive_head(&self) -> Received {
        let began = time::now(Clock::Monotonic);
        let mut deadline = None;
        loop {
            match exchange::find_head() {
                Ok(true) => return Received::Request,
                Ok(false) => {}
                Err(refusal) => return Received::Refused(refusal),
            }
            let is_idle = exchange::is_idle();
            if is_idle && exchange::is_stopping() {
                return Received::Gone;
            }
            match exchange::receive() {
                Ok(0) => return Received::Gone,
                Ok(_) | Err(Errno::INTR) => {}
                // The time that receiving waits at most.
                Err(Errno::AGAIN) if is_idle && self.others_wait() => return Received::Gone,
                Err(Errno::AGAIN) => {}
                Err(Errno::MSGSIZE) => return Received::Refused(Refusal::HeadTooLarge),
                Err(_) => return Received::Gone,
            }
            let now = time::now(Clock::Monotonic);
            if exchange::is_idle() {
                if now - began >= IDLE {
                    return Received::Gone;
                }
                continue;
            }
            let most = HEAD.min(self.settings.timeout);
            if now >= *deadline.get_or_insert(now.saturating_add(most)) {
                return match exchange::find_head() {
                    Ok(true) => Received::Request,
                    Ok(false) => Received::Refused(Refusal::Timeout),
                    Err(refusal) => Received::Refused(refusal),
                };
            }
        }
    }

    /// Whether somebody waits for a worker, and there is none.
    fn others_wait(&self) -> bool {
        if !self.all_are_busy() {
            return false;
        }
        self.sockets.iter().flatten().any(|socket| {
            let mut entries = [Entry::readable(socket.as_fd())];
            poll::wait(&mut entries, Some(0)).is_ok_and(|ready| ready > 0)
        })
    }
}

/// Sends what waits to be sent, until the monotonic clock shows the deadline.
fn send_all(connection: BorrowedFd<'_>, deadline: u64) {
    while exchange::is_sent() == Ok(false) {
        let now = time::now(Clock::Monotonic);
        if now >= deadline {
            return;
        }
        let _ = poll::wait(&mut [Entry::writable(connection)], Some(deadline - now));
    }
}

/// Lets a client read what it was sent before its connection is closed, although it may still be
/// sending: else the system would tell it that the connection is broken.
fn linger(connection: BorrowedFd<'_>) {
    if net::shutdown(connection, false, true).is_err() {
        return;
    }
    let deadline = time::now(Clock::Monotonic) + LINGER;
    let mut waste = [0; 4096];
    loop {
        let now = time::now(Clock::Monotonic);
        if now >= deadline || exchange::is_stopping() {
            return;
        }
        if !poll::wait(&mut [Entry::readable(connection)], Some(deadline - now))
            .is_ok_and(|ready| ready > 0)
        {
            continue;
        }
        let received = io::with_bytes_mut(&mut waste, |vec| {
            io::receive(connection, &[vec], net::DONT_WAIT)
        });
        match received {
            Ok((0, _)) => return,
            Ok(_) | Err(Errno::AGAIN | Errno::INTR) => {}
            Err(_) => return,
        }
    }
}

/// SIGTERM and SIGINT.
unsafe extern "C" fn on_end(_: i32, _: *const SignalInfo, _: *mut usize) {
    exchange::stop();
}
