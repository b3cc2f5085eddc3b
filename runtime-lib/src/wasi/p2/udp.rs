//! `wasi:sockets/udp`: datagrams between machines.

use super::network::{
    self as network, buffer_size, check_address, check_network, check_remote, code, family,
    family_number, get_address, get_option, hops, option, place, put_address, put_result, put_unit,
    require_net, set_buffer_size, set_option,
};
use super::objects::{self, Object};
use super::resources::{Datagrams, File, Udp, UdpState as State, Wait};
use super::tcp::insert;
use crate::guest::call::Call;
use crate::guest::trap;
use crate::host::system::SYSTEM;
use crate::sys::io;
use crate::sys::lock::Lock;
use crate::sys::net::{self, Blocking, Family, Transport};
use core::net::SocketAddr;
use rustix::fd::AsRawFd;
use rustix::io::Errno;
use wasmc_abi::p2::Resource;
use wasmc_abi::p2_layout::network_error::Code;
use wasmc_abi::p2_layout::{self as layout, incoming_datagram, outgoing_datagram};
use wasmc_abi::traps::Trap;

/// Most bytes of a datagram.
const MAX_DATAGRAM: usize = 64 * 1024;
/// Most datagrams of a call.
const MAX_DATAGRAMS: usize = 16;

/// What was received, before the guest has memory for it.
static RECEIVED: Lock<[u8; MAX_DATAGRAM]> = Lock::new([0; MAX_DATAGRAM]);

fn get(call: &Call<'_>, this: u32) -> (u32, Udp) {
    let number = call.borrow(this, Resource::UdpSocket);
    (number, objects::udp(number))
}

/// Makes a socket.
pub fn create_udp_socket(call: &Call<'_>, address_family: u32, ret: u32) {
    let place = place(call, ret, layout::WORD);
    let family = family(address_family);
    let made = require_net().and_then(|()| {
        let socket = net::open(family, Transport::Datagram, Blocking::No).map_err(code)?;
        let (file, number) = insert(socket)?;
        if family == Family::Inet6 {
            set_option(&file, option::ONLY_V6, 1)?;
        }
        let udp = Udp {
            file,
            number,
            family,
            state: State::Unbound,
            connected: false,
        };
        let object = objects::add(Object::Udp(udp), None);
        Ok(call.own(Resource::UdpSocket, object))
    });
    put_result(place, layout::WORD, made, |handle, at| {
        place.put(at, handle)
    });
}

/// Begins to give a socket its own address.
#[expect(clippy::too_many_arguments, reason = "the specification has as many")]
pub fn udp_socket_start_bind(
    call: &Call<'_>,
    this: u32,
    network: u32,
    family: u32,
    a0: u32,
    a1: u32,
    a2: u32,
    a3: u32,
    a4: u32,
    a5: u32,
    a6: u32,
    a7: u32,
    a8: u32,
    a9: u32,
    a10: u32,
    ret: u32,
) {
    check_network(call, network);
    let address = network::address(family, [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10]);
    let (number, mut udp) = get(call, this);
    put_unit(call, ret, || {
        if udp.state != State::Unbound {
            return Err(Code::invalid_state);
        }
        check_address(udp.family, &address)?;
        net::bind(udp.file.fd(), &address).map_err(code)?;
        udp.state = State::Binding;
        objects::set(number, Object::Udp(udp));
        Ok(())
    });
}

/// Finishes giving a socket its own address.
pub fn udp_socket_finish_bind(call: &Call<'_>, this: u32, ret: u32) {
    let (number, mut udp) = get(call, this);
    put_unit(call, ret, || {
        if udp.state != State::Binding {
            return Err(Code::not_in_progress);
        }
        udp.state = State::Bound;
        objects::set(number, Object::Udp(udp));
        Ok(())
    });
}

