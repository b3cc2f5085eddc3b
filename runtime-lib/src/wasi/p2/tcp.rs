//! `wasi:sockets/tcp`: streams of bytes between machines.
//!
//! What the interface does in two steps, start and finish, the system does in the first, or goes on
//! with: sockets never make one wait.

use super::network::{
    self as network, buffer_size, check_address, check_network, check_remote, code, family,
    family_number, get_option, hops, option, place, put_address, put_result, put_unit, require_net,
    set_buffer_size, set_option,
};
use super::objects::{self, Object};
use super::poll;
use super::resources::{File, Input, Output, Position, Tcp, TcpState as State, Wait};
use crate::guest::call::Call;
use crate::guest::trap;
use crate::host::descriptors::{Access, Kind};
use crate::host::system::SYSTEM;
use crate::sys::net::{self, Blocking, Family, Transport};
use rustix::fd::{AsRawFd, OwnedFd};
use rustix::io::Errno;
use wasmc_abi::p2::Resource;
use wasmc_abi::p2_layout as layout;
use wasmc_abi::p2_layout::network_error::Code;
use wasmc_abi::traps::Trap;

/// Connections that wait, unless the guest says otherwise.
const BACKLOG: u32 = 128;
/// Nanoseconds of a second.
const SECOND: u64 = 1_000_000_000;
/// Most seconds, and most probes, that the system takes for keeping a connection alive.
const MAX_SECONDS: u64 = 32_767;
const MAX_PROBES: u32 = 127;

fn get(call: &Call<'_>, this: u32) -> (u32, Tcp) {
    let number = call.borrow(this, Resource::TcpSocket);
    (number, objects::tcp(number))
}

/// Gives a socket a number and a reference.
pub fn insert(socket: OwnedFd) -> Result<(File, u32), Code> {
    let table = &SYSTEM.fds;
    let access = Access::plain(Kind::Socket, false);
    let number = table.insert(socket, access);
    let number = number.map_err(|_| Code::new_socket_limit)?;
    Ok((File::of(number).map_err(code)?, number))
}

/// Makes a socket.
pub fn create_tcp_socket(call: &Call<'_>, address_family: u32, ret: u32) {
    let place = place(call, ret, layout::WORD);
    let family = family(address_family);
    let made = require_net().and_then(|()| {
        let socket = net::open(family, Transport::Stream, Blocking::No).map_err(code)?;
        let (file, number) = insert(socket)?;
        if family == Family::Inet6 {
            set_option(&file, option::ONLY_V6, 1)?;
        }
        let tcp = Tcp {
            file,
            number,
            family,
            state: State::Unbound,
            backlog: BACKLOG,
        };
        let object = objects::add(Object::Tcp(tcp), None);
        Ok(call.own(Resource::TcpSocket, object))
    });
    put_result(place, layout::WORD, made, |handle, at| {
        place.put(at, handle)
    });
}

/// Begins to give a socket its own address.
#[expect(clippy::too_many_arguments, reason = "the specification has as many")]
pub fn tcp_socket_start_bind(
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
    let (number, mut tcp) = get(call, this);
    put_unit(call, ret, || {
        if tcp.state != State::Unbound {
            return Err(Code::invalid_state);
        }
        check_address(tcp.family, &address)?;
        if address.ip().is_multicast() {
            return Err(Code::invalid_argument);
        }
        set_option(&tcp.file, option::REUSE_ADDRESS, 1)?;
        net::bind(tcp.file.fd(), &address).map_err(code)?;
        tcp.state = State::Binding;
        objects::set(number, Object::Tcp(tcp));
        Ok(())
    });
}

/// Finishes giving a socket its own address.
pub fn tcp_socket_finish_bind(call: &Call<'_>, this: u32, ret: u32) {
    step(call, this, ret, State::Binding, State::Bound);
}

fn step(call: &Call<'_>, this: u32, ret: u32, from: State, to: State) {
    let (number, mut tcp) = get(call, this);
    put_unit(call, ret, || {
        if tcp.state != from {
            return Err(Code::not_in_progress);
        }
        tcp.state = to;
        objects::set(number, Object::Tcp(tcp));
        Ok(())
    });
}

