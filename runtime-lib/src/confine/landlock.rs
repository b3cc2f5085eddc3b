//! Which files and ports do the grants leave a program, in terms of Landlock?
//!
//! Nothing but the granted folders: in those with `:ro` reading, in the others everything but
//! executing. Listening sockets were bound before; no TCP port is left unless `--net` grants all.
//!
//! Version 1 of Landlock refuses every rename and link between folders. Programs that rename or link
//! get no rules there.

use crate::host::descriptors::FdTable;
use crate::sys::fs;
use crate::sys::landlock::{self, Handled, Ruleset};
use core::ffi::CStr;
use rustix::fd::AsFd;
use wasmc_abi::confine::{Grants, Needs};

const EXECUTE: u64 = 1 << 0;
const READ_FILE: u64 = 1 << 2;
const READ_DIR: u64 = 1 << 3;
/// The actions on files that version 1 knows.
const FILES_1: u64 = (1 << 13) - 1;
/// Renaming and linking between folders.
const REFER: u64 = 1 << 13;
const TRUNCATE: u64 = 1 << 14;
const IOCTL_DEV: u64 = 1 << 15;
/// Binding to and connecting to a TCP port.
const PORTS: u64 = 1 << 0 | 1 << 1;
/// Connecting to the abstract Unix sockets of others.
const ABSTRACT_UNIX_SOCKET: u64 = 1 << 0;
/// Sending signals to others.
const SIGNAL: u64 = 1 << 1;

/// Enforces the rules; whether the kernel has taken them.
pub fn enforce(needs: Needs, grants: Grants, fds: &FdTable) -> bool {
    let Some(version) = landlock::version() else {
        return false;
    };
    let Some(handled) = handled(version, needs, grants) else {
        return false;
    };
    let Some(ruleset) = Ruleset::new(&handled, version) else {
        return false;
    };
    let mut complete = !needs.intersects(Needs::LOOKUP) || allow_lookup(&ruleset);
    fds.for_each_preopen(|folder, read_only| {
        complete &= ruleset.allow(folder, allowed(&handled, read_only));
    });
    complete && ruleset.enforce()
}

/// Allows reading the files in which the system says how names are looked up, wherever the grants
/// lead.
fn allow_lookup(ruleset: &Ruleset) -> bool {
    // One by one: a list of texts would have to be relocated at start.
    allow_reading(ruleset, c"/etc/hosts") && allow_reading(ruleset, c"/etc/resolv.conf")
}

/// Allows reading a file if there is one.
fn allow_reading(ruleset: &Ruleset, path: &CStr) -> bool {
    match fs::open_path(path) {
        Ok(file) => ruleset.allow(file.as_fd(), READ_FILE),
        Err(_) => true,
    }
}

/// What to refuse by default on a kernel of this version; `None` when it would break the program.
fn handled(version: u32, needs: Needs, grants: Grants) -> Option<Handled> {
    let mut handled = Handled {
        files: FILES_1,
        ..Handled::default()
    };
    if version >= 2 {
        handled.files |= REFER;
    } else if needs.intersects(Needs::RENAME.and(Needs::LINK)) {
        return None;
    }
    if version >= 3 {
        handled.files |= TRUNCATE;
    }
    if version >= 4 && !grants.net {
        handled.ports = PORTS;
    }
    if version >= 5 {
        handled.files |= IOCTL_DEV;
    }
    if version >= 6 {
        handled.scopes = match grants.net {
            true => SIGNAL,
            false => SIGNAL | ABSTRACT_UNIX_SOCKET,
        };
    }
    Some(handled)
}

/// What to allow beneath a granted folder. A rename needs the right to make what is renamed, be it
/// a device; the filter of system calls lets nothing make one, nor any other request to a device
/// than asking for its window size and for the bytes that it has to read.
fn allowed(handled: &Handled, read_only: bool) -> u64 {
    match read_only {
        true => handled.files & (READ_FILE | READ_DIR | IOCTL_DEV),
        false => handled.files & !EXECUTE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READ_ONLY: Grants = Grants {
        folders: true,
        writable_folders: false,
        sockets: false,
        net: false,
    };

    #[test]
    fn every_version_gets_what_it_knows() {
        // From the kernel's `include/uapi/linux/landlock.h`, version by version.
        let known = [
            (1, 0x1fff, 0, 0),
            (2, 0x3fff, 0, 0),
            (3, 0x7fff, 0, 0),
            (4, 0x7fff, 3, 0),
            (5, 0xffff, 3, 0),
            (6, 0xffff, 3, 3),
            (7, 0xffff, 3, 3),
            (99, 0xffff, 3, 3),
        ];
        for (version, files, ports, scopes) in known {
            let expected = Handled {
                files,
                ports,
                scopes,
            };
            assert_eq!(
                handled(version, Needs::OPEN, READ_ONLY),
                Some(expected),
                "{version}"
            );
            assert_eq!(allowed(&expected, false), files & !1, "{version}");
            let reading = if version >= 5 { 0x800c } else { 0xc };
            assert_eq!(allowed(&expected, true), reading, "{version}");
        }
    }

    #[test]
    fn version_1_does_not_break_renames() {
        for needs in [Needs::RENAME, Needs::LINK] {
            assert_eq!(handled(1, needs, Grants::ALL), None);
            assert!(handled(2, needs, Grants::ALL).is_some());
        }
    }

    #[test]
    fn net_leaves_ports() {
        let handled = handled(7, Needs::CONNECT, Grants::ALL).unwrap();
        assert_eq!((handled.ports, handled.scopes), (0, SIGNAL));
    }
}