/// Gives streams of datagrams, from and to one peer or all.
#[expect(clippy::too_many_arguments, reason = "the specification has as many")]
pub fn udp_socket_stream(
    call: &Call<'_>,
    this: u32,
    some: u32,
    family: u32,
    a0: u32,
    a1: u32,
    a2: u32,
    a3: u32,
    a4: u32,
    a5: u32,
    a6: u32,
    a7: u32,
    a8: u32,
    a9: u32,
    a10: u32,
    ret: u32,
) {
    let place = place(call, ret, layout::HANDLES);
    let remote = match some {
        0 => None,
        1 => {
            let parts = [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10];
            Some(network::address(family, parts))
        }
        _ => trap::raise(Trap::InvalidDiscriminant),
    };
    let (number, mut udp) = get(call, this);
    let streams = connect(&mut udp, remote).and_then(|()| {
        objects::set(number, Object::Udp(udp));
        let datagrams = || {
            Ok(Datagrams {
                file: File::of(udp.number).map_err(code)?,
                family: udp.family,
                connected: udp.connected,
                permitted: 0,
            })
        };
        let (incoming, outgoing) = (datagrams()?, datagrams()?);
        let incoming = objects::add(Object::Datagrams(incoming), Some(number));
        let outgoing = objects::add(Object::Datagrams(outgoing), Some(number));
        Ok((
            call.own(Resource::IncomingDatagramStream, incoming),
            call.own(Resource::OutgoingDatagramStream, outgoing),
        ))
    });
    put_result(
        place,
        layout::HANDLES,
        streams,
        |(incoming, outgoing), at| {
            place.put(at, incoming);
            place.put(at + 4, outgoing);
        },
    );
}

/// Lets a socket exchange datagrams with one peer alone, or with all.
fn connect(udp: &mut Udp, remote: Option<SocketAddr>) -> Result<(), Code> {
    if udp.state == State::Binding {
        return Err(Code::invalid_state);
    }
    match remote {
        Some(remote) => {
            check_remote(udp.family, &remote)?;
            net::connect(udp.file.fd(), &remote).map_err(code)?;
            udp.state = State::Bound;
        }
        None if udp.state == State::Unbound => return Err(Code::invalid_state),
        None if udp.connected => net::disconnect(udp.file.fd()).map_err(code)?,
        None => {}
    }
    udp.connected = remote.is_some();
    Ok(())
}

/// Gives a socket's own address.
pub fn udp_socket_local_address(call: &Call<'_>, this: u32, ret: u32) {
    let place = place(call, ret, layout::ADDRESS);
    let (_, udp) = get(call, this);
    let address = match udp.state {
        State::Bound => net::local_address(udp.file.fd()).map_err(code),
        _ => Err(Code::invalid_state),
    };
    put_result(place, layout::ADDRESS, address, |address, at| {
        put_address(&place, at, &address);
    });
}

/// Gives the address of the one peer that a socket exchanges datagrams with.
pub fn udp_socket_remote_address(call: &Call<'_>, this: u32, ret: u32) {
    let place = place(call, ret, layout::ADDRESS);
    let (_, udp) = get(call, this);
    let address = match udp.connected {
        true => net::peer_address(udp.file.fd()).map_err(code),
        false => Err(Code::invalid_state),
    };
    put_result(place, layout::ADDRESS, address, |address, at| {
        put_address(&place, at, &address);
    });
}

/// Gives the family of a socket's addresses.
pub fn udp_socket_address_family(call: &Call<'_>, this: u32) -> u32 {
    family_number(get(call, this).1.family)
}

/// Gives how many routers a datagram may pass.
pub fn udp_socket_unicast_hop_limit(call: &Call<'_>, this: u32, ret: u32) {
    let place = place(call, ret, layout::BYTE);
    let (_, udp) = get(call, this);
    let value = get_option(&udp.file, hops(udp.family));
    put_result(place, layout::BYTE, value, |value, at| {
        place.put(at, value as u8)
    });
}

/// Sets how many routers a datagram may pass.
pub fn udp_socket_set_unicast_hop_limit(call: &Call<'_>, this: u32, value: u32, ret: u32) {
    let (_, udp) = get(call, this);
    put_unit(call, ret, || match value & 0xff {
        0 => Err(Code::invalid_argument),
        value => set_option(&udp.file, hops(udp.family), value),
    });
}

