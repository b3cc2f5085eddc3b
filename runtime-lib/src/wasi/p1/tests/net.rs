//! Tests of WasmEdge's functions for sockets.

use super::*;
use crate::sys::net;
use crate::wasi::p1::sock::layout::{Address, Addrinfo, Sockaddr, family, socktype};
use crate::wasi::p1::types::{FdFlags, Filetype};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};

const INET4: u32 = family::INET4 as u32;
const INET6: u32 = family::INET6 as u32;
const STREAM: u32 = socktype::STREAM as u32;
const DGRAM: u32 = socktype::DGRAM as u32;

/// A guest with `--net`.
fn networked() -> Guest {
    let guest = Guest::new();
    guest.system.allow_net();
    guest
}

/// A guest with `--listen` alone: number 3, and its address.
fn listening() -> (Guest, SocketAddr) {
    let guest = Guest::new();
    // A port by its number: one of the system's choice would not outlive a shutdown.
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let socket = net::listen((Ipv4Addr::LOCALHOST, port).into()).unwrap();
    let address = net::local_address(rustix::fd::AsFd::as_fd(&socket)).unwrap();
    let access = Access {
        base: Rights::LISTENER,
        inheriting: Rights::SOCKET,
        kind: Kind::Socket,
        read_only: false,
    };
    assert_eq!(guest.system.fds.insert_listener(socket, access), Ok(3));
    (guest, address)
}

impl Guest {
    fn sock(&mut self, af: u32, ty: u32) -> Result<u32, Errno> {
        let out = self.room(4);
        sock_open(&self.system, &self.memory(), af, ty, out)?;
        Ok(self.read_value(out))
    }

    /// An address of so many bytes in memory.
    fn address(&mut self, bytes: &[u8]) -> u32 {
        let (buf, buf_len) = self.put(bytes);
        let at = self.room(8);
        self.write_value(at, Address { buf, buf_len });
        at
    }

    fn bind(&mut self, fd: u32, ip: &[u8], port: u16) -> Result<(), Errno> {
        let addr = self.address(ip);
        sock_bind(&self.system, &self.memory(), fd, addr, port.into())
    }

    fn connect(&mut self, fd: u32, ip: &[u8], port: u16) -> Result<(), Errno> {
        let addr = self.address(ip);
        sock_connect(&self.system, &self.memory(), fd, addr, port.into())
    }

    fn listen(&mut self, fd: u32) -> Result<(), Errno> {
        sock_listen(&self.system, &self.memory(), fd, 16)
    }

    fn accept(&mut self, fd: u32) -> Result<u32, Errno> {
        let out = self.room(4);
        sock_accept_v1(&self.system, &self.memory(), fd, out)?;
        Ok(self.read_value(out))
    }

    /// The first generation's answer: bytes, type, port.
    fn local(&mut self, fd: u32) -> Result<(Vec<u8>, u32, u32), Errno> {
        let addr = self.address(&[0; 16]);
        let (ty, port) = (self.room(4), self.room(4));
        sock_getlocaladdr_v1(&self.system, &self.memory(), fd, addr, ty, port)?;
        let buf = self.read_value::<Address>(addr).buf;
        Ok((
            self.get(buf, 16),
            self.read_value(ty),
            self.read_value(port),
        ))
    }

    fn get_option(&mut self, fd: u32, name: u32, len: u32) -> Result<Vec<u8>, Errno> {
        let (value, size) = (self.room(len), self.room(4));
        self.write_value(size, len);
        sock_getsockopt(&self.system, &self.memory(), fd, 0, name, value, size)?;
        let len = self.read_value(size);
        Ok(self.get(value, len))
    }

    fn set_option(&mut self, fd: u32, name: u32, value: &[u8]) -> Result<(), Errno> {
        let (at, len) = self.put(value);
        sock_setsockopt(&self.system, &self.memory(), fd, 0, name, at, len)
    }
}

const LOCAL: [u8; 4] = [127, 0, 0, 1];

/// An address of the second generation.
fn with_family(family: u16, ip: &[u8]) -> Vec<u8> {
    let mut bytes = family.to_le_bytes().to_vec();
    bytes.extend(ip);
    bytes.resize(128, 0);
    bytes
}

