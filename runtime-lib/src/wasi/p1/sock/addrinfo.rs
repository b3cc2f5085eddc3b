//! From names to addresses: `sock_getaddrinfo`, over [`crate::host::lookup`].

use super::layout::{Addrinfo, Sockaddr, family, protocol, socktype};
use crate::guest::pointer::GuestMemory;
use crate::host::address::parse_port;
use crate::host::lookup::hosts::Addresses;
use crate::host::lookup::{self, Families};
use crate::host::system::System;
use crate::wasi::p1::errno::Errno;
use core::net::IpAddr;

/// Flags of the hints.
mod flag {
    pub const PASSIVE: u16 = 1 << 0;
    pub const CANONNAME: u16 = 1 << 1;
    pub const NUMERICHOST: u16 = 1 << 2;
    pub const NUMERICSERV: u16 = 1 << 3;
    pub const V4MAPPED: u16 = 1 << 4;
    pub const ALL: u16 = 1 << 5;
    /// Addresses of families that the machine does not use are given all the same.
    pub const ADDRCONFIG: u16 = 1 << 6;
    pub const EVERY: u16 =
        PASSIVE | CANONNAME | NUMERICHOST | NUMERICSERV | V4MAPPED | ALL | ADDRCONFIG;
}

/// Most bytes of a name and of a service.
const MAX_TEXT: usize = 256;
/// Bytes of a C socket address, and of its part behind the family.
const SOCKADDR_IN: (u32, usize) = (16, 14);
const SOCKADDR_IN6: (u32, usize) = (28, 26);

/// The port of a service by its name: those that programs ask for. No table, which would have to be
/// relocated at start.
fn service_port(name: &[u8]) -> Option<u16> {
    Some(match name {
        b"amqp" => 5672,
        b"domain" => 53,
        b"ftp" => 21,
        b"http" => 80,
        b"http-alt" => 8080,
        b"https" => 443,
        b"imap" => 143,
        b"imaps" => 993,
        b"kafka" => 9092,
        b"ldap" => 389,
        b"ldaps" => 636,
        b"mqtt" => 1883,
        b"mysql" => 3306,
        b"ntp" => 123,
        b"pop3" => 110,
        b"pop3s" => 995,
        b"postgresql" => 5432,
        b"redis" => 6379,
        b"smtp" => 25,
        b"ssh" => 22,
        b"submission" => 587,
        b"telnet" => 23,
        _ => return None,
    })
}

/// Looks up the addresses of a node and the port of a service, and writes them into the list of
/// results, of which `res` points to the first: at most `max_res`.
#[expect(clippy::too_many_arguments, reason = "the function has as many")]
pub fn sock_getaddrinfo(
    system: &System,
    memory: &GuestMemory<'_>,
    node: u32,
    node_len: u32,
    service: u32,
    service_len: u32,
    hints: u32,
    res: u32,
    max_res: u32,
    res_len: u32,
) -> Result<(), Errno> {
    system.require_net()?;
    let (mut node_text, mut service_text) = ([0; MAX_TEXT], [0; MAX_TEXT]);
    let node = read_text(memory, node, node_len, &mut node_text, Errno::AINONAME)?;
    let service = read_text(
        memory,
        service,
        service_len,
        &mut service_text,
        Errno::AISERVICE,
    )?;
    let hints = memory.aligned_ptr::<Addrinfo>(hints)?.read();
    let res = memory.aligned_ptr::<u32>(res)?;
    let res_len = memory.aligned_ptr::<u32>(res_len)?;
    if node.is_empty() && service.is_empty() {
        return Err(Errno::AINONAME);
    }
    if max_res == 0 {
        return Err(Errno::AIMEMORY);
    }
    if hints.flags & !flag::EVERY != 0 || hints.flags & flag::CANONNAME != 0 && node.is_empty() {
        return Err(Errno::AIBADFLAG);
    }
    let kinds = kinds(&hints)?;
    let port = port(service, hints.flags & flag::NUMERICSERV != 0)?;
    let mut addresses = Addresses::new();
    look_up(node, hints.family, hints.flags, &mut addresses)?;

    let mut results = Results {
        memory,
        next: res.read(),
        last: 0,
        written: 0,
    };
    for address in addresses.iter() {
        for &kind in kinds {
            if results.written < max_res {
                let name = match results.written {
                    0 if hints.flags & flag::CANONNAME != 0 => node,
                    _ => b"",
                };
                results.write(address, port, kind, hints.flags, name)?;
            }
        }
    }
    results.end()?;
    res_len.write(results.written);
    Ok(())
}

/// Copies a text, without the NULs at its end that some guests count.
fn read_text<'b>(
    memory: &GuestMemory<'_>,
    address: u32,
    len: u32,
    buffer: &'b mut [u8; MAX_TEXT],
    error: Errno,
) -> Result<&'b [u8], Errno> {
    let bytes = memory.slice(address, len)?;
    if bytes.len() > buffer.len() {
        return Err(error);
    }
    let len = bytes.copy_to(buffer);
    let text = buffer.get(..len).unwrap_or_default();
    let end = text
        .iter()
        .rposition(|&byte| byte != 0)
        .map_or(0, |at| at + 1);
    let text = text.get(..end).unwrap_or_default();
    match text.contains(&0) {
        true => Err(error),
        false => Ok(text),
    }
}

/// The kind of a result: socket type and protocol.
type Kind = (u8, u8);

