//! The head of a request: what it asks for, and how its body is framed (RFC 9112).
//!
//! Security: what two programs could read differently is refused (RFC 9112, section 11.2), also where
//! the standard lets a server be lenient: a line that ends without a carriage return, a folded line, a
//! space before a colon, `Content-Length` beside `Transfer-Encoding`, two of either, a coding other
//! than `chunked`, a chunked body in HTTP/1.0, no `Host` or two.

use super::syntax;

/// Most bytes of a head.
pub const MAX_HEAD: usize = 64 * 1024;
/// Most fields of a head.
pub const MAX_FIELDS: usize = 100;

/// A part of the bytes that a head was read from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Part {
    start: u32,
    end: u32,
}

impl Part {
    /// Nothing.
    pub const NONE: Part = Part { start: 0, end: 0 };

    /// Where a text lies in the bytes that it was taken from.
    fn of(text: &[u8], bytes: &[u8]) -> Part {
        let start = (text.as_ptr() as usize).wrapping_sub(bytes.as_ptr() as usize);
        Part {
            start: start as u32,
            end: (start + text.len()) as u32,
        }
    }

    /// The bytes.
    pub fn get(self, bytes: &[u8]) -> &[u8] {
        bytes
            .get(self.start as usize..self.end as usize)
            .unwrap_or_default()
    }
}

/// How the end of a body is found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Framing {
    /// After so many bytes.
    Length(u64),
    /// By chunks.
    Chunked,
}

/// A head. Its parts lie in the bytes that it was read from.
pub struct Head {
    pub method: Part,
    /// Path and query; none for a target that has none (`OPTIONS *` has `*`).
    pub target: Part,
    /// The host, and perhaps the port, that the request is for.
    pub authority: Part,
    /// Whether the version is 1.1; otherwise it is 1.0.
    pub is_1_1: bool,
    pub framing: Framing,
    /// Whether another request may follow.
    pub keep_alive: bool,
    /// Whether the client waits for a word before it sends the body.
    pub expects_continue: bool,
    fields: [(Part, Part); MAX_FIELDS],
    count: usize,
}

impl Head {
    /// The head of no request: all zeros.
    pub const NONE: Head = Head {
        method: Part::NONE,
        target: Part::NONE,
        authority: Part::NONE,
        is_1_1: false,
        framing: Framing::Length(0),
        keep_alive: false,
        expects_continue: false,
        fields: [(Part::NONE, Part::NONE); MAX_FIELDS],
        count: 0,
    };

    /// Names and values, in their order.
    pub fn fields(&self) -> &[(Part, Part)] {
        self.fields.get(..self.count).unwrap_or_default()
    }
}

/// Why a request is not answered by the guest: the status that the server answers with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u16)]
pub enum Refusal {
    BadRequest = 400,
    Timeout = 408,
    ExpectationFailed = 417,
    HeadTooLarge = 431,
    NotImplemented = 501,
    VersionNotSupported = 505,
}

/// Finds the end of the head that `bytes` begin with, looking from `from` on; `None` when it is not
/// there yet. Fails as soon as it cannot be the beginning of one.
pub fn end(bytes: &[u8], from: usize) -> Result<Option<usize>, Refusal> {
    let mut at = from.min(bytes.len());
    while let Some(more) = bytes.get(at..).and_then(line_feed) {
        at += more;
        match bytes.get(..at).unwrap_or_default() {
            [.., b'\r', b'\n', b'\r'] if at < MAX_HEAD => return Ok(Some(at + 1)),
            [.., b'\r', b'\n', b'\r'] => return Err(Refusal::HeadTooLarge),
            [.., b'\r'] => at += 1,
            _ => return Err(Refusal::BadRequest),
        }
    }
    match bytes.len() >= MAX_HEAD {
        true => Err(Refusal::HeadTooLarge),
        false => Ok(None),
    }
}

