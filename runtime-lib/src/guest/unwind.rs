//! The backtrace of a trap: a walk over frame pointers, and the tables that name what it finds.

use crate::arch::{self, Registers};
use crate::output::Writer;
use core::ops::Range;
use wasmc_abi::layout::{FunctionRecord, Program, TextRecord};

/// Frames printed from each end of a deep stack.
const SHOWN: usize = 32;
/// Inlined calls printed of a frame.
const SHOWN_CALLS: usize = 64;
/// Under a frame's offset and name: what else there is to say of it.
const INDENT: &str = "         ";

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
        let place = image.place(&frame);
        let mut here = place.and_then(|place| image.line_of(place.file, place.line));
        let mut call = place.map_or(0, |place| place.call);
        for _ in 0..SHOWN_CALLS {
            let Some(inlined) = image.call(call) else {
                break;
            };
            match inlined.name.and_then(|name| image.text_at(name)) {
                Some((start, rest)) => text.escaped(start).escaped(rest),
                None => text.text("<unknown>"),
            };
            text.text(" (inlined)\n");
            write_place(text, here);
            text.text(INDENT);
            here = image.line_of(inlined.file, inlined.line);
            call = inlined.parent;
        }
        match image.name(frame.function) {
            Some(name) => text.escaped(name),
            None => text
                .text("func[")
                .decimal(u64::from(frame.function.index))
                .text("]"),
        };
        text.byte(b'\n');
        write_place(text, here);
    }
}

/// Writes the file and line of a frame, if they are known, in a form that editors make links of.
fn write_place(text: &mut Writer, place: Option<(SourceText, u64)>) {
    if let Some(((folder, file), line)) = place {
        text.text(INDENT).text("    at ");
        text.escaped(folder).escaped(file).byte(b':');
        text.decimal(line).byte(b'\n');
    }
}

/// The tables of a program that a backtrace needs.
struct Image {
    text: &'static [u8],
    functions: &'static [FunctionRecord],
    names: &'static [u8],
    lines: &'static [u8],
    sources: Sources,
}

/// What is known of files and lines: see [`SourceTable`](wasmc_abi::layout::SourceTable). Empty in a program without.
#[derive(Default)]
struct Sources {
    starts: &'static [u32],
    places: &'static [u8],
    calls: &'static [u8],
    texts: &'static [TextRecord],
}

/// A text in two parts, one behind the other: see [`TextRecord`].
type SourceText = (&'static [u8], &'static [u8]);

/// Where a frame is in the source, in the numbers of a [`SourceTable`](wasmc_abi::layout::SourceTable).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct SourcePlace {
    file: u64,
    line: u64,
    call: u64,
}

/// A call that was inlined, in the numbers of a [`SourceTable`](wasmc_abi::layout::SourceTable).
struct InlinedCall {
    parent: u64,
    name: Option<u64>,
    file: u64,
    line: u64,
}

impl Image {
    fn new(program: &'static Program) -> Image {
        // SAFETY: the compiler has written these arrays.
        unsafe {
            Image {
                text: program.text.get(),
                functions: program.functions.get(),
                names: program.names.get(),
                lines: program.lines.get(),
                sources: match program.sources.get().as_ref() {
                    Some(table) => Sources {
                        starts: table.starts.get(),
                        places: table.places.get(),
                        calls: table.calls.get(),
                        texts: table.texts.get(),
                    },
                    None => Sources::default(),
                },
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

    /// The byte offset in the WebAssembly module that a frame stands at.
    fn source_offset(&self, frame: &Frame) -> Option<u64> {
        let end = match self.functions.get(frame.function_index + 1) {
            Some(next) => next.lines as usize,
            None => self.lines.len(),
        };
        let lines = self.lines.get(frame.function.lines as usize..end)?;
        find_source_offset(lines, frame.offset.checked_sub(frame.function.start)?)
    }

    /// Where in the source a frame stands.
    fn place(&self, frame: &Frame) -> Option<SourcePlace> {
        let starts = self.sources.starts;
        let start = *starts.get(frame.function_index)? as usize;
        let end = match starts.get(frame.function_index + 1) {
            Some(&end) => end as usize,
            None => self.sources.places.len(),
        };
        let places = self.sources.places.get(start..end)?;
        find_place(places, frame.offset.checked_sub(frame.function.start)?)
    }

    /// The inlined call of this number.
    fn call(&self, number: u64) -> Option<InlinedCall> {
        let at = usize::try_from(number).ok()?.checked_sub(1)?;
        let mut bytes = self.sources.calls.get(at..)?;
        let mut next = || leb128(&mut bytes, false).map(|value| value as u64);
        let (distance, name, file, line) = (next()?, next()?, next()?, next()?);
        Some(InlinedCall {
            parent: match distance {
                0 => 0,
                distance => number.checked_sub(distance)?,
            },
            name: name.checked_sub(1),
            file,
            line,
        })
    }

    /// A file and a line, if there is one.
    fn line_of(&self, file: u64, line: u64) -> Option<(SourceText, u64)> {
        (line > 0).then_some((self.text_at(file)?, line))
    }

    /// The text of this number.
    fn text_at(&self, number: u64) -> Option<SourceText> {
        let record = self.sources.texts.get(usize::try_from(number).ok()?)?;
        let part = |record: &TextRecord| {
            let text = self.names.get(record.start as usize..)?;
            text.get(..record.len as usize)
        };
        let folder = match record.folder.checked_sub(1) {
            Some(folder) => part(self.sources.texts.get(folder as usize)?)?,
            None => &[],
        };
        Some((folder, part(record)?))
    }
}

/// The last place at or before `target` of a function's list (see [`SourceTable`](wasmc_abi::layout::SourceTable)).
fn find_place(mut places: &[u8], target: u32) -> Option<SourcePlace> {
    let mut found = None;
    let mut offset = 0u64;
    let mut here = SourcePlace {
        file: 0,
        line: 0,
        call: 0,
    };
    while !places.is_empty() {
        let head = leb128(&mut places, false)? as u64;
        offset = offset.wrapping_add(head >> 2);
        if offset > u64::from(target) {
            break;
        }
        let line = leb128(&mut places, true)?;
        here.line = here.line.wrapping_add_signed(line);
        if head & 1 != 0 {
            here.file = leb128(&mut places, false)? as u64;
        }
        if head & 2 != 0 {
            let call = leb128(&mut places, true)?;
            here.call = here.call.wrapping_add_signed(call);
        }
        found = Some(here);
    }
    found
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
fn leb128(bytes: &mut &[u8], signed: bool) -> Option<i64> {
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

    #[test]
    fn finds_the_last_place_at_or_before() {
        // From 4 on line 10 of file 0; from 6 on line 9 of file 2, in call 3; from 70 on no call.
        let places = [4 << 2, 10, (2 << 2) | 3, 0x7f, 2, 3, 0x82, 0x02, 1, 0x7d];
        let place = |line, file, call| Some(SourcePlace { file, line, call });
        assert_eq!(find_place(&places, 3), None);
        assert_eq!(find_place(&places, 5), place(10, 0, 0));
        assert_eq!(find_place(&places, 69), place(9, 2, 3));
        assert_eq!(find_place(&places, 70), place(10, 2, 0));
        assert_eq!(find_place(&places[..5], 70), None);
    }
}
