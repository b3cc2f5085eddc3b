//! The process that listens, forks workers and ends with them. It runs no code of the guest, and reads
//! nothing that comes from a connection.

use super::board::{Board, Doing};
use super::settings::Settings;
use super::sockets::{self, Sockets};
use super::worker::{self, Worker};
use crate::host::http::exchange;
use crate::output;
use crate::sys::process;
use crate::sys::signal::{self, Action, SIGCHLD, SIGINT, SIGKILL, SIGTERM, SignalInfo};
use crate::sys::time::{self, Clock};
use core::sync::atomic::{AtomicPtr, Ordering};
use wasmc_abi::component::Server;
use wasmc_abi::layout::{Program, STATUS_NO_START};
use wasmc_abi::options::MAX_WORKERS;

/// Nanoseconds after which workers are told again to end.
const AGAIN: u64 = 200_000_000;
/// Nanoseconds that workers have to finish what they are about, beside the time of a request.
const GRACE: u64 = 5_000_000_000;
/// Nanoseconds between two workers of which the first has ended by itself.
const PAUSE: u64 = 100_000_000;

/// The board, for the signal handlers.
static BOARD: AtomicPtr<Board> = AtomicPtr::new(core::ptr::null_mut());

/// The workers: the number of each process, 0 for none.
struct Master<'s> {
    program: &'static Program,
    server: &'static Server,
    settings: &'s Settings,
    sockets: Sockets,
    board: &'static Board,
    workers: [u32; MAX_WORKERS as usize],
    /// When another worker may be started.
    not_before: u64,
}

/// Listens, and serves until a signal ends it.
pub fn run(program: &'static Program, server: &'static Server, settings: &Settings) -> ! {
    let sockets = sockets::listen(settings);
    let Some(board) = Board::new() else {
        output::fail("no memory for the workers of the server");
    };
    BOARD.store((&raw const *board).cast_mut(), Ordering::Relaxed);
    signal::set_action(SIGCHLD, Action::Handle(on_child));
    for end in [SIGTERM, SIGINT] {
        signal::set_action(end, Action::Handle(on_end));
        signal::unblock(end);
    }
    signal::unblock(SIGCHLD);
    let mut master = Master {
        program,
        server,
        settings,
        sockets,
        board,
        workers: [0; MAX_WORKERS as usize],
        not_before: 0,
    };
    while !exchange::is_stopping() {
        let changes = board.changes();
        master.bury();
        let pause = master.fork_if_needed();
        board.wait(changes, pause);
    }
    master.end()
}

impl Master<'_> {
    /// Notes which workers have ended.
    fn bury(&mut self) {
        while let Some((child, status)) = process::ended_child() {
            let worker = self.workers.iter().position(|&worker| worker == child);
            let Some(worker) = worker else { continue };
            if let Some(slot) = self.workers.get_mut(worker) {
                *slot = 0;
            }
            self.board.set(worker, Doing::Nothing);
            if status != Some(0) {
                // It has said why, if it was one of ours. Where none ever was ready, none ever will be.
                if !self.board.was_ready() {
                    self.kill_all();
                    process::exit(status.unwrap_or(STATUS_NO_START));
                }
                self.not_before = time::now(Clock::Monotonic) + PAUSE;
            }
        }
    }

    /// Forks a worker if all are busy and there may be more; how long to wait before looking again, if
    /// not for something to happen.
    fn fork_if_needed(&mut self) -> Option<u64> {
        let most = self.settings.workers;
        if self.board.any(most, Doing::Waiting) || self.board.any(most, Doing::Starting) {
            return None;
        }
        let free = self
            .workers
            .iter()
            .take(most)
            .position(|&worker| worker == 0)?;
        let now = time::now(Clock::Monotonic);
        if now < self.not_before {
            return Some(self.not_before - now);
        }
        self.board.set(free, Doing::Starting);
        match process::fork() {
            Ok(None) => worker::run(Worker {
                program: self.program,
                server: self.server,
                settings: self.settings,
                sockets: &self.sockets,
                board: self.board,
                number: free,
            }),
            Ok(Some(child)) => {
                if let Some(slot) = self.workers.get_mut(free) {
                    *slot = child;
                }
                None
            }
            Err(_) => {
                self.board.set(free, Doing::Nothing);
                if !self.board.was_ready() {
                    output::fail("the system does not let the server start another process");
                }
                self.not_before = now + PAUSE;
                Some(PAUSE)
            }
        }
    }

    fn signal_all(&self, signal: i32) {
        for &worker in self.workers.iter().filter(|&&worker| worker != 0) {
            process::signal_child(worker, signal);
        }
    }

    fn kill_all(&self) {
        self.signal_all(SIGKILL);
    }

    /// Lets the workers finish what they are about, and ends.
    fn end(mut self) -> ! {
        // Whoever connects from now on is refused.
        self.sockets = sockets::NONE;
        let deadline = time::now(Clock::Monotonic)
            .saturating_add(self.settings.timeout)
            .saturating_add(GRACE);
        loop {
            let changes = self.board.changes();
            while let Some((child, _)) = process::ended_child() {
                for worker in self.workers.iter_mut().filter(|worker| **worker == child) {
                    *worker = 0;
                }
            }
            if self.workers.iter().all(|&worker| worker == 0) {
                process::exit(0);
            }
            if time::now(Clock::Monotonic) >= deadline {
                self.kill_all();
            }
            // A signal that comes just before a worker waits does not end the wait.
            self.signal_all(SIGTERM);
            self.board.wait(changes, Some(AGAIN));
        }
    }
}

fn tell() {
    let board = BOARD.load(Ordering::Relaxed);
    // SAFETY: null, or the board, which stays for ever.
    if let Some(board) = unsafe { board.as_ref() } {
        board.tell();
    }
}

/// SIGCHLD.
unsafe extern "C" fn on_child(_: i32, _: *const SignalInfo, _: *mut usize) {
    tell();
}

/// SIGTERM and SIGINT.
unsafe extern "C" fn on_end(_: i32, _: *const SignalInfo, _: *mut usize) {
    exchange::stop();
    tell();
}