/// Where the first line feed is.
fn line_feed(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|&byte| byte == b'\n')
}

/// Reads a whole head, as [`end`] has found it, into `head`.
pub fn parse(bytes: &[u8], head: &mut Head) -> Result<(), Refusal> {
    let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
    let mut request = httparse::Request::new(&mut fields);
    match request.parse(bytes) {
        Ok(httparse::Status::Complete(len)) if len == bytes.len() => {}
        Ok(_) => return Err(Refusal::BadRequest),
        Err(httparse::Error::TooManyHeaders) => return Err(Refusal::HeadTooLarge),
        Err(httparse::Error::Version) => return Err(refused_version(bytes)),
        Err(_) => return Err(Refusal::BadRequest),
    }
    let (Some(method), Some(path), Some(version)) = (request.method, request.path, request.version)
    else {
        return Err(Refusal::BadRequest);
    };
    head.is_1_1 = version == 1;
    head.method = Part::of(method.as_bytes(), bytes);
    head.count = 0;
    for (slot, field) in head.fields.iter_mut().zip(request.headers.iter()) {
        let name = Part::of(field.name.as_bytes(), bytes);
        let value = Part::of(syntax::trim(field.value), bytes);
        *slot = (name, value);
        head.count += 1;
    }
    read_target(bytes, path.as_bytes(), head)?;
    read_fields(bytes, head)
}

/// Whether the version is another one of HTTP, or no version.
fn refused_version(bytes: &[u8]) -> Refusal {
    let line = bytes
        .split(|&byte| byte == b'\r')
        .next()
        .unwrap_or_default();
    let version = line.rsplit(|&byte| byte == b' ').next().unwrap_or_default();
    match version {
        [b'H', b'T', b'T', b'P', b'/', major, b'.', minor]
            if major.is_ascii_digit() && minor.is_ascii_digit() =>
        {
            Refusal::VersionNotSupported
        }
        _ => Refusal::BadRequest,
    }
}

/// Reads the target, in any of its forms (RFC 9112, section 3.2) but that of `CONNECT`.
fn read_target(bytes: &[u8], target: &[u8], head: &mut Head) -> Result<(), Refusal> {
    if !syntax::is_target(target) {
        return Err(Refusal::BadRequest);
    }
    head.authority = Part::NONE;
    if head.method.get(bytes) == b"CONNECT" {
        return Err(Refusal::NotImplemented);
    }
    if target.first() == Some(&b'/') || (target == b"*" && head.method.get(bytes) == b"OPTIONS") {
        head.target = Part::of(target, bytes);
        return Ok(());
    }
    // The absolute form: as if the client were talking to a proxy.
    let (scheme, rest) = target.split_at_checked(7).ok_or(Refusal::BadRequest)?;
    if !scheme.eq_ignore_ascii_case(b"http://") {
        return Err(Refusal::BadRequest);
    }
    let end = rest.iter().position(|byte| b"/?#".contains(byte));
    let (authority, path) = rest.split_at(end.unwrap_or(rest.len()));
    // Without `/` a query would have to be put behind one, and a fragment is never sent.
    if authority.is_empty() || !syntax::is_authority(authority) || !matches!(path, [] | [b'/', ..])
    {
        return Err(Refusal::BadRequest);
    }
    head.authority = Part::of(authority, bytes);
    head.target = Part::of(path, bytes);
    Ok(())
}

