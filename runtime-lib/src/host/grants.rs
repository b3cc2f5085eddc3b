//! What the guest has at start: standard streams, granted folders, listening sockets.

use super::address;
use super::descriptors::{Access, FdTable, Kind};
use super::rights::Rights;
use super::stream;
use crate::output;
use crate::sys::path::PathBuffer;
use crate::sys::{fs, net};
use rustix::io::Errno;
use wasmc_abi::options::RunOption;

/// Gives the standard streams the numbers 0 to 2 of an empty table. Whether a stream is open is
/// found out when it is used.
pub fn open_streams(fds: &FdTable) {
    let stream = stream::RIGHTS;
    // The table is empty: nothing can fail.
    let _ = fds.insert_stdio(0, stream & !Rights::WRITING);
    let _ = fds.insert_stdio(1, stream & !Rights::READING);
    let _ = fds.insert_stdio(2, stream & !Rights::READING);
}

/// Adds the folders in the order of their options, then the sockets in the order of theirs. The
/// guest's C library stops looking for folders at the first number that is none. Ends the process
/// when something cannot be opened.
pub fn open(
    fds: &FdTable,
    options: impl Iterator<Item = RunOption<'static>> + Clone,
    listens: bool,
) {
    for option in options.clone() {
        if let RunOption::Dir {
            host,
            guest,
            read_only,
        } = option
            && let Err(errno) = open_folder(fds, host, guest, read_only)
        {
            cannot_open_folder(host, errno);
        }
    }
    for option in options {
        if let RunOption::Listen { address } = option
            && listens
            && let Err(errno) = open_socket(fds, address)
        {
            cannot_listen(address, errno);
        }
    }
}

// Holds a path: not to be part of a function on the way of every start.
#[inline(never)]
fn open_folder(
    fds: &FdTable,
    host: &[u8],
    guest: &'static [u8],
    read_only: bool,
) -> Result<(), Errno> {
    let mut path = PathBuffer::new();
    path.set(host)?;
    let folder = fs::open_grant(path.as_c_str())?;
    let access = Access {
        base: Rights::DIRECTORY,
        inheriting: Rights::DIRECTORY | Rights::FILE,
        kind: Kind::Directory,
        read_only,
    };
    let inserted = fds.insert_preopen(folder, access, guest);
    inserted.map(|_| ()).map_err(|_| Errno::NFILE)
}

#[inline(never)]
fn open_socket(fds: &FdTable, address: &[u8]) -> Result<(), Errno> {
    let address = address::parse(address).ok_or(Errno::INVAL)?;
    let access = Access {
        base: Rights::LISTENER,
        inheriting: Rights::SOCKET,
        kind: Kind::Socket,
        read_only: false,
    };
    let inserted = fds.insert_listener(net::listen(address)?, access);
    inserted.map(|_| ()).map_err(|_| Errno::NFILE)
}

#[cold]
#[inline(never)]
fn cannot_open_folder(host: &[u8], errno: Errno) -> ! {
    let hint = match errno {
        Errno::NOENT => "create it, or change the option `--dir`",
        Errno::NFILE => "raise `--max-fds`",
        _ => "change the option `--dir`",
    };
    cannot("open folder", host, errno, hint)
}

/// Says why there is no socket for an address, and ends the process.
#[cold]
#[inline(never)]
pub fn cannot_listen(address: &[u8], errno: Errno) -> ! {
    let hint = match errno {
        Errno::INVAL => "`--listen` takes ADDR:PORT with a numeric address, as in 127.0.0.1:8080",
        Errno::NFILE => "raise `--max-fds`",
        _ => "change the option `--listen`",
    };
    cannot("listen at", address, errno, hint)
}

fn cannot(action: &str, what: &[u8], errno: Errno, hint: &str) -> ! {
    let mut line = output::error();
    line.text("cannot ").text(action);
    line.text(" `").escaped(what).text("`: ");
    match errno {
        Errno::NOENT => line.text("no such folder"),
        Errno::NOTDIR => line.text("it is not a folder"),
        Errno::ACCESS | Errno::PERM => line.text("permission denied"),
        Errno::NAMETOOLONG => line.text("the name is too long"),
        Errno::LOOP => line.text("too many symbolic links"),
        Errno::INVAL => line.text("it is not an address"),
        Errno::ADDRINUSE => line.text("the address is in use"),
        Errno::ADDRNOTAVAIL => line.text("this machine does not have the address"),
        Errno::MFILE | Errno::NFILE => line.text("too many open files"),
        _ => line
            .text("system error ")
            .signed(errno.raw_os_error().into()),
    };
    line.text(" (hint: ").text(hint).text(")").exit()
}