#[test]
fn nothing_without_a_grant() {
    let mut guest = Guest::new();
    for ty in [STREAM, DGRAM] {
        assert_eq!(guest.sock(INET4, ty), Err(Errno::ACCES));
        assert_eq!(guest.sock(INET6, ty), Err(Errno::ACCES));
    }
    let zero = guest.room(64);
    let memory = guest.memory();
    assert_eq!(
        sock_getaddrinfo(
            &guest.system,
            &memory,
            zero,
            1,
            zero,
            1,
            zero,
            zero,
            1,
            zero
        ),
        Err(Errno::ACCES)
    );
    // Standard streams are no sockets, whatever they are.
    assert_eq!(guest.bind(0, &LOCAL, 80), Err(Errno::NOTSOCK));
    assert_eq!(guest.listen(0), Err(Errno::NOTSOCK));
}

#[test]
fn listens_accepts_and_tells_addresses() {
    let mut guest = networked();
    let server = guest.sock(INET4, STREAM).unwrap();
    assert_eq!(guest.set_option(server, 0, &1_u32.to_le_bytes()), Ok(()));
    assert_eq!(guest.bind(server, &LOCAL, 0), Ok(()));
    assert_eq!(guest.bind(server, &LOCAL, 0), Err(Errno::INVAL));
    assert_eq!(guest.get_option(server, 13, 4).unwrap(), [0; 4]);
    assert_eq!(guest.listen(server), Ok(()));
    assert_eq!(guest.get_option(server, 13, 4).unwrap(), [1, 0, 0, 0]);
    let (ip, ty, port) = guest.local(server).unwrap();
    assert_eq!((&ip[..4], ty), (&LOCAL[..], 4));

    let mut client = TcpStream::connect((Ipv4Addr::LOCALHOST, port as u16)).unwrap();
    let fd = guest.accept(server).unwrap();
    assert_eq!(
        guest.fdstat(fd).unwrap().filetype,
        Filetype::SocketStream as u8
    );
    let addr = guest.address(&[0; 128]);
    let peer_port = guest.room(4);
    sock_getpeeraddr_v2(&guest.system, &guest.memory(), fd, addr, peer_port).unwrap();
    let buf = guest.read_value::<Address>(addr).buf;
    assert_eq!(guest.get(buf, 6), [1, 0, 127, 0, 0, 1]);
    let own = client.local_addr().unwrap().port();
    assert_eq!(guest.read_value::<u32>(peer_port), own.into());
    sock_getlocaladdr_v2(&guest.system, &guest.memory(), fd, addr, peer_port).unwrap();
    assert_eq!(guest.read_value::<u32>(peer_port), port);
    let ty = guest.room(4);
    let addr = guest.address(&[0; 4]);
    sock_getpeeraddr_v1(&guest.system, &guest.memory(), fd, addr, ty, peer_port).unwrap();
    assert_eq!(guest.read_value::<u32>(ty), 4);
    assert_eq!(guest.read_value::<u32>(peer_port), own.into());

    client.write_all(b"hello").unwrap();
    assert_eq!(guest.read(fd, 16).unwrap(), b"hello");
    guest.write(fd, b"bye").unwrap();
    guest.close(fd).unwrap();
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).unwrap();
    assert_eq!(answer, b"bye");
    // A first generation address of 128 bytes makes no sense.
    let addr = guest.address(&[0; 128]);
    let memory = guest.memory();
    let result = sock_getlocaladdr_v1(&guest.system, &memory, server, addr, ty, peer_port);
    assert_eq!(result, Err(Errno::INVAL));
}

#[test]
fn connects() {
    let mut guest = networked();
    let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = server.local_addr().unwrap().port();
    for ip in [LOCAL.to_vec(), with_family(1, &LOCAL)] {
        let fd = guest.sock(INET4, STREAM).unwrap();
        assert_eq!(guest.connect(fd, &ip, port), Ok(()));
        let (mut peer, _) = server.accept().unwrap();
        guest.write(fd, b"x").unwrap();
        let mut byte = [0];
        peer.read_exact(&mut byte).unwrap();
        assert_eq!(&byte, b"x");
    }
    drop(server);
    let fd = guest.sock(INET4, STREAM).unwrap();
    assert_eq!(guest.connect(fd, &LOCAL, port), Err(Errno::CONNREFUSED));
    assert_eq!(guest.connect(fd, &[0; 5], port), Err(Errno::INVAL));
    assert_eq!(
        guest.connect(fd, &with_family(3, b"/x"), port),
        Err(Errno::AFNOSUPPORT)
    );
}

