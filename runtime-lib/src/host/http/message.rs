//! How is the head of an answer written?

use super::date;
use super::fields::Fields;
use super::syntax;
use crate::host::heap::Heap;
use crate::sys::time::{self, Clock};

/// Bytes that are written one after the other, as far as there is room.
pub struct Writer<'a> {
    room: &'a mut [u8],
    len: usize,
    /// Whether all had room.
    fits: bool,
}

impl<'a> Writer<'a> {
    /// Nothing yet.
    pub fn new(room: &'a mut [u8]) -> Writer<'a> {
        Writer {
            room,
            len: 0,
            fits: true,
        }
    }

    /// Adds bytes.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        match self.room.get_mut(self.len..self.len + bytes.len()) {
            Some(room) => {
                room.copy_from_slice(bytes);
                self.len += bytes.len();
            }
            None => self.fits = false,
        }
        self
    }

    /// Adds a number.
    pub fn number(&mut self, number: u64, base: u64) -> &mut Self {
        let mut digits = [0; 20];
        let mut rest = number;
        let mut start = digits.len();
        for slot in digits.iter_mut().rev() {
            let digit = (rest % base) as u8;
            *slot = if digit < 10 {
                b'0' + digit
            } else {
                b'a' + digit - 10
            };
            start -= 1;
            rest /= base;
            if rest == 0 {
                break;
            }
        }
        self.bytes(digits.get(start..).unwrap_or_default())
    }

    /// How many bytes were written; `None` when some had no room.
    pub fn len(&self) -> Option<usize> {
        self.fits.then_some(self.len)
    }
}

/// What the server adds to the fields of an answer.
#[derive(Clone, Copy)]
pub struct Frame {
    /// `Content-Length`; none for a body in chunks, or without any end but that of the connection.
    pub length: Option<u64>,
    pub chunked: bool,
    /// Whether the connection ends with this answer.
    pub close: bool,
    /// Whether a client of HTTP/1.0 has to be told that it does not.
    pub keep_alive: bool,
}

/// Writes the head of an answer: how many bytes, or `None` when there is not enough room.
pub fn write_head(
    room: &mut [u8],
    heap: &Heap,
    status: u16,
    fields: Fields,
    frame: Frame,
) -> Option<usize> {
    let mut writer = Writer::new(room);
    write_status(&mut writer, status);
    let mut dated = false;
    for field in fields.iter(heap) {
        let name = field.name(heap);
        // Whatever it says was taken into account.
        if name == b"content-length" {
            continue;
        }
        dated |= name == b"date";
        let value = syntax::trim(field.value(heap));
        writer.bytes(name).bytes(b": ").bytes(value).bytes(b"\r\n");
    }
    if !dated {
        let seconds = time::now(Clock::Realtime) / 1_000_000_000;
        writer.bytes(b"date: ").bytes(&date::format(seconds));
        writer.bytes(b"\r\n");
    }
    if let Some(length) = frame.length {
        writer.bytes(b"content-length: ").number(length, 10);
        writer.bytes(b"\r\n");
    }
    if frame.chunked {
        writer.bytes(b"transfer-encoding: chunked\r\n");
    }
    if frame.close {
        writer.bytes(b"connection: close\r\n");
    } else if frame.keep_alive {
        writer.bytes(b"connection: keep-alive\r\n");
    }
    writer.bytes(b"\r\n").len()
}

fn write_status(writer: &mut Writer<'_>, status: u16) {
    writer.bytes(b"HTTP/1.1 ").number(status.into(), 10);
    writer.bytes(b" ").bytes(reason(status));
    writer.bytes(b"\r\n");
}

/// What a status is called; empty for those that are less common.
fn reason(status: u16) -> &'static [u8] {
    match status {
        200 => b"OK",
        201 => b"Created",
        202 => b"Accepted",
        204 => b"No Content",
        206 => b"Partial Content",
        301 => b"Moved Permanently",
        302 => b"Found",
        303 => b"See Other",
        304 => b"Not Modified",
        307 => b"Temporary Redirect",
        308 => b"Permanent Redirect",
        400 => b"Bad Request",
        401 => b"Unauthorized",
        403 => b"Forbidden",
        404 => b"Not Found",
        405 => b"Method Not Allowed",
        408 => b"Request Timeout",
        409 => b"Conflict",
        410 => b"Gone",
        413 => b"Content Too Large",
        417 => b"Expectation Failed",
        418 => b"I'm a teapot",
        429 => b"Too Many Requests",
        431 => b"Request Header Fields Too Large",
        500 => b"Internal Server Error",
        501 => b"Not Implemented",
        502 => b"Bad Gateway",
        503 => b"Service Unavailable",
        504 => b"Gateway Timeout",
        505 => b"HTTP Version Not Supported",
        _ => b"",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_written() {
        let mut heap = Heap::for_tests(1 << 20);
        let mut fields = Fields::NONE;
        for (name, value) in [("Date", "never"), ("Content-Length", "99"), ("X", " y ")] {
            let fill = |room: &mut [u8]| room.copy_from_slice(value.as_bytes());
            let added = fields.append(&mut heap, name.as_bytes(), value.len(), fill);
            added.unwrap();
        }
        let mut room = [0; 256];
        let frame = Frame {
            length: Some(5),
            chunked: false,
            close: true,
            keep_alive: true,
        };
        let len = write_head(&mut room, &heap, 404, fields, frame).unwrap();
        assert_eq!(
            std::str::from_utf8(&room[..len]).unwrap(),
            "HTTP/1.1 404 Not Found\r\ndate: never\r\nx: y\r\ncontent-length: 5\r\n\
             connection: close\r\n\r\n"
        );
        assert_eq!(write_head(&mut room[..40], &heap, 200, fields, frame), None);
        let mut writer = Writer::new(&mut room);
        writer.number(0, 10).bytes(b" ").number(0xfe0, 16);
        assert_eq!(writer.len(), Some(5));
        assert_eq!(&room[..5], b"0 fe0");
    }
}
