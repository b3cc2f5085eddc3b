//! `wasi:sockets`, what streams and datagrams have in common: addresses, error codes, options,
//! names.

use super::objects::{self, Object};
use super::resources::{File, Names, Wait};
use crate::guest::call::{Call, Place};
use crate::guest::trap;
use crate::host::error::{Error, LookupError};
use crate::host::lookup::hosts::{Addresses, MAX_ADDRESSES};
use crate::host::lookup::{self, Families};
use crate::host::system::SYSTEM;
use crate::sys::lock::Lock;
use crate::sys::net::{self, Family};
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use rustix::io::Errno;
use wasmc_abi::p2::Resource;
use wasmc_abi::p2_layout::network_error::Code;
use wasmc_abi::p2_layout::{self as layout, Layout, ipv4_address, ipv6_address};
use wasmc_abi::traps::Trap;

/// Options of sockets: level, number, and whether that is what `getsockopt` and `setsockopt` take.
pub mod option {
    /// `SOL_SOCKET`
    pub const ERROR: (u32, u32) = (1, 4);
    pub const REUSE_ADDRESS: (u32, u32) = (1, 2);
    pub const SEND_BUFFER: (u32, u32) = (1, 7);
    pub const RECEIVE_BUFFER: (u32, u32) = (1, 8);
    pub const KEEP_ALIVE: (u32, u32) = (1, 9);
    /// `IPPROTO_TCP`
    pub const KEEP_IDLE: (u32, u32) = (6, 4);
    pub const KEEP_INTERVAL: (u32, u32) = (6, 5);
    pub const KEEP_COUNT: (u32, u32) = (6, 6);
    /// `IPPROTO_IP`
    pub const TTL: (u32, u32) = (0, 2);
    /// `IPPROTO_IPV6`
    pub const HOPS: (u32, u32) = (41, 16);
    pub const ONLY_V6: (u32, u32) = (41, 26);
}

/// The value of an option that is a number.
pub fn get_option(file: &File, (level, name): (u32, u32)) -> Result<u32, Code> {
    let mut value = [0; 4];
    net::option_of(file.fd(), level, name, &mut value).map_err(code)?;
    Ok(u32::from_le_bytes(value))
}

/// Sets an option that is a number.
pub fn set_option(file: &File, (level, name): (u32, u32), value: u32) -> Result<(), Code> {
    net::set_option_of(file.fd(), level, name, &value.to_le_bytes()).map_err(code)
}

/// The option that limits how many routers a packet passes.
pub fn hops(family: Family) -> (u32, u32) {
    match family {
        Family::Inet4 => option::TTL,
        Family::Inet6 => option::HOPS,
    }
}

/// The size of a buffer, which Linux doubles for what it needs itself.
pub fn buffer_size(file: &File, option: (u32, u32)) -> Result<u64, Code> {
    Ok(u64::from(get_option(file, option)? / 2))
}

/// Sets the size of a buffer; the system takes as much as it likes.
pub fn set_buffer_size(file: &File, option: (u32, u32), size: u64) -> Result<(), Code> {
    if size == 0 {
        return Err(Code::invalid_argument);
    }
    set_option(file, option, size.min(i32::MAX as u64 / 2) as u32)
}

/// Writes a `result<T, error-code>`: `write` writes the value at the offset that it gets.
pub fn put_result<T>(
    place: Place<'_>,
    layout: Layout,
    result: Result<T, Code>,
    write: impl FnOnce(T, u32),
) {
    match result {
        Ok(value) => {
            place.put(0, 0u8);
            write(value, layout.payload);
        }
        Err(code) => {
            place.put(0, 1u8);
            place.put(layout.payload, code as u8);
        }
    }
}

/// Where the result of a call goes.
pub fn place<'a>(call: &Call<'a>, ret: u32, layout: Layout) -> Place<'a> {
    call.place(ret, layout.size, layout.align)
}