/// The kinds that the hints allow.
fn kinds(hints: &Addrinfo) -> Result<&'static [Kind], Errno> {
    const STREAM: Kind = (socktype::STREAM, protocol::TCP);
    const DGRAM: Kind = (socktype::DGRAM, protocol::UDP);
    match (hints.socktype, hints.protocol) {
        (socktype::ANY, protocol::IP) => Ok(&[STREAM, DGRAM]),
        (socktype::ANY | socktype::STREAM, protocol::IP | protocol::TCP) => Ok(&[STREAM]),
        (socktype::ANY | socktype::DGRAM, protocol::IP | protocol::UDP) => Ok(&[DGRAM]),
        _ => Err(Errno::AISOCKTYPE),
    }
}

fn port(service: &[u8], numeric: bool) -> Result<u16, Errno> {
    if service.is_empty() {
        return Ok(0);
    }
    if let Some(port) = parse_port(service) {
        return Ok(port);
    }
    if numeric {
        return Err(Errno::AINONAME);
    }
    service_port(service).ok_or(Errno::AISERVICE)
}

const V4: Families = Families {
    v4: true,
    v6: false,
};
const V6: Families = Families {
    v4: false,
    v6: true,
};

/// Adds the addresses of a node, of the family that the hints ask for; IPv4 first.
fn look_up(node: &[u8], wanted: u8, flags: u16, found: &mut Addresses) -> Result<(), Errno> {
    let families = match wanted {
        family::UNSPEC => Families { v4: true, v6: true },
        family::INET4 => V4,
        family::INET6 => V6,
        _ => return Err(Errno::AIFAMILY),
    };
    let mapped = wanted == family::INET6 && flags & flag::V4MAPPED != 0;
    if !mapped {
        return look_up_node(node, families, flags, found);
    }
    let outcome = look_up_node(node, V6, flags, found);
    if !found.is_empty() && flags & flag::ALL == 0 {
        return outcome;
    }
    let mut others = Addresses::new();
    let mapped = look_up_node(node, V4, flags, &mut others);
    for address in others.iter() {
        if let IpAddr::V4(address) = address {
            found.push(IpAddr::V6(address.to_ipv6_mapped()));
        }
    }
    outcome.or(mapped)
}

fn look_up_node(
    node: &[u8],
    families: Families,
    flags: u16,
    found: &mut Addresses,
) -> Result<(), Errno> {
    if node.is_empty() {
        match flags & flag::PASSIVE {
            0 => families.add_loopback(found),
            _ => families.add_unspecified(found),
        }
        return Ok(());
    }
    let numeric = flags & flag::NUMERICHOST != 0;
    Ok(lookup::addresses(node, families, numeric, found)?)
}

/// The guest's list of results.
struct Results<'m, 'a> {
    memory: &'m GuestMemory<'a>,
    /// Where the next result is written.
    next: u32,
    /// Where the last one was.
    last: u32,
    written: u32,
}

impl Results<'_, '_> {
    fn write(
        &mut self,
        address: IpAddr,
        port: u16,
        (socktype, protocol): Kind,
        flags: u16,
        name: &[u8],
    ) -> Result<(), Errno> {
        let place = self.memory.aligned_ptr::<Addrinfo>(self.next)?;
        let result = place.read();
        let sockaddr_place = self.memory.aligned_ptr::<Sockaddr>(result.addr)?;
        let sockaddr = sockaddr_place.read();
        // The port, and for IPv6 the flow and later the scope, which are 0.
        let mut data = [0; SOCKADDR_IN6.1];
        let (head, rest) = data.split_at_mut(2);
        head.copy_from_slice(&port.to_be_bytes());
        let (family, (addrlen, data_len)) = match address {
            IpAddr::V4(address) => {
                let (ip, _) = rest.split_at_mut(4);
                ip.copy_from_slice(&address.octets());
                (family::INET4, SOCKADDR_IN)
            }
            IpAddr::V6(address) => {
                let (_, rest) = rest.split_at_mut(4);
                let (ip, _) = rest.split_at_mut(16);
                ip.copy_from_slice(&address.octets());
                (family::INET6, SOCKADDR_IN6)
            }
        };
        // Guests announce room for IPv4, and have room for both.
        if (sockaddr.data_len as usize) < SOCKADDR_IN.1 {
            return Err(Errno::AIMEMORY);
        }
        let bytes = data.get(..data_len).unwrap_or_default();
        self.memory
            .slice(sockaddr.data, data_len as u32)?
            .copy_from(bytes);
        let room = self.memory.slice(
            result.canonname,
            match name.is_empty() {
                true => 0,
                false => result.canonname_len,
            },
        )?;
        let canonname_len = room.copy_from(name) as u32;
        sockaddr_place.write(Sockaddr {
            family,
            padding: sockaddr.padding,
            data_len: data_len as u32,
            data: sockaddr.data,
        });
        place.write(Addrinfo {
            flags,
            family,
            socktype,
            protocol,
            padding: result.padding,
            addrlen,
            addr: result.addr,
            canonname: result.canonname,
            canonname_len,
            next: result.next,
        });
        self.last = self.next;
        self.next = result.next;
        self.written += 1;
        Ok(())
    }

    /// Ends the list behind the last result.
    fn end(&self) -> Result<(), Errno> {
        if self.written == 0 {
            return Ok(());
        }
        let place = self.memory.aligned_ptr::<Addrinfo>(self.last)?;
        place.write(Addrinfo {
            next: 0,
            ..place.read()
        });
        Ok(())
    }
}