#[test]
fn does_not_block_when_asked() {
    let mut guest = networked();
    let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = server.local_addr().unwrap().port();
    let nonblock = FdFlags::NONBLOCK.0.into();
    let fd = guest.sock(INET4, STREAM).unwrap();
    fd_fdstat_set_flags(&guest.system, &guest.memory(), fd, nonblock).unwrap();
    let connected = guest.connect(fd, &LOCAL, port);
    assert!(
        matches!(connected, Ok(()) | Err(Errno::INPROGRESS)),
        "{connected:?}"
    );
    let _peer = server.accept().unwrap();
    assert_eq!(guest.get_option(fd, 2, 4).unwrap(), [0; 4]);
    assert_eq!(guest.read(fd, 1), Err(Errno::AGAIN));
    // Nobody is there: it fails at once or later, and then the option tells why.
    drop(server);
    let fd = guest.sock(INET4, STREAM).unwrap();
    fd_fdstat_set_flags(&guest.system, &guest.memory(), fd, nonblock).unwrap();
    match guest.connect(fd, &LOCAL, port) {
        Err(Errno::INPROGRESS) => {
            let error = u32::from(Errno::CONNREFUSED.code()).to_le_bytes();
            assert_eq!(guest.get_option(fd, 2, 4).unwrap(), error);
        }
        connected => assert_eq!(connected, Err(Errno::CONNREFUSED)),
    }
    let fd = guest.sock(INET4, STREAM).unwrap();
    fd_fdstat_set_flags(&guest.system, &guest.memory(), fd, nonblock).unwrap();
    guest.bind(fd, &LOCAL, 0).unwrap();
    guest.listen(fd).unwrap();
    assert_eq!(guest.accept(fd), Err(Errno::AGAIN));
}

#[test]
fn datagrams_of_both_generations() {
    let mut guest = networked();
    let fd = guest.sock(INET4, DGRAM).unwrap();
    guest.bind(fd, &with_family(1, &LOCAL), 0).unwrap();
    let (_, _, port) = guest.local(fd).unwrap();
    let other = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let other_port = other.local_addr().unwrap().port();
    let (out_port, len, flags) = (guest.room(4), guest.room(4), guest.room(4));
    let buffer = guest.room(8);
    let list = guest.iovec(buffer, 8);

    other
        .send_to(b"one", (Ipv4Addr::LOCALHOST, port as u16))
        .unwrap();
    let addr = guest.address(&[9; 16]);
    let memory = guest.memory();
    sock_recv_from_v1(&guest.system, &memory, fd, list, 1, addr, 0, len, flags).unwrap();
    assert_eq!(guest.read_value::<u32>(len), 3);
    assert_eq!(guest.get(buffer, 3), b"one");
    assert_eq!(
        guest.get(guest.read_value::<Address>(addr).buf, 5),
        [127, 0, 0, 1, 9]
    );

    for (room, expected) in [(4, &LOCAL[..]), (128, &[1, 0, 127, 0, 0, 1])] {
        other
            .send_to(b"too long to fit", (Ipv4Addr::LOCALHOST, port as u16))
            .unwrap();
        let addr = guest.address(&vec![0; room]);
        let memory = guest.memory();
        sock_recv_from_v2(
            &guest.system,
            &memory,
            fd,
            list,
            1,
            addr,
            0,
            out_port,
            len,
            flags,
        )
        .unwrap();
        assert_eq!(guest.read_value::<u32>(len), 8);
        assert_eq!(guest.read_value::<u16>(flags), 1);
        assert_eq!(guest.read_value::<u32>(out_port), other_port.into());
        let buf = guest.read_value::<Address>(addr).buf;
        assert_eq!(guest.get(buf, expected.len() as u32), expected);
    }

    let (text, text_len) = guest.put(b"answer");
    let list = guest.iovec(text, text_len);
    let addr = guest.address(&LOCAL);
    let memory = guest.memory();
    let to = u32::from(other_port);
    sock_send_to(&guest.system, &memory, fd, list, 1, addr, to, 0, len).unwrap();
    assert_eq!(guest.read_value::<u32>(len), 6);
    let mut bytes = [0; 16];
    let (received, from) = other.recv_from(&mut bytes).unwrap();
    assert_eq!(&bytes[..received], b"answer");
    assert_eq!(u32::from(from.port()), port);
    let sent = sock_send_to(&guest.system, &memory, fd, list, 1, addr, 70000, 0, len);
    assert_eq!(sent, Err(Errno::INVAL));
}

