//! What a server writes to standard error: where it listens, and lines for requests.
//!
//! ```text
//! 127.0.0.1:40312 "GET /path" 200 1234 bytes 56 us
//! ```

use crate::host::http::exchange::{self, Of, Summary};
use crate::output::{Stream, Writer};
use core::net::{IpAddr, SocketAddr};

/// Most bytes of a target in a line.
const TARGET: usize = 1024;

/// The beginning of a line for a request.
pub struct Line {
    from: Option<SocketAddr>,
    text: [u8; TARGET + 32],
    len: usize,
}

/// Says where the server listens.
pub fn listening(address: &SocketAddr) {
    let mut line = Writer::new(Stream::Error);
    line.text("listening at http://");
    write_address(&mut line, address);
    line.text("\n").flush();
}

/// Begins a line for the request that was received, whose head goes away with its answer.
#[inline(never)]
pub fn begin(from: Option<SocketAddr>) -> Line {
    let mut line = Line {
        from,
        text: [0; TARGET + 32],
        len: 0,
    };
    exchange::with_head(Of::Method, |method| line.add(method, 31));
    line.add(b" ", 1);
    exchange::with_head(Of::Target, |target| line.add(target, TARGET));
    line
}

impl Line {
    fn add(&mut self, bytes: &[u8], most: usize) {
        let bytes = bytes.get(..most).unwrap_or(bytes);
        if let Some(room) = self.text.get_mut(self.len..self.len + bytes.len()) {
            room.copy_from_slice(bytes);
            self.len += bytes.len();
        }
    }

    /// Writes the line of an exchange that took so many nanoseconds.
    #[inline(never)]
    pub fn end(&self, summary: Summary, nanoseconds: u64) {
        let mut line = Writer::new(Stream::Error);
        write_from(&mut line, self.from);
        let request = self.text.get(..self.len).unwrap_or_default();
        line.text("\"").escaped(request).text("\" ");
        line.decimal(summary.status.into()).text(" ");
        line.decimal(summary.sent).text(" bytes ");
        line.decimal(nanoseconds / 1000).text(" us\n");
        line.flush();
    }
}

/// Writes a line for what was no request, or none that is answered.
#[inline(never)]
pub fn refused(from: Option<SocketAddr>, summary: Summary) {
    let mut line = Writer::new(Stream::Error);
    write_from(&mut line, from);
    line.text("refused ").decimal(summary.status.into());
    line.text("\n").flush();
}

fn write_from(line: &mut Writer, from: Option<SocketAddr>) {
    if let Some(from) = from {
        write_address(line, &from);
        line.text(" ");
    }
}

fn write_address(line: &mut Writer, address: &SocketAddr) {
    match address.ip() {
        IpAddr::V4(ip) => {
            for (at, &byte) in ip.octets().iter().enumerate() {
                line.text(if at > 0 { "." } else { "" });
                line.decimal(byte.into());
            }
        }
        IpAddr::V6(ip) => {
            line.text("[");
            for (at, &group) in ip.segments().iter().enumerate() {
                line.text(if at > 0 { ":" } else { "" });
                line.hexadecimal(group.into());
            }
            line.text("]");
        }
    }
    line.text(":").decimal(address.port().into());
}