/// Gives the size of the buffer of what was received.
pub fn udp_socket_receive_buffer_size(call: &Call<'_>, this: u32, ret: u32) {
    get_buffer(call, this, option::RECEIVE_BUFFER, ret);
}

/// Sets the size of the buffer of what was received.
pub fn udp_socket_set_receive_buffer_size(call: &Call<'_>, this: u32, value: u64, ret: u32) {
    let (_, udp) = get(call, this);
    put_unit(call, ret, || {
        set_buffer_size(&udp.file, option::RECEIVE_BUFFER, value)
    });
}

/// Gives the size of the buffer of what is to be sent.
pub fn udp_socket_send_buffer_size(call: &Call<'_>, this: u32, ret: u32) {
    get_buffer(call, this, option::SEND_BUFFER, ret);
}

/// Sets the size of the buffer of what is to be sent.
pub fn udp_socket_set_send_buffer_size(call: &Call<'_>, this: u32, value: u64, ret: u32) {
    let (_, udp) = get(call, this);
    put_unit(call, ret, || {
        set_buffer_size(&udp.file, option::SEND_BUFFER, value)
    });
}

fn get_buffer(call: &Call<'_>, this: u32, option: (u32, u32), ret: u32) {
    let place = place(call, ret, layout::COUNT);
    let value = buffer_size(&get(call, this).1.file, option);
    put_result(place, layout::COUNT, value, |value, at| {
        place.put(at, value)
    });
}

/// Makes a pollable that is ready when what a socket is in the middle of can go on: it can.
pub fn udp_socket_subscribe(call: &Call<'_>, this: u32) -> u32 {
    let (number, _) = get(call, this);
    pollable(call, number, Wait::Nothing)
}

fn pollable(call: &Call<'_>, parent: u32, wait: Wait) -> u32 {
    let object = objects::add(Object::Pollable(wait), Some(parent));
    call.own(Resource::Pollable, object)
}

/// Gives the datagrams that are there, up to so many, without waiting.
pub fn incoming_datagram_stream_receive(call: &Call<'_>, this: u32, max_results: u64, ret: u32) {
    let place = place(call, ret, layout::DATAGRAMS);
    let number = call.borrow(this, Resource::IncomingDatagramStream);
    let stream = objects::datagrams(number);
    let mut received = [None; MAX_DATAGRAMS];
    let mut count = 0;
    let mut failure = None;
    let wanted = max_results.min(MAX_DATAGRAMS as u64) as usize;
    for slot in received.iter_mut().take(wanted) {
        let result = RECEIVED.with(|buffer| {
            io::with_bytes_mut(buffer, |buffer| {
                io::receive_from(stream.file.fd(), &[buffer], 0)
            })
        });
        match result {
            Ok((len, _, Some(from))) => {
                let (address, bytes) = call.allocate(len as u32, 1);
                RECEIVED
                    .with(|buffer| bytes.bytes.copy_from(buffer.get(..len).unwrap_or_default()));
                *slot = Some(((address, len as u32), from));
                count += 1;
            }
            Ok((_, _, None)) => break,
            Err(Errno::AGAIN | Errno::INTR) => break,
            // What was received before must not be lost.
            Err(errno) => {
                failure = (count == 0).then_some(code(errno));
                break;
            }
        }
    }
    let result = match failure {
        Some(code) => Err(code),
        None => Ok(()),
    };
    put_result(place, layout::DATAGRAMS, result, |(), at| {
        let (address, list) =
            call.allocate(count * incoming_datagram::SIZE, incoming_datagram::ALIGN);
        for (((data, len), from), index) in received.iter().flatten().zip(0..count) {
            let element = index * incoming_datagram::SIZE;
            list.put(element + incoming_datagram::DATA, *data);
            list.put(element + incoming_datagram::DATA + 4, *len);
            put_address(&list, element + incoming_datagram::REMOTE_ADDRESS, from);
        }
        place.put(at, address);
        place.put(at + 4, count);
    });
}