#[test]
fn version_6_needs_room() {
    let mut guest = networked();
    let fd = guest.sock(INET6, DGRAM).unwrap();
    if guest.bind(fd, &Ipv6Addr::LOCALHOST.octets(), 0).is_err() {
        say("SKIPPED: this machine has no IPv6");
        return;
    }
    let (ip, ty, port) = guest.local(fd).unwrap();
    assert_eq!((ip, ty), (Ipv6Addr::LOCALHOST.octets().to_vec(), 6));
    let other = UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).unwrap();
    other
        .send_to(b"six", (Ipv6Addr::LOCALHOST, port as u16))
        .unwrap();
    let (len, flags, buffer) = (guest.room(4), guest.room(4), guest.room(8));
    let list = guest.iovec(buffer, 8);
    let small = guest.address(&[0; 4]);
    let large = guest.address(&[0; 16]);
    let memory = guest.memory();
    let receive =
        |addr| sock_recv_from_v1(&guest.system, &memory, fd, list, 1, addr, 0, len, flags);
    // Nothing is lost.
    assert_eq!(receive(small), Err(Errno::INVAL));
    assert_eq!(receive(large), Ok(()));
    assert_eq!(guest.get(buffer, 3), b"six");
}

#[test]
fn listen_grants_exactly_its_address() {
    let (mut guest, address) = listening();
    let port = address.port();
    assert_eq!(guest.sock(INET4, DGRAM), Err(Errno::ACCES));
    assert_eq!(guest.sock(family::UNIX.into(), STREAM), Err(Errno::ACCES));
    let fd = guest.sock(INET4, STREAM).unwrap();
    // Neither another address, nor one of the system's choice, nor another machine.
    assert_eq!(guest.bind(fd, &LOCAL, port ^ 1), Err(Errno::ACCES));
    assert_eq!(guest.bind(fd, &[0; 4], port), Err(Errno::ACCES));
    assert_eq!(guest.bind(fd, &[0; 16], port), Err(Errno::ACCES));
    assert_eq!(guest.listen(fd), Err(Errno::ACCES));
    assert_eq!(guest.connect(fd, &LOCAL, port), Err(Errno::ACCES));
    let (addr, len) = (guest.address(&LOCAL), guest.room(4));
    let memory = guest.memory();
    let sent = sock_send_to(&guest.system, &memory, fd, 0, 0, addr, port.into(), 0, len);
    assert_eq!(sent, Err(Errno::ACCES));
    assert_eq!(guest.get_option(fd, 14, 16), Err(Errno::ACCES));
    assert_eq!(guest.set_option(fd, 14, b"lo"), Err(Errno::ACCES));

    let served = |guest: &mut Guest, fd| {
        assert_eq!(guest.bind(fd, &LOCAL, port), Ok(()));
        assert_eq!(guest.bind(fd, &LOCAL, port), Err(Errno::INVAL));
        assert_eq!(guest.listen(fd), Ok(()));
        let mut client = TcpStream::connect(address).unwrap();
        let connection = guest.accept(fd).unwrap();
        client.write_all(b"hello").unwrap();
        assert_eq!(guest.read(connection, 5).unwrap(), b"hello");
        // A connection has what every connection of the grant has.
        let rights = guest.fdstat(connection).unwrap().rights_base;
        assert_eq!(rights, Rights::SOCKET.0.into());
        guest.close(connection).unwrap();
    };
    served(&mut guest, fd);
    // Guests shut sockets down before they close them; the address can be bound again.
    sock_shutdown(&guest.system, &guest.memory(), fd, 3).unwrap();
    guest.close(fd).unwrap();
    let fd = guest.sock(INET4, STREAM).unwrap();
    served(&mut guest, fd);
    // Rights that were given up do not come back.
    let poor = guest.sock(INET4, STREAM).unwrap();
    let rights = u64::from(Rights::POLL_FD_READWRITE.0);
    fd_fdstat_set_rights(&guest.system, &guest.memory(), poor, rights, 0).unwrap();
    assert_eq!(guest.bind(poor, &LOCAL, port), Ok(()));
    assert_eq!(guest.fdstat(poor).unwrap().rights_base, rights);
    assert_eq!(guest.listen(poor), Err(Errno::NOTCAPABLE));
    // When the grant itself is closed nothing more can be opened.
    guest.close(3).unwrap();
    assert_eq!(guest.sock(INET4, STREAM), Err(Errno::ACCES));
}

