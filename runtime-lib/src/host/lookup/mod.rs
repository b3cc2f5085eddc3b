//! From names to addresses.
//!
//! There is no C library, and so none of its modules: a name is an address, `localhost`, in
//! `/etc/hosts` ([`hosts`]), or known to the name servers of `/etc/resolv.conf` ([`dns`]), in this
//! order. The runtime reads these files itself, whatever folders the guest was granted; only
//! addresses get out. That the guest may look names up is for the caller to make sure of
//! ([`require_net`](super::system::System::require_net)).

pub mod dns;
pub mod hosts;

use super::address::parse_ip;
use super::error::{Error, LookupError};
use crate::sys::lookup::read_file;
use crate::sys::scratch::Scratch;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use dns::Record;
use hosts::{Addresses, Configuration};

/// Most bytes of a file that are read.
const MAX_FILE: usize = 256 * 1024;

/// Which addresses are wanted.
#[derive(Clone, Copy)]
pub struct Families {
    /// IPv4.
    pub v4: bool,
    /// IPv6.
    pub v6: bool,
}

impl Families {
    fn wants(self, address: &IpAddr) -> bool {
        if address.is_ipv4() { self.v4 } else { self.v6 }
    }

    /// Adds the addresses of this machine that only it itself reaches.
    pub fn add_loopback(self, found: &mut Addresses) {
        self.add(Ipv4Addr::LOCALHOST, Ipv6Addr::LOCALHOST, found);
    }

    /// Adds the addresses that stand for every one of this machine.
    pub fn add_unspecified(self, found: &mut Addresses) {
        self.add(Ipv4Addr::UNSPECIFIED, Ipv6Addr::UNSPECIFIED, found);
    }

    fn add(self, four: Ipv4Addr, six: Ipv6Addr, found: &mut Addresses) {
        for address in [IpAddr::V4(four), IpAddr::V6(six)] {
            if self.wants(&address) {
                found.push(address);
            }
        }
    }
}

/// Adds the addresses of a name, IPv4 first; with `numeric` only of one that is an address.
pub fn addresses(
    node: &[u8],
    families: Families,
    numeric: bool,
    found: &mut Addresses,
) -> Result<(), Error> {
    let wanted = |address: &IpAddr| families.wants(address);
    if let Some(address) = parse_ip(node) {
        if !wanted(&address) {
            return Err(LookupError::NoAddress.into());
        }
        found.push(address);
        return Ok(());
    }
    if numeric {
        return Err(LookupError::NoName.into());
    }
    if is_localhost(node) {
        families.add_loopback(found);
        return Ok(());
    }
    let mut memory = Scratch::<u8, 0>::new();
    let file = memory.fill(0, MAX_FILE)?;
    // A file that cannot be read says nothing.
    let len = read_file(c"/etc/hosts", file).unwrap_or(0);
    let known = hosts::find(file.get(..len).unwrap_or_default(), node, wanted, found);
    if known {
        return match found.is_empty() {
            true => Err(LookupError::NoAddress.into()),
            false => Ok(()),
        };
    }
    let len = read_file(c"/etc/resolv.conf", file).unwrap_or(0);
    let configuration = Configuration::parse(file.get(..len).unwrap_or_default());
    let mut outcome = Err(LookupError::NoName.into());
    for (record, asked) in [(Record::A, families.v4), (Record::Aaaa, families.v6)] {
        if asked {
            let answer = dns::look_up(node, record, &configuration, found);
            outcome = outcome.or(answer);
        }
    }
    match found.is_empty() {
        true => outcome,
        false => Ok(()),
    }
}

/// Names that mean this machine wherever they are asked for (RFC 6761).
fn is_localhost(node: &[u8]) -> bool {
    let name = node.strip_suffix(b".").unwrap_or(node);
    let mut labels = name.rsplit(|&byte| byte == b'.');
    labels
        .next()
        .is_some_and(|label| label.eq_ignore_ascii_case(b"localhost"))
}
