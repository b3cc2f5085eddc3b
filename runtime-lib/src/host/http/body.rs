//! The bytes of a body, taken from what a connection brings (RFC 9112, sections 6 and 7).
//!
//! Security: sizes of chunks are digits and nothing else, lines end as they must, and extensions are
//! short; a body in which something else stands is at its end, and the connection with it.

use super::error::HttpError;
use super::head::Framing;

/// Most bytes of the line with the size of a chunk.
const MAX_SIZE_LINE: usize = 256;
/// Most bytes of trailers.
pub const MAX_TRAILERS: usize = 16 * 1024;

/// How far a body was read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Decoder {
    /// So many bytes follow.
    Length(u64),
    /// The line with the size of a chunk follows.
    Size,
    /// So many bytes of a chunk follow, and the end of its line.
    Chunk(u64),
    /// The end of a chunk's line follows.
    ChunkEnd,
    /// Trailers follow.
    Trailers,
    /// All was read.
    Done,
}

/// What the next bytes are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Next {
    /// So many bytes of the body, at least one.
    Data(usize),
    /// It cannot be told without more bytes.
    More,
    /// Trailers: so many bytes, with the empty line that ends them. They were not taken yet.
    Trailers(usize),
    /// The body has ended.
    End,
}

impl Decoder {
    /// The beginning of a body that is framed like this.
    pub fn new(framing: Framing) -> Decoder {
        match framing {
            Framing::Length(0) => Decoder::Done,
            Framing::Length(len) => Decoder::Length(len),
            Framing::Chunked => Decoder::Size,
        }
    }

    /// Whether all was read.
    pub fn is_done(self) -> bool {
        self == Decoder::Done
    }

    /// Looks at the next bytes of the connection: how many of them only belong to the framing, and
    /// what follows those.
    pub fn look(&mut self, bytes: &[u8]) -> Result<(usize, Next), HttpError> {
        let mut taken = 0;
        loop {
            let rest = bytes.get(taken..).unwrap_or_default();
            match *self {
                Decoder::Done => return Ok((taken, Next::End)),
                Decoder::Length(len) | Decoder::Chunk(len) => {
                    let len = rest.len().min(usize::try_from(len).unwrap_or(usize::MAX));
                    return Ok(match len {
                        0 => (taken, Next::More),
                        len => (taken, Next::Data(len)),
                    });
                }
                Decoder::Size => {
                    let Some(line) = line(rest, MAX_SIZE_LINE)? else {
                        return Ok((taken, Next::More));
                    };
                    taken += line.len() + 2;
                    *self = match size(line)? {
                        0 => Decoder::Trailers,
                        size => Decoder::Chunk(size),
                    };
                }
                Decoder::ChunkEnd => match rest {
                    [b'\r', b'\n', ..] => {
                        taken += 2;
                        *self = Decoder::Size;
                    }
                    [] | [b'\r'] => return Ok((taken, Next::More)),
                    _ => return Err(HttpError::Protocol),
                },
                Decoder::Trailers => {
                    let mut end = 0;
                    loop {
                        let lines = rest.get(end..).unwrap_or_default();
                        let Some(line) = line(lines, MAX_TRAILERS.saturating_sub(end))? else {
                            return Ok((taken, Next::More));
                        };
                        end += line.len() + 2;
                        if line.is_empty() {
                            return Ok((taken, Next::Trailers(end)));
                        }
                        if end > MAX_TRAILERS {
                            return Err(HttpError::Trailers);
                        }
                    }
                }
            }
        }
    }

    /// Takes so many bytes of the body, of those that [`look`](Self::look) has found.
    pub fn take(&mut self, count: usize) {
        *self = match *self {
            Decoder::Length(len) => match len.saturating_sub(count as u64) {
                0 => Decoder::Done,
                len => Decoder::Length(len),
            },
            Decoder::Chunk(len) => match len.saturating_sub(count as u64) {
                0 => Decoder::ChunkEnd,
                len => Decoder::Chunk(len),
            },
            other => other,
        };
    }

    /// Takes the trailers that [`look`](Self::look) has found.
    pub fn take_trailers(&mut self) {
        if *self == Decoder::Trailers {
            *self = Decoder::Done;
        }
    }
}