#[test]
fn granted_listeners_are_found_under_net_too() {
    let (mut guest, address) = listening();
    guest.system.allow_net();
    let fd = guest.sock(INET4, STREAM).unwrap();
    assert_eq!(guest.bind(fd, &LOCAL, address.port()), Ok(()));
    assert_eq!(guest.listen(fd), Ok(()));
    let _client = TcpStream::connect(address).unwrap();
    assert!(guest.accept(fd).is_ok());
}

#[test]
fn options_have_their_forms() {
    let mut guest = networked();
    let fd = guest.sock(INET4, STREAM).unwrap();
    assert_eq!(guest.get_option(fd, 1, 4).unwrap(), [2, 0, 0, 0]);
    let datagrams = guest.sock(INET4, DGRAM).unwrap();
    assert_eq!(guest.get_option(datagrams, 1, 4).unwrap(), [1, 0, 0, 0]);
    for name in [0, 3, 4, 7, 8] {
        assert_eq!(
            guest.get_option(datagrams, name, 4).unwrap(),
            [0; 4],
            "{name}"
        );
        assert_eq!(guest.set_option(datagrams, name, &[1, 0, 0, 0]), Ok(()));
        assert_eq!(
            guest.get_option(datagrams, name, 4).unwrap(),
            [1, 0, 0, 0],
            "{name}"
        );
    }
    assert_eq!(guest.set_option(fd, 10, &[7, 0, 0, 0]), Ok(()));
    assert_eq!(guest.get_option(fd, 10, 4).unwrap(), [7, 0, 0, 0]);
    for name in [5, 6] {
        assert_eq!(guest.set_option(fd, name, &8192_u32.to_le_bytes()), Ok(()));
        let size = guest.get_option(fd, name, 4).unwrap();
        assert!(u32::from_le_bytes(size.try_into().unwrap()) >= 8192);
    }
    // Two seconds and a half; whole ticks of the system's clock.
    let mut time = 2_u64.to_le_bytes().to_vec();
    time.extend(500_000_u64.to_le_bytes());
    for name in [11, 12] {
        assert_eq!(guest.set_option(fd, name, &time), Ok(()));
        assert_eq!(guest.get_option(fd, name, 16).unwrap(), time);
    }
    assert_eq!(guest.set_option(fd, 9, &[1, 0, 0, 0, 5, 0, 0, 0]), Ok(()));
    assert_eq!(
        guest.get_option(fd, 9, 8).unwrap(),
        [1, 0, 0, 0, 5, 0, 0, 0]
    );
    assert_eq!(guest.set_option(fd, 9, &[0; 4]), Ok(()));
    assert_eq!(guest.get_option(fd, 9, 8).unwrap()[..4], [0; 4]);
    assert_eq!(guest.get_option(fd, 14, 16).unwrap(), b"");
    // What cannot be set, what there is not, what has no room.
    assert_eq!(
        guest.set_option(fd, 1, &[1, 0, 0, 0]),
        Err(Errno::NOPROTOOPT)
    );
    assert_eq!(guest.get_option(fd, 15, 4), Err(Errno::NOPROTOOPT));
    assert_eq!(guest.get_option(fd, 0, 2), Err(Errno::INVAL));
    assert_eq!(guest.set_option(fd, 0, &[1]), Err(Errno::INVAL));
    assert_eq!(guest.set_option(fd, 11, &[0; 8]), Err(Errno::INVAL));
    let at = guest.room(8);
    let memory = guest.memory();
    let level = sock_setsockopt(&guest.system, &memory, fd, 1, 0, at, 4);
    assert_eq!(level, Err(Errno::NOPROTOOPT));
}

