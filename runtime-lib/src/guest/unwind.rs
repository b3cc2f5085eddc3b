//! The backtrace of a trap: a walk over frame pointers, and the tables that name what it finds.

use crate::arch::{self, Registers};
use crate::output::Writer;
use core::ops::Range;
use wasmc_abi::layout::{FunctionRecord, Program};

/// Frames printed from each end of a deep stack.
const SHOWN: usize = 32;
/// Under a frame's offset and name: what else there is to say of it.
pub const INDENT: &str = "         ";

/// How much of a backtrace is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// Nothing.
    Nothing,
    /// The ends of a deep stack.
    Ends,
    /// Every frame.
    Everything,
}

/// Writes the guest's frames, innermost first, with the calls that were inlined into each. Frames
/// of the runtime and of trampolines are left out.
pub fn write_backtrace(
    text: &mut Writer,
    program: &'static Program,
    registers: Registers,
    stack: Range<usize>,
    detail: Detail,
) {
    if detail == Detail::Nothing {
        return;
    }
    let image = Image::new(program);
    let frames = || Frames::new(&image, registers, stack.clone());
    let total = match detail {
        Detail::Everything => 0,
        _ => frames().count(),
    };
    for (number, frame) in frames().enumerate() {
        if total > 2 * SHOWN && (SHOWN..total - SHOWN).contains(&number) {
            if number == SHOWN {
                text.text("    ... ")
                    .decimal((total - 2 * SHOWN) as u64)
                    .text(" frames ...\n");
            }
            continue;
        }
        if number < 10000 {
            let width = if number < 10 {
                4
            } else if number < 100 {
                3
            } else {
                2
            };
            for _ in 0..width {
                text.byte(b' ');
            }
        }
        text.decimal(number as u64).text(": ");
        if let Some(offset) = image.source_offset(&frame) {
            text.text("0x").hexadecimal(offset).text(" - ");
        }
        // SAFETY: the compiler has written the table, and in it the address of a function that is
        // only part of programs with one; `text` is what it is told to be.
        unsafe {
            match program.sources.get().as_ref() {
                Some(sources) => {
                    let offset = frame.offset.wrapping_sub(frame.function.start);
                    sources.write.function()((&raw mut *text).cast(), frame.function_index, offset);
                }
                None => image.write_name(text, frame.function),
            }
        }
    }
}

/// The tables of a program that a backtrace needs.
pub struct Image {
    text: &'static [u8],
    /// The functions, in the order of their code.
    pub functions: &'static [FunctionRecord],
    /// All names, one behind the other.
    pub names: &'static [u8],
    lines: &'static [u8],
}

impl Image {
    /// Those of this program.
    pub fn new(program: &'static Program) -> Image {
        // SAFETY: the compiler has written these arrays.
        unsafe {
            Image {
                text: program.text.get(),
                functions: program.functions.get(),
                names: program.names.get(),
                lines: program.lines.get(),
            }
        }
    }

    /// The offset in the text of an address of the guest's code.
    fn text_offset(&self, address: usize) -> Option<u32> {
        let offset = address.wrapping_sub(self.text.as_ptr() as usize);
        // A return address may lie behind the last instruction of the text.
        (offset <= self.text.len()).then_some(offset as u32)
    }

    /// The index of the function that holds a text offset.
    fn function_index(&self, offset: u32) -> Option<usize> {
        self.functions
            .partition_point(|function| function.start <= offset)
            .checked_sub(1)
    }

    fn name(&self, function: &FunctionRecord) -> Option<&'static [u8]> {
        if function.name_len == 0 {
            return None;
        }
        let names = self.names.get(function.name as usize..)?;
        names.get(..function.name_len as usize)
    }

    /// Writes a function's name, or its index, and ends the line.
    pub fn write_name(&self, text: &mut Writer, function: &FunctionRecord) {
        match self.name(function) {
            Some(name) => text.escaped(name),
            None => text
                .text("func[")
                .decimal(u64::from(function.index))
                .text("]"),
        };
        text.byte(b'\n');
    }

    /// The byte offset in the WebAssembly module that a frame stands at.
    fn source_offset(&self, frame: &Frame) -> Option<u64> {
        let end = match self.functions.get(frame.function_index + 1) {
            Some(next) => next.lines as usize,
            None => self.lines.len(),
        };
        let lines = self.lines.get(frame.function.lines as usize..end)?;
        find_source_offset(lines, frame.offset.checked_sub(frame.function.start)?)
    }
}

/// The source offset of the last pair at or before `target`, or else of the first pair (see
/// [`FunctionRecord::lines`]).
fn find_source_offset(mut lines: &[u8], target: u32) -> Option<u64> {
    let mut found = None;
    let (mut offset, mut source) = (0u64, 0i64);
    while !lines.is_empty() {
        let (Some(delta), Some(source_delta)) =
            (leb128(&mut lines, false), leb128(&mut lines, true))
        else {
            break;
        };
        offset = offset.wrapping_add(delta as u64);
        source = source.wrapping_add(source_delta);
        if found.is_some() && offset > u64::from(target) {
            break;
        }
        found = Some(source as u64);
    }
    found
}

