//! What a backtrace says of files, lines and inlined calls, in programs with a table of them.

use super::unwind::{INDENT, Image, leb128};
use crate::boot::image::program;
use crate::output::Writer;
use wasmc_abi::layout::TextRecord;

/// Inlined calls printed of a frame.
const SHOWN_CALLS: usize = 64;

/// Writes the calls that were inlined where a frame stands, each with its file and line, then the
/// name of its function, and where that stands.
///
/// # Safety
/// The program must have a [`SourceTable`](wasmc_abi::layout::SourceTable), and `text` be a
/// [`Writer`] that nothing else uses.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe fn wasmc_write_source(text: *mut (), function: usize, offset: u32) {
    // SAFETY: as the caller vouches.
    let text = unsafe { &mut *text.cast::<Writer>() };
    let image = Image::new(program());
    let Some(record) = image.functions.get(function) else {
        return;
    };
    // SAFETY: the compiler has written the table's arrays.
    let sources = unsafe {
        let table = &*program().sources.get();
        Sources {
            starts: table.starts.get(),
            places: table.places.get(),
            calls: table.calls.get(),
            texts: table.texts.get(),
            names: image.names,
        }
    };
    let place = sources.place(function, offset);
    let mut here = place.and_then(|place| sources.line_of(place.file, place.line));
    let mut call = place.map_or(0, |place| place.call);
    for _ in 0..SHOWN_CALLS {
        let Some(inlined) = sources.call(call) else {
            break;
        };
        match inlined.name.and_then(|name| sources.text_at(name)) {
            Some((start, rest)) => text.escaped(start).escaped(rest),
            None => text.text("<unknown>"),
        };
        text.text(" (inlined)\n");
        write_place(text, here);
        text.text(INDENT);
        here = sources.line_of(inlined.file, inlined.line);
        call = inlined.parent;
    }
    image.write_name(text, record);
    write_place(text, here);
}

/// Writes the file and line of a frame, if they are known, in a form that editors make links of.
fn write_place(text: &mut Writer, place: Option<(SourceText, u64)>) {
    if let Some(((folder, file), line)) = place {
        text.text(INDENT).text("    at ");
        text.escaped(folder).escaped(file).byte(b':');
        text.decimal(line).byte(b'\n');
    }
}

/// What is known of files and lines: see [`SourceTable`](wasmc_abi::layout::SourceTable).
struct Sources {
    starts: &'static [u32],
    places: &'static [u8],
    calls: &'static [u8],
    texts: &'static [TextRecord],
    /// The program's names, which the texts are among.
    names: &'static [u8],
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

impl Sources {
    /// Where in the source an offset in the code of a function stands.
    fn place(&self, function: usize, offset: u32) -> Option<SourcePlace> {
        let start = *self.starts.get(function)? as usize;
        let end = match self.starts.get(function + 1) {
            Some(&end) => end as usize,
            None => self.places.len(),
        };
        find_place(self.places.get(start..end)?, offset)
    }

    /// The inlined call of this number.
    fn call(&self, number: u64) -> Option<InlinedCall> {
        let at = usize::try_from(number).ok()?.checked_sub(1)?;
        let mut bytes = self.calls.get(at..)?;
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
        let record = self.texts.get(usize::try_from(number).ok()?)?;
        let part = |record: &TextRecord| {
            let text = self.names.get(record.start as usize..)?;
            text.get(..record.len as usize)
        };
        let folder = match record.folder.checked_sub(1) {
            Some(folder) => part(self.texts.get(folder as usize)?)?,
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

#[cfg(test)]
mod tests {
    use super::*;

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