#[test]
fn hostile_pointers() {
    let mut guest = networked();
    let fd = guest.sock(INET4, DGRAM).unwrap();
    let aligned = guest.room(16);
    let memory = guest.memory();
    let system = &guest.system;
    assert_eq!(
        sock_open(system, &memory, INET4, STREAM, aligned + 1),
        Err(Errno::ADDRNOTAVAIL)
    );
    assert_eq!(
        sock_open(system, &memory, INET4, STREAM, u32::MAX - 3),
        Err(Errno::FAULT)
    );
    assert_eq!(
        sock_open(system, &memory, 4, STREAM, aligned),
        Err(Errno::INVAL)
    );
    assert_eq!(
        sock_open(system, &memory, 257, STREAM, aligned),
        Err(Errno::INVAL)
    );
    assert_eq!(
        sock_open(system, &memory, 0, STREAM, aligned),
        Err(Errno::AFNOSUPPORT)
    );
    assert_eq!(
        sock_open(system, &memory, 3, STREAM, aligned),
        Err(Errno::ACCES)
    );
    assert_eq!(
        sock_open(system, &memory, INET4, 0, aligned),
        Err(Errno::INVAL)
    );
    assert_eq!(
        sock_bind(system, &memory, fd, aligned + 2, 0),
        Err(Errno::ADDRNOTAVAIL)
    );
    assert_eq!(
        sock_bind(system, &memory, fd, SIZE - 4, 0),
        Err(Errno::FAULT)
    );
    for (buf, buf_len) in [(SIZE - 3, 4), (u32::MAX, 4), (0, u32::MAX), (SIZE, 128)] {
        memory.ptr(aligned).unwrap().write(Address { buf, buf_len });
        assert_eq!(
            sock_bind(system, &memory, fd, aligned, 0),
            Err(Errno::FAULT)
        );
        assert_eq!(
            sock_connect(system, &memory, fd, aligned, 0),
            Err(Errno::FAULT)
        );
        let local = sock_getlocaladdr_v2(system, &memory, fd, aligned, aligned + 8);
        assert_eq!(local, Err(Errno::FAULT));
        let received = sock_recv_from_v2(system, &memory, fd, 0, 0, aligned, 0, aligned + 8, 0, 0);
        assert_eq!(received, Err(Errno::FAULT));
        let sent = sock_send_to(system, &memory, fd, 0, 0, aligned, 0, 0, aligned + 8);
        assert_eq!(sent, Err(Errno::FAULT));
    }
    let (misaligned, outside) = (aligned + 1, SIZE - 2);
    let ip = guest.address(&[127, 0, 0, 1]);
    let memory = guest.memory();
    let system = &guest.system;
    for (list, errno) in [(misaligned, Errno::ADDRNOTAVAIL), (SIZE - 4, Errno::FAULT)] {
        let (len, flags) = (aligned, aligned + 8);
        let received = sock_recv_from_v1(system, &memory, fd, list, 1, ip, 0, len, flags);
        assert_eq!(received, Err(errno));
        let received = sock_recv_from_v2(system, &memory, fd, list, 1, ip, 0, flags, len, flags);
        assert_eq!(received, Err(errno));
        let sent = sock_send_to(system, &memory, fd, list, 1, ip, 9, 0, len);
        assert_eq!(sent, Err(errno));
    }
    assert_eq!(
        sock_accept_v1(system, &memory, fd, aligned),
        Err(Errno::NOTCAPABLE)
    );
    assert_eq!(
        sock_getsockopt(system, &memory, fd, 0, 0, aligned, misaligned),
        Err(Errno::ADDRNOTAVAIL)
    );
    memory.ptr(aligned).unwrap().write(8_u32);
    assert_eq!(
        sock_getsockopt(system, &memory, fd, 0, 0, outside, aligned),
        Err(Errno::FAULT)
    );
    assert_eq!(
        sock_setsockopt(system, &memory, fd, 0, 0, outside, 4),
        Err(Errno::FAULT)
    );
    assert_eq!(
        sock_setsockopt(system, &memory, fd, 0, 0, misaligned, 4),
        Err(Errno::ADDRNOTAVAIL)
    );
}

