//! The structures of WasmEdge's functions for sockets.
//!
//! Source: `wasi/api.hpp` of WasmEdge.

use crate::guest::pointer::Plain;

/// Where the bytes of an address lie: see [`super::place`].
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Address {
    pub buf: u32,
    pub buf_len: u32,
}

/// A result of `sock_getaddrinfo`, and its hints. The guest makes the results, a list, and what
/// they point to.
///
/// ```text
/// flags u16 | family u8 | socktype u8 | protocol u8 | 3 bytes of padding
/// addrlen u32 | addr *Sockaddr | canonname *u8 | canonname_len u32 | next *Addrinfo
/// ```
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Addrinfo {
    pub flags: u16,
    pub family: u8,
    pub socktype: u8,
    pub protocol: u8,
    pub padding: [u8; 3],
    pub addrlen: u32,
    pub addr: u32,
    pub canonname: u32,
    pub canonname_len: u32,
    pub next: u32,
}

/// A socket address in the form of C: `data` holds what follows the family there.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Sockaddr {
    pub family: u8,
    pub padding: [u8; 3],
    pub data_len: u32,
    pub data: u32,
}

/// The kernel's and the guest's `struct linger`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub struct Linger {
    pub on: u32,
    pub seconds: u32,
}

const _: () = assert!(size_of::<Address>() == 8);
const _: () = assert!(size_of::<Addrinfo>() == 28);
const _: () = assert!(size_of::<Sockaddr>() == 12);
const _: () = assert!(size_of::<Linger>() == 8);
// SAFETY: integers only, and the padding is among them.
unsafe impl Plain for Address {}
// SAFETY: as above.
unsafe impl Plain for Addrinfo {}
// SAFETY: as above.
unsafe impl Plain for Sockaddr {}

/// Families, as the guest numbers them.
pub mod family {
    pub const UNSPEC: u8 = 0;
    pub const INET4: u8 = 1;
    pub const INET6: u8 = 2;
    pub const UNIX: u8 = 3;
}

/// Kinds of sockets, as the guest numbers them.
pub mod socktype {
    pub const ANY: u8 = 0;
    pub const DGRAM: u8 = 1;
    pub const STREAM: u8 = 2;
}

/// Protocols, as the guest numbers them.
pub mod protocol {
    pub const IP: u8 = 0;
    pub const TCP: u8 = 1;
    pub const UDP: u8 = 2;
}