/// Begins to connect.
#[expect(clippy::too_many_arguments, reason = "the specification has as many")]
pub fn tcp_socket_start_connect(
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
    let (number, mut tcp) = get(call, this);
    put_unit(call, ret, || {
        if !matches!(tcp.state, State::Unbound | State::Bound) {
            return Err(Code::invalid_state);
        }
        check_remote(tcp.family, &address)?;
        let connected = net::connect(tcp.file.fd(), &address);
        tcp.state = match connected {
            Ok(()) | Err(Errno::INPROGRESS) => State::Connecting,
            Err(_) => State::Closed,
        };
        objects::set(number, Object::Tcp(tcp));
        match connected {
            Err(Errno::INPROGRESS) => Ok(()),
            connected => connected.map_err(code),
        }
    });
}

/// Finishes connecting: streams to read from and to write to.
pub fn tcp_socket_finish_connect(call: &Call<'_>, this: u32, ret: u32) {
    let place = place(call, ret, layout::HANDLES);
    let (number, mut tcp) = get(call, this);
    let connected = match tcp.state {
        State::Connecting if !poll::is_ready(Wait::Writable(tcp.file.fd().as_raw_fd())) => {
            Err(Code::would_block)
        }
        State::Connecting => {
            let error = get_option(&tcp.file, option::ERROR).and_then(|error| match error {
                0 => Ok(()),
                error => Err(code(Errno::from_raw_os_error(error as i32))),
            });
            tcp.state = match error {
                Ok(()) => State::Connected,
                Err(_) => State::Closed,
            };
            objects::set(number, Object::Tcp(tcp));
            error.and_then(|()| streams(call, tcp.number))
        }
        _ => Err(Code::not_in_progress),
    };
    put_result(place, layout::HANDLES, connected, |(input, output), at| {
        place.put(at, input);
        place.put(at + 4, output);
    });
}

/// The streams of a connection.
fn streams(call: &Call<'_>, number: u32) -> Result<(u32, u32), Code> {
    let input = Input::File {
        file: File::of(number).map_err(code)?,
        position: Position::None,
    };
    let output = Output::file(File::of(number).map_err(code)?, Position::None);
    let input = objects::add(Object::Input(input), None);
    let output = objects::add(Object::Output(output), None);
    Ok((
        call.own(Resource::InputStream, input),
        call.own(Resource::OutputStream, output),
    ))
}

/// Begins to listen.
pub fn tcp_socket_start_listen(call: &Call<'_>, this: u32, ret: u32) {
    let (number, mut tcp) = get(call, this);
    put_unit(call, ret, || {
        if tcp.state != State::Bound {
            return Err(Code::invalid_state);
        }
        net::accept_up_to(tcp.file.fd(), tcp.backlog as i32).map_err(code)?;
        tcp.state = State::StartingToListen;
        objects::set(number, Object::Tcp(tcp));
        Ok(())
    });
}

/// Finishes beginning to listen.
pub fn tcp_socket_finish_listen(call: &Call<'_>, this: u32, ret: u32) {
    step(call, this, ret, State::StartingToListen, State::Listening);
}

/// Accepts a connection: its socket, and streams to read from and to write to.
pub fn tcp_socket_accept(call: &Call<'_>, this: u32, ret: u32) {
    let place = place(call, ret, layout::ACCEPTED);
    let (_, tcp) = get(call, this);
    let accepted = match tcp.state {
        State::Listening => net::accept(tcp.file.fd(), true).map_err(code),
        _ => Err(Code::invalid_state),
    };
    let accepted = accepted.and_then(|socket| {
        let (file, number) = insert(socket)?;
        let (input, output) = streams(call, number)?;
        let accepted = Tcp {
            file,
            number,
            family: tcp.family,
            state: State::Connected,
            backlog: BACKLOG,
        };
        let object = objects::add(Object::Tcp(accepted), None);
        Ok((call.own(Resource::TcpSocket, object), input, output))
    });
    put_result(
        place,
        layout::ACCEPTED,
        accepted,
        |(socket, input, output), at| {
            place.put(at, socket);
            place.put(at + 4, input);
            place.put(at + 8, output);
        },
    );
}

/// Gives a socket's own address.
pub fn tcp_socket_local_address(call: &Call<'_>, this: u32, ret: u32) {
    let place = place(call, ret, layout::ADDRESS);
    let (_, tcp) = get(call, this);
    let address = match tcp.state {
        State::Unbound | State::Binding | State::Closed => Err(Code::invalid_state),
        _ => net::local_address(tcp.file.fd()).map_err(code),
    };
    put_result(place, layout::ADDRESS, address, |address, at| {
        put_address(&place, at, &address);
    });
}