/// A list of so many results, as guests make it: the address of the pointer to the first.
fn results(guest: &mut Guest, count: u32) -> (u32, Vec<u32>) {
    let mut list = Vec::new();
    let mut next = 0;
    for _ in 0..count {
        let (data, addr, at) = (guest.room(26), guest.room(12), guest.room(28));
        let sockaddr = Sockaddr {
            family: 1,
            padding: [0; 3],
            data_len: 14,
            data,
        };
        guest.write_value(addr, sockaddr);
        let mut info = hints(0, 0, 0);
        (info.addr, info.canonname, info.next) = (addr, 1, next);
        guest.write_value(at, info);
        list.insert(0, at);
        next = at;
    }
    let res = guest.room(4);
    guest.write_value(res, next);
    (res, list)
}

fn hints(flags: u16, family: u8, socktype: u8) -> Addrinfo {
    Addrinfo {
        flags,
        family,
        socktype,
        protocol: 0,
        padding: [0; 3],
        addrlen: 0,
        addr: 0,
        canonname: 0,
        canonname_len: 0,
        next: 0,
    }
}

/// Asks, with room for so many results: the results with the bytes of their addresses.
fn ask(
    guest: &mut Guest,
    (node, service): (&str, &str),
    hints: Addrinfo,
    room: u32,
) -> Result<Vec<(Addrinfo, Vec<u8>)>, Errno> {
    let (res, list) = results(guest, room);
    let (node, node_len) = guest.put(node.as_bytes());
    let (service, service_len) = guest.put(service.as_bytes());
    let (hint, len) = (guest.room(28), guest.room(4));
    guest.write_value(hint, hints);
    let memory = guest.memory();
    sock_getaddrinfo(
        &guest.system,
        &memory,
        node,
        node_len,
        service,
        service_len,
        hint,
        res,
        room,
        len,
    )?;
    let len = guest.read_value::<u32>(len) as usize;
    Ok(list[..len]
        .iter()
        .map(|&at| {
            let info = guest.read_value::<Addrinfo>(at);
            let sockaddr = guest.read_value::<Sockaddr>(info.addr);
            assert_eq!(sockaddr.family, info.family);
            (info, guest.get(sockaddr.data, sockaddr.data_len))
        })
        .collect())
}

#[test]
fn resolves_what_needs_no_server() {
    let mut guest = networked();
    let stream = hints(0, family::INET4, socktype::STREAM);
    // As the crate `wasmedge_wasi_socket` asks: texts with a NUL, room for ten.
    let found = ask(&mut guest, ("127.1.2.3\0", "http\0"), stream, 10).unwrap();
    assert_eq!(found.len(), 1);
    let (info, data) = &found[0];
    assert_eq!((info.family, info.socktype, info.protocol), (1, 2, 1));
    assert_eq!((info.addrlen, info.next), (16, 0));
    assert_eq!(data[..], [0, 80, 127, 1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0]);

    let any = hints(0, family::UNSPEC, socktype::ANY);
    let found = ask(&mut guest, ("localhost", "8080"), any, 10).unwrap();
    let kinds: Vec<_> = found
        .iter()
        .map(|(info, _)| (info.family, info.socktype))
        .collect();
    assert_eq!(kinds, [(1, 2), (1, 1), (2, 2), (2, 1)]);
    assert!(found[0].0.next != 0 && found[3].0.next == 0);
    let (info, data) = &found[2];
    assert_eq!(info.addrlen, 28);
    assert_eq!(data[..6], [0x1f, 0x90, 0, 0, 0, 0]);
    assert_eq!(data[6..22], Ipv6Addr::LOCALHOST.octets());
    assert_eq!(ask(&mut guest, ("localhost", ""), any, 3).unwrap().len(), 3);

    let passive = hints(1, family::INET4, socktype::STREAM);
    let found = ask(&mut guest, ("", "443"), passive, 1).unwrap();
    assert_eq!(found[0].1[..6], [1, 187, 0, 0, 0, 0]);
    let mapped = hints(1 << 4 | 1 << 5, family::INET6, socktype::STREAM);
    let found = ask(&mut guest, ("10.0.0.1", "1"), mapped, 2).unwrap();
    assert_eq!(
        found[0].1[6..22],
        Ipv4Addr::new(10, 0, 0, 1).to_ipv6_mapped().octets()
    );
}