/// Writes a `result<_, error-code>`.
pub fn put_unit(call: &Call<'_>, ret: u32, result: impl FnOnce() -> Result<(), Code>) {
    let place = place(call, ret, layout::UNIT);
    put_result(place, layout::UNIT, result(), |(), _| {});
}

/// The error code for a number of Linux.
pub fn code(errno: Errno) -> Code {
    match errno {
        Errno::ACCESS | Errno::PERM => Code::access_denied,
        Errno::OPNOTSUPP | Errno::PROTONOSUPPORT | Errno::AFNOSUPPORT | Errno::NOPROTOOPT => {
            Code::not_supported
        }
        Errno::INVAL => Code::invalid_argument,
        Errno::NOMEM | Errno::NOBUFS => Code::out_of_memory,
        Errno::TIMEDOUT => Code::timeout,
        Errno::ALREADY => Code::concurrency_conflict,
        Errno::AGAIN => Code::would_block,
        Errno::ISCONN | Errno::NOTCONN | Errno::DESTADDRREQ => Code::invalid_state,
        Errno::MFILE | Errno::NFILE => Code::new_socket_limit,
        Errno::ADDRNOTAVAIL => Code::address_not_bindable,
        Errno::ADDRINUSE => Code::address_in_use,
        Errno::HOSTUNREACH | Errno::HOSTDOWN | Errno::NETUNREACH | Errno::NETDOWN => {
            Code::remote_unreachable
        }
        Errno::CONNREFUSED => Code::connection_refused,
        Errno::CONNRESET | Errno::PIPE => Code::connection_reset,
        Errno::CONNABORTED => Code::connection_aborted,
        Errno::MSGSIZE => Code::datagram_too_large,
        _ => Code::unknown,
    }
}

/// Gives the network: the one that `--net` grants, or that nothing can be done with.
pub fn instance_network(call: &Call<'_>) -> u32 {
    call.own(Resource::Network, objects::add(Object::Network, None))
}

/// Gives the error code that an error of a stream on a socket stands for.
pub fn network_error_code(call: &Call<'_>, err: u32, ret: u32) {
    let number = objects::error(call.borrow(err, Resource::Error));
    let place = place(call, ret, layout::OPTION_CODE);
    place.put(0, 1u8);
    let code = code(Errno::from_raw_os_error(number));
    place.put(layout::OPTION_CODE.payload, code as u8);
}

/// Makes sure that a handle is one of a network.
pub fn check_network(call: &Call<'_>, network: u32) {
    call.borrow(network, Resource::Network);
}

/// Fails unless the guest may open sockets.
pub fn require_net() -> Result<(), Code> {
    SYSTEM.require_net().map_err(|_| Code::access_denied)
}

/// The `ip-address-family` with this number.
pub fn family(number: u32) -> Family {
    match number {
        0 => Family::Inet4,
        1 => Family::Inet6,
        _ => trap::raise(Trap::InvalidDiscriminant),
    }
}

/// The number of an `ip-address-family`.
pub fn family_number(family: Family) -> u32 {
    match family {
        Family::Inet4 => 0,
        Family::Inet6 => 1,
    }
}

/// An `ip-socket-address` in parameters: its case and what the longest case has.
pub fn address(case: u32, parts: [u32; 11]) -> SocketAddr {
    match case {
        0 => {
            let [port, a, b, c, d, ..] = parts;
            let ip = Ipv4Addr::from([a, b, c, d].map(|byte| byte as u8));
            SocketAddr::V4(SocketAddrV4::new(ip, port as u16))
        }
        1 => {
            let [port, flow, a, b, c, d, e, f, g, h, scope] = parts;
            let ip = Ipv6Addr::from([a, b, c, d, e, f, g, h].map(|segment| segment as u16));
            SocketAddr::V6(SocketAddrV6::new(ip, port as u16, flow, scope))
        }
        _ => trap::raise(Trap::InvalidDiscriminant),
    }
}

/// Offset of what the cases of an `ip-socket-address` carry.
const ADDRESS_PAYLOAD: u32 = 4;