/// Makes a pollable that is ready when there is a datagram to receive.
pub fn incoming_datagram_stream_subscribe(call: &Call<'_>, this: u32) -> u32 {
    let number = call.borrow(this, Resource::IncomingDatagramStream);
    let fd = objects::datagrams(number).file.fd().as_raw_fd();
    pollable(call, number, Wait::Readable(fd))
}

/// Says how many datagrams may be sent without waiting.
pub fn outgoing_datagram_stream_check_send(call: &Call<'_>, this: u32, ret: u32) {
    let place = place(call, ret, layout::COUNT);
    let number = call.borrow(this, Resource::OutgoingDatagramStream);
    let mut stream = objects::datagrams(number);
    let fd = stream.file.fd().as_raw_fd();
    let is_ready = super::poll::is_ready(Wait::Writable(fd));
    stream.permitted = if is_ready { MAX_DATAGRAMS as u32 } else { 0 };
    objects::set(number, Object::Datagrams(stream));
    place.put(0, 0u8);
    place.put(layout::COUNT.payload, u64::from(stream.permitted));
}

/// Sends datagrams, as many as were permitted or fewer: how many were sent.
pub fn outgoing_datagram_stream_send(
    call: &Call<'_>,
    this: u32,
    datagrams: u32,
    datagrams_len: u32,
    ret: u32,
) {
    let place = place(call, ret, layout::COUNT);
    let size = outgoing_datagram::SIZE;
    let list = call.list(datagrams, datagrams_len, size, outgoing_datagram::ALIGN);
    let number = call.borrow(this, Resource::OutgoingDatagramStream);
    let mut stream = objects::datagrams(number);
    if datagrams_len > stream.permitted {
        trap::raise(Trap::WriteNotPermitted);
    }
    stream.permitted -= datagrams_len;
    objects::set(number, Object::Datagrams(stream));
    let mut sent = 0u64;
    let mut failure = None;
    for index in 0..datagrams_len {
        let element = index * size;
        let data = list.get(element + outgoing_datagram::DATA);
        let data = call.bytes(data, list.get(element + outgoing_datagram::DATA + 4));
        let remote = element + outgoing_datagram::REMOTE_ADDRESS;
        let remote = match list.get::<u8>(remote) {
            0 => None,
            1 => Some(get_address(&list, remote + 4)),
            _ => trap::raise(Trap::InvalidDiscriminant),
        };
        let result = match (remote, stream.connected) {
            (None, true) => {
                io::send(stream.file.fd(), &[data.io_vec()], net::NO_SIGNAL).map_err(code)
            }
            (None, false) => Err(Code::invalid_argument),
            (Some(remote), connected) => check_remote(stream.family, &remote).and_then(|()| {
                let peer = connected.then(|| net::peer_address(stream.file.fd()));
                match peer {
                    Some(peer) if peer != Ok(remote) => Err(Code::invalid_argument),
                    _ => {
                        let fd = stream.file.fd();
                        io::send_to(fd, &[data.io_vec()], &remote, net::NO_SIGNAL).map_err(code)
                    }
                }
            }),
        };
        match result {
            Ok(_) => sent += 1,
            Err(Code::would_block) => break,
            Err(code) => {
                failure = (sent == 0).then_some(code);
                break;
            }
        }
    }
    let result = match failure {
        Some(code) => Err(code),
        None => Ok(sent),
    };
    put_result(place, layout::COUNT, result, |sent, at| place.put(at, sent));
}

/// Makes a pollable that is ready when a datagram may be sent.
pub fn outgoing_datagram_stream_subscribe(call: &Call<'_>, this: u32) -> u32 {
    let number = call.borrow(this, Resource::OutgoingDatagramStream);
    let fd = objects::datagrams(number).file.fd().as_raw_fd();
    pollable(call, number, Wait::Writable(fd))
}

/// Drops a `udp-socket`.
pub fn drop_udp(object: u32) {
    if let Object::Udp(udp) = objects::remove(object) {
        udp.file.release();
        let _ = SYSTEM.fds.close(udp.number);
    }
}

/// Drops a stream of datagrams.
pub fn drop_datagrams(object: u32) {
    if let Object::Datagrams(datagrams) = objects::remove(object) {
        datagrams.file.release();
    }
}
