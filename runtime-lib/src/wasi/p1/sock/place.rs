//! How WasmEdge's functions pass the addresses of sockets.
//!
//! An [`Address`] says where the bytes lie, and by their number how:
//!
//! ```text
//!   4  an IPv4 address
//!  16  an IPv6 address; written, also an IPv4 address in the first 4 bytes
//! 128  family u16 | the 4 or 16 bytes of the address (second generation)
//! ```
//!
//! The port is passed apart.

use super::layout::{Address, family};
use crate::guest::pointer::{GuestMemory, GuestSlice};
use crate::sys::net::Family;
use crate::wasi::p1::errno::Errno;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Bytes of an address that says its family.
const WITH_FAMILY: usize = 128;

/// Which lengths of addresses a function takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Generation {
    /// 4 and 16.
    One,
    /// 128 as well.
    Two,
}

/// Reads an address.
pub fn read(memory: &GuestMemory<'_>, address: u32, port: u32) -> Result<SocketAddr, Errno> {
    let address = memory.aligned_ptr::<Address>(address)?.read();
    let bytes = memory.slice(address.buf, address.buf_len)?;
    let port = u16::try_from(port).map_err(|_| Errno::INVAL)?;
    let mut v4 = [0; 4];
    let mut v6 = [0; 16];
    let (family, bytes) = match bytes.len() {
        4 => (family::INET4, bytes),
        16 => (family::INET6, bytes),
        WITH_FAMILY => {
            let mut family = [0; 2];
            bytes.copy_to(&mut family);
            let family = u8::try_from(u16::from_le_bytes(family)).unwrap_or(u8::MAX);
            (family, bytes.skip(2))
        }
        _ => return Err(Errno::INVAL),
    };
    let ip = match family {
        family::INET4 => {
            bytes.copy_to(&mut v4);
            IpAddr::V4(Ipv4Addr::from(v4))
        }
        family::INET6 => {
            bytes.copy_to(&mut v6);
            IpAddr::V6(Ipv6Addr::from(v6))
        }
        _ => return Err(Errno::AFNOSUPPORT),
    };
    Ok(SocketAddr::new(ip, port))
}

/// Room for an address.
pub struct Place<'a> {
    bytes: GuestSlice<'a>,
}

impl<'a> Place<'a> {
    /// The room that an [`Address`] describes.
    pub fn new(
        memory: &GuestMemory<'a>,
        address: u32,
        generation: Generation,
    ) -> Result<Place<'a>, Errno> {
        let address = memory.aligned_ptr::<Address>(address)?.read();
        let bytes = memory.slice(address.buf, address.buf_len)?;
        match (bytes.len(), generation) {
            (4 | 16, _) | (WITH_FAMILY, Generation::Two) => Ok(Place { bytes }),
            _ => Err(Errno::INVAL),
        }
    }

    /// Fails when an address of this family has no room.
    pub fn require(&self, family: Family) -> Result<(), Errno> {
        match (family, self.bytes.len()) {
            (Family::Inet6, 4) => Err(Errno::INVAL),
            _ => Ok(()),
        }
    }

    /// Writes an address, or that there is none.
    pub fn write(&self, address: Option<&SocketAddr>) -> Result<(), Errno> {
        let bytes = match self.bytes.len() {
            WITH_FAMILY => {
                let family = u16::from(family_number(address));
                self.bytes.copy_from(&family.to_le_bytes());
                self.bytes.skip(2)
            }
            _ => self.bytes,
        };
        match address {
            None => {}
            Some(SocketAddr::V4(address)) => {
                bytes.copy_from(&address.ip().octets());
            }
            Some(SocketAddr::V6(address)) => {
                self.require(Family::Inet6)?;
                bytes.copy_from(&address.ip().octets());
            }
        }
        Ok(())
    }
}

/// The guest's number for an address's family.
pub fn family_number(address: Option<&SocketAddr>) -> u8 {
    match address {
        None => family::UNSPEC,
        Some(SocketAddr::V4(_)) => family::INET4,
        Some(SocketAddr::V6(_)) => family::INET6,
    }
}