/// Reads the fields that are about the connection and the framing.
fn read_fields(bytes: &[u8], head: &mut Head) -> Result<(), Refusal> {
    let mut length = None;
    let mut chunked = false;
    let mut host = None;
    head.keep_alive = head.is_1_1;
    head.expects_continue = false;
    for &(name, value_part) in head.fields.get(..head.count).unwrap_or_default() {
        let (name, value) = (name.get(bytes), value_part.get(bytes));
        if name.len() > super::fields::MAX_NAME {
            return Err(Refusal::HeadTooLarge);
        }
        if name.eq_ignore_ascii_case(b"content-length") {
            let number = syntax::number(value).ok_or(Refusal::BadRequest)?;
            if length.replace(number).is_some() || number > i64::MAX as u64 {
                return Err(Refusal::BadRequest);
            }
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            if chunked || !head.is_1_1 {
                return Err(Refusal::BadRequest);
            }
            if !value.eq_ignore_ascii_case(b"chunked") {
                return Err(Refusal::NotImplemented);
            }
            chunked = true;
        } else if name.eq_ignore_ascii_case(b"host") {
            if host.replace(value_part).is_some() || !syntax::is_authority(value) {
                return Err(Refusal::BadRequest);
            }
        } else if name.eq_ignore_ascii_case(b"connection") {
            for member in syntax::members(value) {
                if member.eq_ignore_ascii_case(b"close") {
                    head.keep_alive = false;
                } else if member.eq_ignore_ascii_case(b"keep-alive") && !head.is_1_1 {
                    head.keep_alive = true;
                }
            }
        } else if name.eq_ignore_ascii_case(b"expect") {
            if !value.eq_ignore_ascii_case(b"100-continue") {
                return Err(Refusal::ExpectationFailed);
            }
            head.expects_continue = head.is_1_1;
        }
    }
    head.framing = match (length, chunked) {
        (Some(_), true) => return Err(Refusal::BadRequest),
        (_, true) => Framing::Chunked,
        (length, false) => Framing::Length(length.unwrap_or(0)),
    };
    match host {
        None if head.is_1_1 => return Err(Refusal::BadRequest),
        // That of the target counts.
        Some(host) if head.authority == Part::NONE => head.authority = host,
        _ => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a head that nothing follows.
    fn read(text: &str) -> Result<Head, Refusal> {
        let bytes = text.as_bytes();
        let mut head = Head::NONE;
        let end = end(bytes, 0)?.ok_or(Refusal::Timeout)?;
        assert_eq!(end, bytes.len());
        parse(bytes, &mut head).map(|()| head)
    }

    fn refusal(text: &str) -> Refusal {
        match read(text) {
            Ok(_) => panic!("{text:?} is taken"),
            Err(refusal) => refusal,
        }
    }

    #[test]
    fn reads_requests() {
        let text = "POST /a?b=c HTTP/1.1\r\nHost: h:80\r\nContent-Length: 12\r\nX-Y:  z \t\r\n\r\n";
        let head = read(text).unwrap();
        let get = |part: Part| std::str::from_utf8(part.get(text.as_bytes())).unwrap();
        assert_eq!(get(head.method), "POST");
        assert_eq!(get(head.target), "/a?b=c");
        assert_eq!(get(head.authority), "h:80");
        assert_eq!(head.framing, Framing::Length(12));
        assert!(head.keep_alive && !head.expects_continue);
        let fields = head.fields();
        assert_eq!(fields.len(), 3);
        assert_eq!((get(fields[2].0), get(fields[2].1)), ("X-Y", "z"));

        let text = "GET http://other/x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\
                    Expect: 100-continue\r\nConnection: x, close\r\n\r\n";
        let head = read(text).unwrap();
        assert_eq!(head.authority.get(text.as_bytes()), b"other");
        assert_eq!(head.target.get(text.as_bytes()), b"/x");
        assert_eq!(head.framing, Framing::Chunked);
        assert!(!head.keep_alive && head.expects_continue);

        let old = read("GET / HTTP/1.0\r\n\r\n").unwrap();
        assert!(!old.keep_alive && !old.is_1_1);
        assert!(
            read("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
                .unwrap()
                .keep_alive
        );
        assert!(read("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n").is_ok());
    }

    #[test]
    fn finds_the_end_wherever_it_looks_from() {
        let text = b"GET / HTTP/1.1\r\nHost: h\r\n\r\nrest";
        for from in 0..25 {
            assert_eq!(end(text, from), Ok(Some(27)), "{from}");
        }
        for len in 0..27 {
            assert_eq!(end(&text[..len], 0), Ok(None), "{len}");
        }
        assert_eq!(end(b"GET / HTTP/1.1\nHost", 0), Err(Refusal::BadRequest));
        assert_eq!(end(&[b'x'; MAX_HEAD], 0), Err(Refusal::HeadTooLarge));
        let long = [&[b'x'; MAX_HEAD][..], b"\r\n\r\n"].concat();
        assert_eq!(end(&long, 0), Err(Refusal::HeadTooLarge));
        assert_eq!(end(&long[4..], 0), Ok(Some(MAX_HEAD)));
    }

    #[test]
    fn what_is_ambiguous_is_refused() {
        use Refusal::{BadRequest, ExpectationFailed, HeadTooLarge, NotImplemented};
        let with =
            |fields: &str| refusal(&format!("POST / HTTP/1.1\r\nHost: h\r\n{fields}\r\n\r\n"));
        for (fields, expected) in [
            (
                "Content-Length: 5\r\nTransfer-Encoding: chunked",
                BadRequest,
            ),
            (
                "Transfer-Encoding: chunked\r\nContent-Length: 5",
                BadRequest,
            ),
            ("Content-Length: 5\r\nContent-Length: 5", BadRequest),
            ("Content-Length: 5, 5", BadRequest),
            ("Content-Length: +5", BadRequest),
            ("Content-Length: 0x5", BadRequest),
            ("Content-Length: 99999999999999999999", BadRequest),
            ("Content-Length: 9223372036854775808", BadRequest),
            ("Content-Length:", BadRequest),
            (
                "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
                BadRequest,
            ),
            ("Transfer-Encoding: gzip, chunked", NotImplemented),
            ("Transfer-Encoding: xchunked", NotImplemented),
            ("Transfer-Encoding : chunked", BadRequest),
            ("Transfer-Encoding: chun\r\n ked", BadRequest),
            ("X: a\r\n b", BadRequest),
            ("X Y: a", BadRequest),
            (": a", BadRequest),
            ("X: a\0", BadRequest),
            ("Host: i", BadRequest),
            ("Expect: 200-ok", ExpectationFailed),
        ] {
            assert_eq!(with(fields), expected, "{fields:?}");
        }
        for (text, expected) in [
            ("GET / HTTP/1.1\r\n\r\n", BadRequest),
            ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", BadRequest),
            ("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", BadRequest),
            (
                "GET / HTTP/2.0\r\nHost: h\r\n\r\n",
                Refusal::VersionNotSupported,
            ),
            ("GET / HTTX/1.1\r\nHost: h\r\n\r\n", BadRequest),
            ("GET /\r\n\r\n", BadRequest),
            ("GET  / HTTP/1.1\r\nHost: h\r\n\r\n", BadRequest),
            ("GET x HTTP/1.1\r\nHost: h\r\n\r\n", BadRequest),
            ("GET * HTTP/1.1\r\nHost: h\r\n\r\n", BadRequest),
            ("GET /\u{e9} HTTP/1.1\r\nHost: h\r\n\r\n", BadRequest),
            ("GET http:///x HTTP/1.1\r\nHost: h\r\n\r\n", BadRequest),
            ("GET http://a@b/ HTTP/1.1\r\nHost: h\r\n\r\n", BadRequest),
            ("CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n", NotImplemented),
            (
                "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
                BadRequest,
            ),
        ] {
            assert_eq!(refusal(text), expected, "{text:?}");
        }
        let many: String = (0..MAX_FIELDS).map(|at| format!("x{at}: y\r\n")).collect();
        assert_eq!(with(&many[..many.len() - 2]), HeadTooLarge);
        assert_eq!(with(&format!("{}: y", "n".repeat(1025))), HeadTooLarge);
    }
}