/// Gives the address that a socket is connected to.
pub fn tcp_socket_remote_address(call: &Call<'_>, this: u32, ret: u32) {
    let place = place(call, ret, layout::ADDRESS);
    let (_, tcp) = get(call, this);
    let address = match tcp.state {
        State::Connected => net::peer_address(tcp.file.fd()).map_err(code),
        _ => Err(Code::invalid_state),
    };
    put_result(place, layout::ADDRESS, address, |address, at| {
        put_address(&place, at, &address);
    });
}

/// Says whether a socket listens.
pub fn tcp_socket_is_listening(call: &Call<'_>, this: u32) -> u32 {
    u32::from(get(call, this).1.state == State::Listening)
}

/// Gives the family of a socket's addresses.
pub fn tcp_socket_address_family(call: &Call<'_>, this: u32) -> u32 {
    family_number(get(call, this).1.family)
}

/// Sets how many connections may wait until they are accepted.
pub fn tcp_socket_set_listen_backlog_size(call: &Call<'_>, this: u32, value: u64, ret: u32) {
    let (number, mut tcp) = get(call, this);
    put_unit(call, ret, || {
        if value == 0 {
            return Err(Code::invalid_argument);
        }
        tcp.backlog = value.min(i32::MAX as u64) as u32;
        match tcp.state {
            State::Unbound | State::Bound => {}
            State::Listening => {
                net::accept_up_to(tcp.file.fd(), tcp.backlog as i32).map_err(code)?;
            }
            _ => return Err(Code::invalid_state),
        }
        objects::set(number, Object::Tcp(tcp));
        Ok(())
    });
}

/// Says whether the system looks whether a silent peer is still there.
pub fn tcp_socket_keep_alive_enabled(call: &Call<'_>, this: u32, ret: u32) {
    let place = place(call, ret, layout::BYTE);
    let value = get_option(&get(call, this).1.file, option::KEEP_ALIVE);
    put_result(place, layout::BYTE, value, |value, at| {
        place.put(at, u8::from(value != 0));
    });
}

/// Sets whether the system looks whether a silent peer is still there.
pub fn tcp_socket_set_keep_alive_enabled(call: &Call<'_>, this: u32, value: u32, ret: u32) {
    let (_, tcp) = get(call, this);
    put_unit(call, ret, || {
        set_option(&tcp.file, option::KEEP_ALIVE, u32::from(value != 0))
    });
}

/// Gives for how many nanoseconds a peer may be silent.
pub fn tcp_socket_keep_alive_idle_time(call: &Call<'_>, this: u32, ret: u32) {
    get_seconds(call, this, option::KEEP_IDLE, ret);
}

/// Sets for how many nanoseconds a peer may be silent.
pub fn tcp_socket_set_keep_alive_idle_time(call: &Call<'_>, this: u32, value: u64, ret: u32) {
    set_seconds(call, this, option::KEEP_IDLE, value, ret);
}

/// Gives the nanoseconds between two looks at a silent peer.
pub fn tcp_socket_keep_alive_interval(call: &Call<'_>, this: u32, ret: u32) {
    get_seconds(call, this, option::KEEP_INTERVAL, ret);
}

/// Sets the nanoseconds between two looks at a silent peer.
pub fn tcp_socket_set_keep_alive_interval(call: &Call<'_>, this: u32, value: u64, ret: u32) {
    set_seconds(call, this, option::KEEP_INTERVAL, value, ret);
}

fn get_seconds(call: &Call<'_>, this: u32, option: (u32, u32), ret: u32) {
    let place = place(call, ret, layout::COUNT);
    let value = get_option(&get(call, this).1.file, option);
    put_result(place, layout::COUNT, value, |value, at| {
        place.put(at, u64::from(value) * SECOND);
    });
}

fn set_seconds(call: &Call<'_>, this: u32, option: (u32, u32), value: u64, ret: u32) {
    let (_, tcp) = get(call, this);
    put_unit(call, ret, || {
        if value == 0 {
            return Err(Code::invalid_argument);
        }
        // The system counts whole seconds.
        let seconds = value.div_ceil(SECOND).clamp(1, MAX_SECONDS);
        set_option(&tcp.file, option, seconds as u32)
    });
}

