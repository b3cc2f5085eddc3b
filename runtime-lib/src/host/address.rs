//! Socket addresses as text: `1.2.3.4:80` and `[1:2::3]:80`.
//!
//! `core` can parse them, in four times the code; this is part of every program.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The address that a text stands for, if it does.
pub fn parse(text: &[u8]) -> Option<SocketAddr> {
    let colon = text.iter().rposition(|&byte| byte == b':')?;
    let (host, port) = (text.get(..colon)?, text.get(colon + 1..)?);
    let port = number(port, 10, 65535)?;
    let address = match host.strip_prefix(b"[") {
        Some(rest) => IpAddr::V6(parse_v6(rest.strip_suffix(b"]")?)?),
        None => IpAddr::V4(parse_v4(host)?),
    };
    Some(SocketAddr::new(address, port))
}

/// The address without a port that a text stands for, if it does.
pub fn parse_ip(text: &[u8]) -> Option<IpAddr> {
    match text.contains(&b':') {
        true => parse_v6(text).map(IpAddr::V6),
        false => parse_v4(text).map(IpAddr::V4),
    }
}

/// A number of a port, if the text is one.
pub fn parse_port(text: &[u8]) -> Option<u16> {
    number(text, 10, 65535)
}

fn parse_v4(text: &[u8]) -> Option<Ipv4Addr> {
    let mut bytes = [0; 4];
    let mut parts = text.split(|&byte| byte == b'.');
    for byte in &mut bytes {
        *byte = number(parts.next()?, 10, 255)? as u8;
    }
    match parts.next() {
        None => Some(Ipv4Addr::from(bytes)),
        Some(_) => None,
    }
}

/// Eight groups, of which `::` stands for as many zeros as are missing.
fn parse_v6(text: &[u8]) -> Option<Ipv6Addr> {
    let mut groups = [0; 8];
    let gap = text.windows(2).position(|pair| pair == b"::");
    let (head, tail) = match gap {
        Some(at) => (text.get(..at)?, text.get(at + 2..)?),
        None => (text, &[][..]),
    };
    let before = parse_groups(head, &mut groups)?;
    let mut after_gap = [0; 8];
    let after = parse_groups(tail, &mut after_gap)?;
    match gap {
        Some(_) if before + after < 8 => {}
        None if before == 8 => {}
        _ => return None,
    }
    let end = groups.iter_mut().skip(8 - after);
    for (group, &value) in end.zip(&after_gap) {
        *group = value;
    }
    Some(Ipv6Addr::from(groups))
}

/// Reads groups, none from an empty text: how many.
fn parse_groups(text: &[u8], groups: &mut [u16; 8]) -> Option<usize> {
    if text.is_empty() {
        return Some(0);
    }
    let mut count = 0;
    for part in text.split(|&byte| byte == b':') {
        *groups.get_mut(count)? = number(part, 16, 0xffff)?;
        count += 1;
    }
    Some(count)
}

/// A number of one digit or more, up to `max`, without a leading zero where it is decimal.
fn number(text: &[u8], radix: u32, max: u32) -> Option<u16> {
    let mut value = 0;
    if text.is_empty() || text.len() > 5 || radix == 16 && text.len() > 4 {
        return None;
    }
    for &byte in text {
        value = value * radix + char::from(byte).to_digit(radix)?;
    }
    let octal = max == 255 && text.len() > 1 && text.starts_with(b"0");
    if value > max || octal {
        return None;
    }
    Some(value as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_core() {
        for text in [
            "127.0.0.1:80",
            "0.0.0.0:0",
            "255.255.255.255:65535",
            "[::]:80",
            "[::1]:8080",
            "[1::]:1",
            "[fe80::1:2]:65535",
            "[1:2:3:4:5:6:7:8]:9",
            "[1:2:3:4:5:6:7::]:9",
            "[::2:3:4:5:6:7:8]:9",
            "[1:2:3::ABCD:ffff]:9",
            "127.0.0.1:00080",
            "",
            ":",
            ":80",
            "127.0.0.1",
            "127.0.0.1:",
            "127.0.0.1:65536",
            "127.0.0.1:-1",
            "127.0.0.1: 80",
            "127.0.0:80",
            "127.0.0.0.1:80",
            "127.0.0.256:80",
            "127.0.0.01:80",
            "127.0.0.:80",
            "localhost:80",
            "::1:80",
            "[::1]",
            "[::1:80",
            "[1:2:3:4:5:6:7:8:9]:1",
            "[1:2:3:4:5:6:7]:1",
            "[1:2:3:4::5:6:7:8]:1",
            "[1::2::3]:1",
            "[1:::2]:1",
            "[:1]:1",
            "[1:]:1",
            "[12345::]:1",
            "[g::]:1",
            "[]:1",
        ] {
            assert_eq!(parse(text.as_bytes()), text.parse().ok(), "{text}");
        }
    }
}
