//! Tests of sockets.

use super::*;
use crate::sys::net;
use crate::wasi::p1::types::{FdFlags, Filetype};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::FromRawFd;

/// A guest with a listening socket as number 3, and the socket's port.
fn listening() -> (Guest, u16) {
    let guest = Guest::new();
    let socket = net::listen((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let copy = rustix::io::dup(&socket).unwrap();
    // SAFETY: the number has just been given up by its owner.
    let listener = unsafe { TcpListener::from_raw_fd(fs::into_number(copy)) };
    let port = listener.local_addr().unwrap().port();
    let access = Access {
        base: Rights::LISTENER,
        inheriting: Rights::SOCKET,
        kind: Kind::Socket,
        read_only: false,
    };
    assert_eq!(guest.system.fds.insert(socket, access), Ok(3));
    (guest, port)
}

fn accept(guest: &mut Guest, flags: u32) -> Result<u32, Errno> {
    let out = guest.room(4);
    sock_accept(&guest.system, &guest.memory(), 3, flags, out)?;
    Ok(guest.read_value(out))
}

#[test]
fn accepts_and_talks() {
    let (mut guest, port) = listening();
    let mut client = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    let fd = accept(&mut guest, 0).unwrap();
    assert_eq!(
        guest.fdstat(3).unwrap().filetype,
        Filetype::SocketStream as u8
    );
    let stat = guest.fdstat(fd).unwrap();
    assert_eq!(stat.filetype, Filetype::SocketStream as u8);
    assert_eq!(stat.rights_base, Rights::SOCKET.0.into());
    assert_eq!(
        guest.filestat(fd).unwrap().filetype,
        Filetype::SocketStream as u8
    );
    client.write_all(b"question").unwrap();

    let buffer = guest.room(16);
    let list = guest.iovec(buffer, 4);
    let (len, flags) = (guest.room(4), guest.room(2));
    let receive = |guest: &Guest, ri_flags| {
        sock_recv(
            &guest.system,
            &guest.memory(),
            fd,
            list,
            1,
            ri_flags,
            len,
            flags,
        )
    };
    assert_eq!(receive(&guest, 1), Ok(()));
    assert_eq!(
        (guest.read_value::<u32>(len), guest.get(buffer, 4)),
        (4, b"ques".to_vec())
    );
    assert_eq!(receive(&guest, 2), Ok(()));
    assert_eq!(guest.get(buffer, 4), b"ques");
    assert_eq!(guest.read_value::<u16>(flags), 0);
    assert_eq!(receive(&guest, 4), Err(Errno::INVAL));
    assert_eq!(guest.read(fd, 9).unwrap(), b"tion");

    let (text, text_len) = guest.put(b"answer");
    let list = guest.iovec(text, text_len);
    let send = |guest: &Guest, si_flags| {
        sock_send(&guest.system, &guest.memory(), fd, list, 1, si_flags, len)
    };
    assert_eq!(send(&guest, 1), Err(Errno::INVAL));
    assert_eq!(send(&guest, 0), Ok(()));
    assert_eq!(guest.read_value::<u32>(len), 6);
    assert_eq!(guest.write(fd, b"s"), Ok(1));
    let shutdown = |guest: &Guest, fd, how| sock_shutdown(&guest.system, &guest.memory(), fd, how);
    assert_eq!(shutdown(&guest, fd, 0), Err(Errno::INVAL));
    assert_eq!(shutdown(&guest, fd, 4), Err(Errno::INVAL));
    assert_eq!(shutdown(&guest, fd, 2), Ok(()));
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "answers");
    assert_eq!(guest.seek(fd, 0, 0), Err(Errno::SPIPE));
    assert_eq!(guest.pread(fd, 1, 0), Err(Errno::SPIPE));
    assert_eq!(guest.close(fd), Ok(()));
}

#[test]
fn does_not_block_when_asked() {
    let (mut guest, port) = listening();
    let nonblock = FdFlags::NONBLOCK.0.into();
    // As event loops of one thread need it: nobody else could let the connection in.
    assert_eq!(guest.fdstat(3).unwrap().flags, FdFlags::NONBLOCK.0);
    assert_eq!(accept(&mut guest, 0), Err(Errno::AGAIN));
    assert_eq!(accept(&mut guest, 1), Err(Errno::INVAL));
    let _client = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    let fd = accept(&mut guest, nonblock).unwrap();
    assert_eq!(guest.read(fd, 1), Err(Errno::AGAIN));
    assert_eq!(guest.fdstat(fd).unwrap().flags, FdFlags::NONBLOCK.0);
}

#[test]
fn other_descriptors_are_no_sockets() {
    let folder = Folder::new();
    let guest = Guest::with(&folder);
    let memory = guest.memory();
    for fd in 0..=ROOT {
        assert_eq!(
            sock_shutdown(&guest.system, &memory, fd, 1),
            Err(Errno::NOTSOCK)
        );
        assert_eq!(
            sock_accept(&guest.system, &memory, fd, 0, 0),
            Err(Errno::NOTSOCK)
        );
        assert_eq!(
            sock_send(&guest.system, &memory, fd, 0, 0, 0, 0),
            Err(Errno::NOTSOCK)
        );
        assert_eq!(
            sock_recv(&guest.system, &memory, fd, 0, 0, 0, 0, 0),
            Err(Errno::NOTSOCK)
        );
    }
    assert_eq!(
        sock_shutdown(&guest.system, &memory, 99, 1),
        Err(Errno::BADF)
    );
}

#[test]
fn tells_cut_datagrams() {
    let mut guest = Guest::new();
    let one = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let two = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    two.send_to(b"datagram", one.local_addr().unwrap()).unwrap();
    let access = Access {
        base: Rights::SOCKET,
        inheriting: Rights::NONE,
        kind: Kind::Socket,
        read_only: false,
    };
    let fd = guest.system.fds.insert(owned(one), access).unwrap();
    assert_eq!(
        guest.fdstat(fd).unwrap().filetype,
        Filetype::SocketDgram as u8
    );
    let buffer = guest.room(4);
    let list = guest.iovec(buffer, 4);
    let (len, flags) = (guest.room(4), guest.room(2));
    sock_recv(&guest.system, &guest.memory(), fd, list, 1, 0, len, flags).unwrap();
    assert_eq!(guest.read_value::<u32>(len), 4);
    assert_eq!(guest.read_value::<u16>(flags), 1);
}