/// An `ip-socket-address` in memory.
pub fn get_address(place: &Place<'_>, at: u32) -> SocketAddr {
    let payload = at + ADDRESS_PAYLOAD;
    match place.get::<u8>(at) {
        0 => {
            let port = place.get(payload + ipv4_address::PORT);
            let byte = |index| place.get::<u8>(payload + ipv4_address::ADDRESS + index);
            let ip = Ipv4Addr::from([0, 1, 2, 3].map(byte));
            SocketAddr::V4(SocketAddrV4::new(ip, port))
        }
        1 => {
            let segment =
                |index: u32| place.get::<u16>(payload + ipv6_address::ADDRESS + 2 * index);
            let ip = Ipv6Addr::from([0, 1, 2, 3, 4, 5, 6, 7].map(segment));
            SocketAddr::V6(SocketAddrV6::new(
                ip,
                place.get(payload + ipv6_address::PORT),
                place.get(payload + ipv6_address::FLOW_INFO),
                place.get(payload + ipv6_address::SCOPE_ID),
            ))
        }
        _ => trap::raise(Trap::InvalidDiscriminant),
    }
}

/// Writes an `ip-socket-address`.
pub fn put_address(place: &Place<'_>, at: u32, address: &SocketAddr) {
    let payload = at + ADDRESS_PAYLOAD;
    match address {
        SocketAddr::V4(address) => {
            place.put(at, 0u8);
            place.put(payload + ipv4_address::PORT, address.port());
            for (byte, index) in address.ip().octets().into_iter().zip(0..) {
                place.put(payload + ipv4_address::ADDRESS + index, byte);
            }
        }
        SocketAddr::V6(address) => {
            place.put(at, 1u8);
            place.put(payload + ipv6_address::PORT, address.port());
            place.put(payload + ipv6_address::FLOW_INFO, address.flowinfo());
            for (segment, index) in address.ip().segments().into_iter().zip(0..) {
                place.put(payload + ipv6_address::ADDRESS + 2 * index, segment);
            }
            place.put(payload + ipv6_address::SCOPE_ID, address.scope_id());
        }
    }
}

/// Fails unless a socket of this family can have to do with an address: the families are the same,
/// and it is not an IPv4 address in the clothes of IPv6.
pub fn check_address(family: Family, address: &SocketAddr) -> Result<(), Code> {
    let mapped = matches!(address, SocketAddr::V6(v6) if v6.ip().to_ipv4_mapped().is_some());
    match Family::of(address) == family && !mapped {
        true => Ok(()),
        false => Err(Code::invalid_argument),
    }
}

/// Fails unless an address can be connected to.
pub fn check_remote(family: Family, address: &SocketAddr) -> Result<(), Code> {
    check_address(family, address)?;
    match address.ip().is_unspecified() || address.port() == 0 {
        true => Err(Code::invalid_argument),
        false => Ok(()),
    }
}

/// Names that are being looked up at a time.
const LOOKUPS: usize = 32;

/// What was found for the names that are being looked up. All zeros is none.
struct Lookup {
    used: bool,
    found: [Found; MAX_ADDRESSES],
}

/// An address, or none.
#[derive(Clone, Copy)]
struct Found {
    /// How many of the bytes are the address: 4, 16, or 0 for none.
    len: u8,
    bytes: [u8; 16],
}

impl Found {
    const NONE: Found = Found {
        len: 0,
        bytes: [0; 16],
    };

    fn new(address: IpAddr) -> Found {
        match address {
            IpAddr::V4(ip) => {
                let mut bytes = [0; 16];
                bytes[..4].copy_from_slice(&ip.octets());
                Found { len: 4, bytes }
            }
            IpAddr::V6(ip) => Found {
                len: 16,
                bytes: ip.octets(),
            },
        }
    }

    fn get(self) -> Option<IpAddr> {
        let [a, b, c, d, ..] = self.bytes;
        match self.len {
            4 => Some(IpAddr::V4(Ipv4Addr::from([a, b, c, d]))),
            16 => Some(IpAddr::V6(Ipv6Addr::from(self.bytes))),
            _ => None,
        }
    }
}