/// Gives how often the system looks at a silent peer before it gives up.
pub fn tcp_socket_keep_alive_count(call: &Call<'_>, this: u32, ret: u32) {
    let place = place(call, ret, layout::WORD);
    let value = get_option(&get(call, this).1.file, option::KEEP_COUNT);
    put_result(place, layout::WORD, value, |value, at| place.put(at, value));
}

/// Sets how often the system looks at a silent peer before it gives up.
pub fn tcp_socket_set_keep_alive_count(call: &Call<'_>, this: u32, value: u32, ret: u32) {
    let (_, tcp) = get(call, this);
    put_unit(call, ret, || match value {
        0 => Err(Code::invalid_argument),
        value => set_option(&tcp.file, option::KEEP_COUNT, value.min(MAX_PROBES)),
    });
}

/// Gives how many routers a packet may pass.
pub fn tcp_socket_hop_limit(call: &Call<'_>, this: u32, ret: u32) {
    let place = place(call, ret, layout::BYTE);
    let (_, tcp) = get(call, this);
    let value = get_option(&tcp.file, hops(tcp.family));
    put_result(place, layout::BYTE, value, |value, at| {
        place.put(at, value as u8)
    });
}

/// Sets how many routers a packet may pass.
pub fn tcp_socket_set_hop_limit(call: &Call<'_>, this: u32, value: u32, ret: u32) {
    let (_, tcp) = get(call, this);
    put_unit(call, ret, || match value & 0xff {
        0 => Err(Code::invalid_argument),
        value => set_option(&tcp.file, hops(tcp.family), value),
    });
}

/// Gives the size of the buffer of what was received.
pub fn tcp_socket_receive_buffer_size(call: &Call<'_>, this: u32, ret: u32) {
    get_buffer(call, this, option::RECEIVE_BUFFER, ret);
}

/// Sets the size of the buffer of what was received.
pub fn tcp_socket_set_receive_buffer_size(call: &Call<'_>, this: u32, value: u64, ret: u32) {
    let (_, tcp) = get(call, this);
    put_unit(call, ret, || {
        set_buffer_size(&tcp.file, option::RECEIVE_BUFFER, value)
    });
}

/// Gives the size of the buffer of what is to be sent.
pub fn tcp_socket_send_buffer_size(call: &Call<'_>, this: u32, ret: u32) {
    get_buffer(call, this, option::SEND_BUFFER, ret);
}

/// Sets the size of the buffer of what is to be sent.
pub fn tcp_socket_set_send_buffer_size(call: &Call<'_>, this: u32, value: u64, ret: u32) {
    let (_, tcp) = get(call, this);
    put_unit(call, ret, || {
        set_buffer_size(&tcp.file, option::SEND_BUFFER, value)
    });
}

fn get_buffer(call: &Call<'_>, this: u32, option: (u32, u32), ret: u32) {
    let place = place(call, ret, layout::COUNT);
    let value = buffer_size(&get(call, this).1.file, option);
    put_result(place, layout::COUNT, value, |value, at| {
        place.put(at, value)
    });
}

/// Makes a pollable that is ready when what a socket is in the middle of can go on.
pub fn tcp_socket_subscribe(call: &Call<'_>, this: u32) -> u32 {
    let (number, tcp) = get(call, this);
    let fd = tcp.file.fd().as_raw_fd();
    let wait = match tcp.state {
        State::Connecting => Wait::Writable(fd),
        State::Listening => Wait::Readable(fd),
        _ => Wait::Nothing,
    };
    let object = objects::add(Object::Pollable(wait), Some(number));
    call.own(Resource::Pollable, object)
}

/// Ends receiving, sending or both.
pub fn tcp_socket_shutdown(call: &Call<'_>, this: u32, shutdown_type: u32, ret: u32) {
    let (receiving, sending) = match shutdown_type {
        0 => (true, false),
        1 => (false, true),
        2 => (true, true),
        _ => trap::raise(Trap::InvalidDiscriminant),
    };
    let (_, tcp) = get(call, this);
    put_unit(call, ret, || match tcp.state {
        State::Connected => net::shutdown(tcp.file.fd(), receiving, sending).map_err(code),
        _ => Err(Code::invalid_state),
    });
}

/// Drops a `tcp-socket`. A connection ends with the last of its socket and its streams.
pub fn drop_tcp(object: u32) {
    if let Object::Tcp(tcp) = objects::remove(object) {
        tcp.file.release();
        let _ = SYSTEM.fds.close(tcp.number);
    }
}