/// The first line, without its end; `None` when its end is not there yet. Fails when it is longer.
fn line(bytes: &[u8], most: usize) -> Result<Option<&[u8]>, HttpError> {
    match bytes.iter().position(|&byte| byte == b'\n') {
        None if bytes.len() > most => Err(HttpError::Protocol),
        None => Ok(None),
        Some(end) => match bytes.get(..end) {
            Some([line @ .., b'\r']) if line.len() <= most => Ok(Some(line)),
            _ => Err(HttpError::Protocol),
        },
    }
}

/// The size of a chunk: hexadecimal digits, and perhaps extensions, which mean nothing here.
fn size(line: &[u8]) -> Result<u64, HttpError> {
    let mut parts = line.splitn(2, |&byte| byte == b';');
    let digits = parts.next().unwrap_or_default();
    let extensions = parts.next().unwrap_or_default();
    if digits.is_empty() || digits.len() > 15 || extensions.iter().any(|&byte| byte < b' ') {
        return Err(HttpError::Protocol);
    }
    digits.iter().try_fold(0, |size, &byte| {
        let digit = char::from(byte).to_digit(16).ok_or(HttpError::Protocol)?;
        Ok(size << 4 | u64::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a body has when it comes in pieces of so many bytes, and how many bytes it took.
    fn read(framing: Framing, bytes: &[u8], piece: usize) -> Result<(Vec<u8>, usize), HttpError> {
        let mut decoder = Decoder::new(framing);
        let (mut data, mut start, mut end) = (Vec::new(), 0, 0);
        loop {
            let (taken, next) = decoder.look(&bytes[start..end])?;
            start += taken;
            match next {
                Next::Data(len) => {
                    data.extend_from_slice(&bytes[start..start + len]);
                    decoder.take(len);
                    start += len;
                }
                Next::Trailers(len) => {
                    decoder.take_trailers();
                    start += len;
                }
                Next::More if end == bytes.len() => return Err(HttpError::Terminated),
                Next::More => end = bytes.len().min(end + piece),
                Next::End => return Ok((data, start)),
            }
        }
    }

    #[test]
    fn chunks_come_in_any_pieces() {
        let text = b"5;x=y\r\nhello\r\n0B\r\n, my world\n\r\n0\r\nA: b\r\nC: d\r\n\r\nGET";
        for piece in 1..text.len() {
            let (data, taken) = read(Framing::Chunked, text, piece).unwrap();
            assert_eq!(data, b"hello, my world\n", "{piece}");
            assert_eq!(&text[taken..], b"GET", "{piece}");
        }
        for piece in 1..7 {
            let read = read(Framing::Length(5), b"helloGET", piece).unwrap();
            assert_eq!(read, (b"hello".to_vec(), 5));
        }
        assert_eq!(read(Framing::Length(0), b"GET", 1), Ok((Vec::new(), 0)));
    }

    #[test]
    fn what_is_no_chunk_is_refused() {
        for text in [
            &b"\r\nhello"[..],
            b"x\r\n",
            b"-1\r\n",
            b"+1\r\n",
            b" 1\r\n",
            b"1 \r\n",
            b"0x1\r\n",
            b"1\nh",
            b"1\r\nhh\r\n",
            b"1\r\nh\n0\r\n\r\n",
            b"1;a\0\r\n",
            b"ffffffffffffffff\r\n",
            b"0\r\nA: b\n\r\n",
        ] {
            for piece in 1..=text.len() {
                assert_eq!(
                    read(Framing::Chunked, text, piece),
                    Err(HttpError::Protocol),
                    "{:?} {piece}",
                    String::from_utf8_lossy(text)
                );
            }
        }
        let long = [b'1'; 4096];
        assert_eq!(read(Framing::Chunked, &long, 100), Err(HttpError::Protocol));
        let trailers = [&b"0\r\n"[..], &b"a: b\r\n".repeat(4000)].concat();
        assert!(read(Framing::Chunked, &trailers, 1000).is_err());
        for text in [&b"5\r\nhel"[..], b"5\r\nhello\r\n", b"0\r\nA: b\r\n", b""] {
            assert_eq!(read(Framing::Chunked, text, 3), Err(HttpError::Terminated));
        }
    }
}