static LOOKUP: Lock<[Lookup; LOOKUPS]> = Lock::new(
    [const {
        Lookup {
            used: false,
            found: [Found::NONE; MAX_ADDRESSES],
        }
    }; LOOKUPS],
);

/// Looks a name up: the call returns when it is done.
pub fn resolve_addresses(call: &Call<'_>, network: u32, name: u32, name_len: u32, ret: u32) {
    let place = place(call, ret, layout::WORD);
    check_network(call, network);
    let mut text = [0; 256];
    let name = call.lift_string(name, name_len, &mut text);
    let looked_up = look_up(name).map(|slot| {
        let object = objects::add(Object::Names(Names { slot, given: 0 }), None);
        call.own(Resource::ResolveAddressStream, object)
    });
    put_result(place, layout::WORD, looked_up, |handle, at| {
        place.put(at, handle);
    });
}

// Holds what servers answer: not to be part of its caller.
#[inline(never)]
fn look_up(name: Option<&mut [u8]>) -> Result<usize, Code> {
    let name = name.ok_or(Code::invalid_argument)?;
    require_net()?;
    if name.is_empty() || name.contains(&0) {
        return Err(Code::invalid_argument);
    }
    let mut addresses = Addresses::new();
    let both = Families { v4: true, v6: true };
    lookup::addresses(name, both, false, &mut addresses).map_err(|error| match error {
        Error::Lookup(LookupError::NoName | LookupError::NoAddress) => Code::name_unresolvable,
        Error::Lookup(LookupError::NoAnswer) => Code::temporary_resolver_failure,
        _ => Code::permanent_resolver_failure,
    })?;
    LOOKUP.with(|lookups| {
        let free = lookups.iter().position(|lookup| !lookup.used);
        let slot = free.ok_or(Code::out_of_memory)?;
        if let Some(lookup) = lookups.get_mut(slot) {
            lookup.used = true;
            lookup.found = [Found::NONE; MAX_ADDRESSES];
            for (place, address) in lookup.found.iter_mut().zip(addresses.iter()) {
                *place = Found::new(address);
            }
        }
        Ok(slot)
    })
}

/// Gives the next address of a name; none at the end.
pub fn resolve_address_stream_resolve_next_address(call: &Call<'_>, this: u32, ret: u32) {
    let place = place(call, ret, layout::OPTION_IP);
    let number = call.borrow(this, Resource::ResolveAddressStream);
    let mut names = objects::names(number);
    let address = LOOKUP.with(|lookups| {
        let found = lookups.get(names.slot)?.found.get(names.given)?;
        found.get()
    });
    names.given += usize::from(address.is_some());
    objects::set(number, Object::Names(names));
    place.put(0, 0u8);
    let at = layout::OPTION_IP.payload;
    place.put(at, u8::from(address.is_some()));
    let (case, payload) = (at + 2, at + 4);
    match address {
        None => {}
        Some(IpAddr::V4(ip)) => {
            place.put(case, 0u8);
            for (byte, index) in ip.octets().into_iter().zip(0..) {
                place.put(payload + index, byte);
            }
        }
        Some(IpAddr::V6(ip)) => {
            place.put(case, 1u8);
            for (segment, index) in ip.segments().into_iter().zip(0..) {
                place.put(payload + 2 * index, segment);
            }
        }
    }
}

/// Makes a pollable that is ready when the next address is there: it is.
pub fn resolve_address_stream_subscribe(call: &Call<'_>, this: u32) -> u32 {
    let number = call.borrow(this, Resource::ResolveAddressStream);
    let object = objects::add(Object::Pollable(Wait::Nothing), Some(number));
    call.own(Resource::Pollable, object)
}

/// Drops a `resolve-address-stream`.
pub fn drop_names(object: u32) {
    if let Object::Names(names) = objects::remove(object) {
        LOOKUP.with(|lookups| {
            if let Some(lookup) = lookups.get_mut(names.slot) {
                lookup.used = false;
            }
        });
    }
}