/// Takes a LEB128 number from the front of `bytes`.
pub fn leb128(bytes: &mut &[u8], signed: bool) -> Option<i64> {
    let (mut value, mut shift) = (0i64, 0);
    loop {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        if shift < 64 {
            value |= i64::from(byte & 0x7f) << shift;
        }
        shift += 7;
        if byte & 0x80 == 0 {
            if signed && byte & 0x40 != 0 && shift < 64 {
                value |= -1 << shift;
            }
            return Some(value);
        }
    }
}

/// A frame of a function of the guest.
struct Frame {
    function: &'static FunctionRecord,
    function_index: usize,
    /// Text offset of the trap or of the return address.
    offset: u32,
}

/// The walk over the guest's stack. It reads that stack only, and only upwards, so that it ends
/// whatever the stack holds.
struct Frames<'a> {
    image: &'a Image,
    stack: Range<usize>,
    registers: Registers,
    /// The next address to look at.
    pc: Option<usize>,
    /// The frame pointer of the function of `pc`.
    fp: usize,
    innermost: bool,
}

impl<'a> Frames<'a> {
    fn new(image: &'a Image, registers: Registers, stack: Range<usize>) -> Self {
        Frames {
            image,
            stack,
            registers,
            pc: Some(registers.pc),
            fp: registers.fp,
            innermost: true,
        }
    }

    fn read(&self, address: usize) -> Option<usize> {
        let end = address.checked_add(size_of::<usize>())?;
        if !address.is_multiple_of(size_of::<usize>())
            || address < self.stack.start
            || end > self.stack.end
        {
            return None;
        }
        // SAFETY: the word lies in the guest's stack, which stays mapped.
        Some(unsafe { core::ptr::with_exposed_provenance::<usize>(address).read() })
    }

    /// The return address and frame pointer of the caller by the frame record at `fp`.
    fn pop(&mut self) -> Option<usize> {
        let caller_fp = self.read(self.fp)?;
        let return_address = self.read(self.fp + size_of::<usize>())?;
        // The stack grows downwards: callers lie above. What does not is the end.
        self.fp = if caller_fp > self.fp { caller_fp } else { 0 };
        Some(return_address)
    }
}

impl Iterator for Frames<'_> {
    type Item = Frame;

    fn next(&mut self) -> Option<Frame> {
        loop {
            let pc = self.pc?;
            let innermost = core::mem::replace(&mut self.innermost, false);
            let found = self.image.text_offset(pc).and_then(|offset| {
                // A return address belongs to the call before it, which may end its function.
                let within = if innermost {
                    offset
                } else {
                    offset.checked_sub(1)?
                };
                let index = self.image.function_index(within)?;
                Some((offset, index, self.image.functions.get(index)?))
            });
            let without_frame = match found {
                Some((offset, _, function)) if innermost => arch::return_without_frame(
                    &self.registers,
                    (offset - function.start) as usize,
                    self.image.text.get(offset as usize..).unwrap_or_default(),
                    |address| self.read(address),
                ),
                _ => None,
            };
            self.pc = match without_frame {
                Some(return_address) => Some(return_address),
                None => self.pop(),
            }
            .map(arch::strip_return_address);
            match found {
                Some((offset, function_index, function)) if function.index != u32::MAX => {
                    return Some(Frame {
                        function,
                        function_index,
                        offset,
                    });
                }
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_leb128() {
        let mut bytes: &[u8] = &[0xe5, 0x8e, 0x26, 0x9b, 0xf1, 0x59, 0x7f];
        assert_eq!(leb128(&mut bytes, false), Some(624_485));
        assert_eq!(leb128(&mut bytes, true), Some(-624_485));
        assert_eq!(leb128(&mut bytes, true), Some(-1));
        assert_eq!(leb128(&mut bytes, true), None);
    }

    #[test]
    fn finds_the_last_line_at_or_before() {
        // (4, 100), (10, 90), (10, 300)
        let lines = [4, 0xe4, 0x00, 6, 0x76, 0, 0xd2, 0x01];
        assert_eq!(find_source_offset(&lines, 0), Some(100));
        assert_eq!(find_source_offset(&lines, 4), Some(100));
        assert_eq!(find_source_offset(&lines, 9), Some(100));
        assert_eq!(find_source_offset(&lines, 10), Some(300));
        assert_eq!(find_source_offset(&lines, 99), Some(300));
        assert_eq!(find_source_offset(&[], 0), None);
        assert_eq!(find_source_offset(&[1], 0), None);
    }
}