#[test]
fn refuses_to_resolve_nonsense() {
    let mut guest = networked();
    let stream = hints(0, family::INET4, socktype::STREAM);
    let mut fails = |names, hints, room| ask(&mut guest, names, hints, room).err();
    assert_eq!(fails(("", ""), stream, 1), Some(Errno::AINONAME));
    assert_eq!(fails(("a\0b", "80"), stream, 1), Some(Errno::AINONAME));
    assert_eq!(
        fails(("127.0.0.1", "no-such-service"), stream, 1),
        Some(Errno::AISERVICE)
    );
    assert_eq!(fails(("127.0.0.1", "80"), stream, 0), Some(Errno::AIMEMORY));
    assert_eq!(fails(("::1", "80"), stream, 1), Some(Errno::AINODATA));
    assert_eq!(
        fails(("::1", "80"), hints(0, 3, 2), 1),
        Some(Errno::AIFAMILY)
    );
    assert_eq!(
        fails(("::1", "80"), hints(0, 0, 3), 1),
        Some(Errno::AISOCKTYPE)
    );
    assert_eq!(
        fails(("::1", "80"), hints(1 << 7, 0, 2), 1),
        Some(Errno::AIBADFLAG)
    );
    assert_eq!(
        fails(("name", "80"), hints(1 << 2, 1, 2), 1),
        Some(Errno::AINONAME)
    );
    assert_eq!(
        fails(("::1", "http"), hints(1 << 3, 0, 2), 1),
        Some(Errno::AINONAME)
    );
    let long = "a".repeat(300);
    assert_eq!(fails((&long, "80"), stream, 1), Some(Errno::AINONAME));
    let label = format!("{}.example", "a".repeat(64));
    assert_eq!(fails((&label, "80"), stream, 1), Some(Errno::AINONAME));
    // A list that is shorter than it was said to be.
    let (res, list) = results(&mut guest, 1);
    let mut info = guest.read_value::<Addrinfo>(list[0]);
    info.next = SIZE;
    guest.write_value(list[0], info);
    let (node, node_len) = guest.put(b"localhost");
    let (hint, len) = (guest.room(28), guest.room(4));
    guest.write_value(hint, hints(0, 0, 0));
    let memory = guest.memory();
    let result = sock_getaddrinfo(
        &guest.system,
        &memory,
        node,
        node_len,
        node,
        0,
        hint,
        res,
        9,
        len,
    );
    assert_eq!(result, Err(Errno::FAULT));
}

#[test]
fn epoll_is_poll() {
    let mut guest = networked();
    let at = guest.room(64);
    let memory = guest.memory();
    let epoll = |subscriptions, events, count, nevents| {
        epoll_oneoff(
            &guest.system,
            &memory,
            subscriptions,
            events,
            count,
            nevents,
        )
    };
    assert_eq!(epoll(at, at, 0, at), Err(Errno::INVAL));
    assert_eq!(epoll(at + 4, at, 1, at), Err(Errno::ADDRNOTAVAIL));
    assert_eq!(epoll(at, at + 4, 1, at), Err(Errno::ADDRNOTAVAIL));
    assert_eq!(epoll(at, at, 1, at + 2), Err(Errno::ADDRNOTAVAIL));
    assert_eq!(epoll(SIZE, at, 1, at), Err(Errno::FAULT));
    assert_eq!(epoll(at, at, u32::MAX, at), Err(Errno::FAULT));
    assert_eq!(epoll(at, at, 1, SIZE), Err(Errno::FAULT));
    // A clock that has struck, which zeros mean.
    assert_eq!(epoll(at, at, 1, at + 60), Ok(()));
    assert_eq!(guest.read_value::<u32>(at + 60), 1);
}
