//! The end of the program, and signals to itself.

use super::errno::Errno;
use crate::guest::pointer::GuestMemory;
use crate::host::system::System;
use crate::sys::{process, signal};

/// Ends the program; the system keeps the low 8 bits of the status.
pub fn proc_exit(rval: u32) -> ! {
    process::exit(rval as i32)
}

/// Signals that stop a process until another one lets it go on: no limit of time would end it.
const STOPPING: [i32; 4] = [19, 20, 21, 22];

/// Sends a signal to the program itself, unless it would stop it.
pub fn proc_raise(_: &System, _: &GuestMemory<'_>, sig: u32) -> Result<(), Errno> {
    let signal = linux_signal(sig)?;
    if STOPPING.contains(&signal) {
        return Err(Errno::NOTSUP);
    }
    if signal != 0 {
        signal::raise(signal);
    }
    Ok(())
}

/// The number that Linux has for a signal of WASI; 0 is none.
pub(super) fn linux_signal(sig: u32) -> Result<i32, Errno> {
    /// In the order of the specification: none, hup, int, quit, ill, trap, abrt, bus, fpe, kill,
    /// usr1, segv, usr2, pipe, alrm, term, chld, cont, stop, tstp, ttin, ttou, urg, xcpu, xfsz,
    /// vtalrm, prof, winch, poll, pwr, sys.
    const SIGNALS: [u8; 31] = [
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 17, 18, 19, 20, 21, 22, 23, 24, 25,
        26, 27, 28, 29, 30, 31,
    ];
    let signal = SIGNALS.get(sig as usize).copied();
    signal.map(i32::from).ok_or(Errno::INVAL)
}
