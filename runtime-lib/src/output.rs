//! The only place that prints: errors and traps to standard error, results to standard output.

use crate::sys::process;
use core::fmt;
use core::mem::MaybeUninit;
use wasmc_abi::layout::STATUS_NO_START;

/// Bytes that a [`Writer`] collects before it writes.
const BUFFER: usize = 4096;

/// Where a [`Writer`] writes to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Output,
    /// Standard error.
    Error,
}

/// Text that is collected and written at once, without the formatting code of `core`.
pub struct Writer {
    stream: Stream,
    len: usize,
    buffer: [MaybeUninit<u8>; BUFFER],
}

impl Writer {
    /// An empty text for this stream.
    #[inline]
    pub fn new(stream: Stream) -> Writer {
        Writer {
            stream,
            len: 0,
            buffer: [const { MaybeUninit::uninit() }; BUFFER],
        }
    }

    /// Adds a byte as it is.
    pub fn byte(&mut self, byte: u8) -> &mut Self {
        if self.len >= BUFFER {
            self.flush();
        }
        if let Some(slot) = self.buffer.get_mut(self.len) {
            slot.write(byte);
            self.len += 1;
        }
        self
    }

    /// Adds bytes as they are.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        for &byte in bytes {
            self.byte(byte);
        }
        self
    }

    /// Adds text of our own.
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.bytes(text.as_bytes())
    }

    /// Adds bytes from outside, UTF-8 or not, such that they can neither break the line nor
    /// control a terminal: control characters and directional marks become `\u{…}`, bytes that are
    /// not UTF-8 become `\x…`.
    pub fn escaped(&mut self, mut bytes: &[u8]) -> &mut Self {
        while let Some(&first) = bytes.first() {
            let (character, len) = decode_character(bytes);
            let (head, rest) = bytes.split_at_checked(len).unwrap_or((bytes, &[]));
            match character {
                Some(character) if is_unprintable(character) => {
                    self.text("\\u{")
                        .hexadecimal(u64::from(character))
                        .text("}");
                }
                Some(_) => {
                    self.bytes(head);
                }
                None => {
                    self.text("\\x")
                        .hexadecimal(u64::from(first >> 4))
                        .hexadecimal(u64::from(first & 15));
                }
            }
            bytes = rest;
        }
        self
    }

    /// Adds a decimal number.
    pub fn decimal(&mut self, number: u64) -> &mut Self {
        self.digits(number, 10, 1)
    }

    /// Adds a signed decimal number.
    pub fn signed(&mut self, number: i64) -> &mut Self {
        if number < 0 {
            self.byte(b'-');
        }
        self.decimal(number.unsigned_abs())
    }

    /// Adds a hexadecimal number without prefix.
    pub fn hexadecimal(&mut self, number: u64) -> &mut Self {
        self.digits(number, 16, 1)
    }

    /// Adds a number with at least `width` digits, zeros first.
    pub fn digits(&mut self, mut number: u64, base: u64, width: usize) -> &mut Self {
        let mut digits = [0; 20];
        let mut start = digits.len();
        for slot in digits.iter_mut().rev() {
            let digit = (number % base) as u8;
            *slot = if digit < 10 {
                b'0' + digit
            } else {
                b'a' + digit - 10
            };
            start -= 1;
            number /= base;
            if number == 0 && start + width <= 20 {
                break;
            }
        }
        self.bytes(digits.get(start..).unwrap_or_default())
    }

    /// Ends the line, writes what was collected and ends the process with status 1.
    #[cold]
    pub fn exit(&mut self) -> ! {
        self.byte(b'\n').flush();
        process::exit(STATUS_NO_START)
    }

    /// Writes what was collected; false when that fails.
    pub fn flush(&mut self) -> bool {
        let len = core::mem::take(&mut self.len).min(BUFFER);
        // SAFETY: the first `len` bytes have been written by `byte`.
        let bytes = unsafe { core::slice::from_raw_parts(self.buffer.as_ptr().cast::<u8>(), len) };
        match self.stream {
            Stream::Output => process::write_output(bytes),
            Stream::Error => {
                process::write_error(bytes);
                true
            }
        }
    }
}

/// Formatted text is escaped, as it may quote what comes from outside.
impl fmt::Write for Writer {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.escaped(text.as_bytes());
        Ok(())
    }
}

/// Writes `error: ` and a text of our own as one line to standard error and ends the process with
/// status 1.
///
/// Like everything that holds a [`Writer`] it must not become part of a function on the way of
/// every start, whose stack frame would then take another page.
#[cold]
#[inline(never)]
pub fn fail(text: &str) -> ! {
    error().text(text).exit()
}

/// The start of an error line, to be completed and ended with [`Writer::exit`].
#[cold]
pub fn error() -> Writer {
    let mut line = Writer::new(Stream::Error);
    line.text("error: ");
    line
}

/// The character that UTF-8 bytes start with, `None` when they are not UTF-8, and how many bytes
/// that takes.
fn decode_character(bytes: &[u8]) -> (Option<u32>, usize) {
    let &[first, ..] = bytes else {
        return (None, 0);
    };
    let (len, least, bits) = match first {
        0..0x80 => return (Some(u32::from(first)), 1),
        0xc2..0xe0 => (2, 0x80, first & 0x1f),
        0xe0..0xf0 => (3, 0x800, first & 0x0f),
        0xf0..0xf5 => (4, 0x1_0000, first & 0x07),
        _ => return (None, 1),
    };
    let mut character = u32::from(bits);
    for at in 1..len {
        match bytes.get(at) {
            Some(&byte) if byte & 0xc0 == 0x80 => {
                character = character << 6 | u32::from(byte & 0x3f);
            }
            _ => return (None, 1),
        }
    }
    if character < least || char::from_u32(character).is_none() {
        return (None, 1);
    }
    (Some(character), len)
}

/// Whether a character controls a line, a terminal or the direction of text.
fn is_unprintable(character: u32) -> bool {
    matches!(
        character,
        0..0x20 | 0x7f..0xa0 | 0x200e | 0x200f | 0x2028..=0x202e | 0x2066..=0x2069
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collect(build: impl FnOnce(&mut Writer) -> &mut Writer) -> String {
        let mut writer = Writer::new(Stream::Error);
        build(&mut writer);
        let bytes = writer.buffer[..writer.len].iter();
        // SAFETY: the writer has written these bytes.
        let bytes = bytes.map(|byte| unsafe { byte.assume_init() }).collect();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn writes_numbers() {
        assert_eq!(
            collect(|w| w.decimal(0).text(" ").decimal(u64::MAX)),
            "0 18446744073709551615"
        );
        assert_eq!(collect(|w| w.signed(i64::MIN)), "-9223372036854775808");
        assert_eq!(collect(|w| w.hexadecimal(0x1a3)), "1a3");
        assert_eq!(collect(|w| w.digits(7, 10, 3)), "007");
    }

    #[test]
    fn escapes_what_controls_a_terminal() {
        let text = |bytes: &[u8]| collect(|w| w.escaped(bytes));
        assert_eq!(text("größe ☃ 𝄞".as_bytes()), "größe ☃ 𝄞");
        assert_eq!(text(b"a\x1b[31m\n"), r"a\u{1b}[31m\u{a}");
        assert_eq!(text("\u{9b}\u{202e}x".as_bytes()), r"\u{9b}\u{202e}x");
        assert_eq!(text(b"\xff\xc3(\xed\xa0\x80"), r"\xff\xc3(\xed\xa0\x80");
    }
}
