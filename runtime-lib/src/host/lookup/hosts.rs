//! The host's files about names: `/etc/hosts` and `/etc/resolv.conf`.

use crate::host::address::parse_ip;
use core::net::{IpAddr, SocketAddr};

/// Most addresses that a name has for us.
pub const MAX_ADDRESSES: usize = 32;
/// Most name servers and most domains that are tried, as in C libraries.
const MAX_SERVERS: usize = 3;
const MAX_DOMAINS: usize = 6;
/// The port of name servers.
const DNS: u16 = 53;

/// Addresses of a name.
pub struct Addresses {
    list: [Option<IpAddr>; MAX_ADDRESSES],
    len: usize,
}

impl Addresses {
    /// None.
    pub const fn new() -> Addresses {
        Addresses {
            list: [None; MAX_ADDRESSES],
            len: 0,
        }
    }

    /// Adds an address, unless it is among them or there is no room.
    pub fn push(&mut self, address: IpAddr) {
        if !self.iter().any(|known| known == address)
            && let Some(slot) = self.list.get_mut(self.len)
        {
            *slot = Some(address);
            self.len += 1;
        }
    }

    /// The addresses in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = IpAddr> {
        self.list.iter().copied().flatten()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

/// Adds what `/etc/hosts` has for a name, of the families that are wanted; whether it has
/// the name.
pub fn find(
    hosts: &[u8],
    name: &[u8],
    wanted: impl Fn(&IpAddr) -> bool,
    found: &mut Addresses,
) -> bool {
    let mut known = false;
    for line in lines(hosts) {
        let mut words = words(line);
        let Some(address) = words.next().and_then(parse_ip) else {
            continue;
        };
        if words.any(|word| word.eq_ignore_ascii_case(name)) {
            known = true;
            if wanted(&address) {
                found.push(address);
            }
        }
    }
    known
}

/// What `/etc/resolv.conf` says.
pub struct Configuration<'a> {
    servers: [Option<SocketAddr>; MAX_SERVERS],
    domains: [&'a [u8]; MAX_DOMAINS],
    /// A name with so many dots is tried as it is before the domains are.
    pub dots: usize,
}

impl<'a> Configuration<'a> {
    /// Reads the file's text. Without a server the machine itself is asked.
    pub fn parse(text: &'a [u8]) -> Configuration<'a> {
        let mut configuration = Configuration {
            servers: [None; MAX_SERVERS],
            domains: [b""; MAX_DOMAINS],
            dots: 1,
        };
        let mut servers = 0;
        for line in lines(text) {
            let mut words = words(line);
            match words.next() {
                Some(b"nameserver") => {
                    let address = words.next().and_then(parse_ip);
                    if let (Some(slot), Some(address)) =
                        (configuration.servers.get_mut(servers), address)
                    {
                        *slot = Some(SocketAddr::new(address, DNS));
                        servers += 1;
                    }
                }
                // The last line of these counts.
                Some(b"search" | b"domain") => {
                    configuration.domains = [b""; MAX_DOMAINS];
                    for (slot, domain) in configuration.domains.iter_mut().zip(words) {
                        *slot = domain.strip_suffix(b".").unwrap_or(domain);
                    }
                }
                Some(b"options") => {
                    let dots = words.find_map(|word| match word.strip_prefix(b"ndots:") {
                        Some(&[digit @ b'0'..=b'9']) => Some(usize::from(digit - b'0')),
                        _ => None,
                    });
                    configuration.dots = dots.unwrap_or(configuration.dots);
                }
                _ => {}
            }
        }
        if servers == 0 {
            let own = core::net::Ipv4Addr::LOCALHOST.into();
            configuration.servers = [Some(SocketAddr::new(own, DNS)), None, None];
        }
        configuration
    }

    /// The name servers.
    pub fn servers(&self) -> impl Iterator<Item = SocketAddr> {
        self.servers.iter().copied().flatten()
    }

    /// The domains in which names are looked for.
    pub fn domains(&self) -> impl Iterator<Item = &'a [u8]> + Clone {
        let domains = self.domains;
        domains.into_iter().filter(|domain| !domain.is_empty())
    }
}

/// The lines of a file, without comments.
fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let lines = text.split(|&byte| byte == b'\n');
    lines.map(|line| {
        let comment = line.iter().position(|&byte| matches!(byte, b'#' | b';'));
        comment.and_then(|at| line.get(..at)).unwrap_or(line)
    })
}

fn words(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let words = line.split(|byte| byte.is_ascii_whitespace());
    words.filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn reads_hosts() {
        let hosts = b"127.0.0.1 localhost # me\n10.0.0.1\tdb Database.local\n::2 db\n\
            junk db\n10.0.0.2 database.local\n#10.0.0.9 db";
        let mut found = Addresses::new();
        assert!(find(hosts, b"DB", IpAddr::is_ipv4, &mut found));
        assert!(find(hosts, b"database.local", |_| true, &mut found));
        let texts: Vec<_> = found.iter().map(|address| address.to_string()).collect();
        assert_eq!(texts, ["10.0.0.1", "10.0.0.2"]);
        assert!(!find(hosts, b"me", |_| true, &mut found));
        assert!(find(b"::1 six", b"six", IpAddr::is_ipv4, &mut found));
    }

    #[test]
    fn reads_the_configuration_of_resolvers() {
        let text = b"# made\nnameserver 10.0.0.2\nnameserver ::1\nnameserver what\n\
            search old\nsearch a.example b.example. \noptions timeout:1 ndots:5\n";
        let configuration = Configuration::parse(text);
        let servers: Vec<_> = configuration.servers().map(|s| s.to_string()).collect();
        assert_eq!(servers, ["10.0.0.2:53", "[::1]:53"]);
        let domains: Vec<_> = configuration.domains().collect();
        assert_eq!(domains, [b"a.example", b"b.example"]);
        assert_eq!(configuration.dots, 5);
        let empty = Configuration::parse(b"");
        assert_eq!(
            empty.servers().map(|s| s.to_string()).collect::<Vec<_>>(),
            ["127.0.0.1:53"]
        );
        assert_eq!(empty.dots, 1);
    }
}
