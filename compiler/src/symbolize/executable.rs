//! What do addresses of an executable's code mean? Answered from its symbols, and from its own
//! debugging information, for profilers.

use std::borrow::Cow;

use object::{
    LittleEndian as Le, Object as _, ObjectSection as _, ObjectSymbol as _, SymbolKind,
    read::elf::ElfFile64,
};

use crate::dwarf::demangle::demangle;
use crate::dwarf::sections::{DebugSections, Malformed};
use crate::dwarf::source::SourceMap;

/// An executable, ready for questions.
#[derive(Debug)]
pub struct ExecutableSymbols {
    /// Functions by address: start, end, name.
    functions: Vec<(u64, u64, String)>,
    map: SourceMap,
    /// Parts of the file that become code: offset in the file, bytes, address.
    code: Vec<(u64, u64, u64)>,
}

/// A function at an address.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NativeFrame {
    /// Its name, demangled.
    pub name: String,
    /// The file and line that the code there comes from, if they are known.
    pub place: Option<(String, u32)>,
    /// Whether it is a call that was inlined into the next frame.
    pub inlined: bool,
}

impl ExecutableSymbols {
    /// Reads an executable; whatever it does not have is not known then.
    ///
    /// # Errors
    /// When it is no ELF file, or its debugging information is malformed.
    pub fn read(executable: &[u8]) -> Result<ExecutableSymbols, Malformed> {
        let text = |error: object::read::Error| Malformed(error.to_string());
        let file = ElfFile64::<Le>::parse(executable).map_err(text)?;
        let mut symbols: Vec<_> = file
            .symbols()
            .filter(|symbol| symbol.kind() == SymbolKind::Text && symbol.is_definition())
            .filter_map(|symbol| Some((symbol.address(), symbol.size(), symbol.name().ok()?)))
            .collect();
        symbols.sort_unstable();
        // Of several names of a function any will do, but for one without a size.
        symbols.dedup_by(|later, first| {
            let same = later.0 == first.0;
            if same && first.1 == 0 {
                *first = *later;
            }
            same
        });
        let ends = symbols.iter().skip(1).map(|symbol| symbol.0);
        let functions = symbols.iter().zip(ends.chain([u64::MAX]));
        let functions = functions.map(|(&(start, size, name), next)| {
            // Functions in assembly may have no size.
            let end = match size {
                0 => next,
                size => start.saturating_add(size).min(next),
            };
            (start, end, demangle(&unescape(name)).into_owned())
        });
        let functions = functions.collect();
        let mut debug = DebugSections::default();
        for section in file.sections() {
            if let (Ok(name), Ok(content)) = (section.name(), section.data()) {
                debug.note(name, content);
            }
        }
        let map = match debug.has_lines() {
            true => SourceMap::read(&debug)?,
            false => SourceMap::default(),
        };
        let code = file.elf_program_headers().iter();
        let code = code.filter(|segment| {
            segment.p_type.get(Le) == object::elf::PT_LOAD
                && segment.p_flags.get(Le) & object::elf::PF_X != 0
        });
        let code = code.map(|segment| {
            let (at, bytes) = (segment.p_offset.get(Le), segment.p_filesz.get(Le));
            (at, bytes, segment.p_vaddr.get(Le))
        });
        Ok(ExecutableSymbols {
            functions,
            map,
            code: code.collect(),
        })
    }

    /// What must be added to addresses of the file, when its bytes from `offset` on are mapped as
    /// code at an address; `None` when these bytes are not all code of this file's.
    pub fn bias(&self, offset: u64, bytes: u64, address: u64) -> Option<u64> {
        // Mappings are of whole pages.
        let within = |&&(at, size, _): &&(u64, u64, u64)| {
            offset <= at && at.saturating_add(size) <= offset.saturating_add(bytes)
        };
        let (at, _, start) = self.code.iter().find(within)?;
        Some(address.wrapping_add(at - offset).wrapping_sub(*start))
    }

    /// The functions at an address, the innermost first: inlined calls, then the function that has
    /// a symbol. None where no function is.
    pub fn frames(&self, address: u64) -> Vec<NativeFrame> {
        let next = self
            .functions
            .partition_point(|function| function.0 <= address);
        let Some((_, end, name)) = next.checked_sub(1).map(|at| &self.functions[at]) else {
            return Vec::new();
        };
        if address >= *end {
            return Vec::new();
        }
        let sources = self.map.frames(address);
        if sources.is_empty() {
            return vec![NativeFrame {
                name: name.clone(),
                place: None,
                inlined: false,
            }];
        }
        let frame = |source: crate::dwarf::source::SourceFrame| NativeFrame {
            inlined: source.inlined.is_some(),
            name: source.inlined.unwrap_or_else(|| name.clone()),
            place: source.place,
        };
        sources.into_iter().map(frame).collect()
    }
}

/// A name as it was before `emit::symbols` escaped it.
fn unescape(name: &str) -> Cow<'_, str> {
    if !name.contains("\\x") {
        return Cow::Borrowed(name);
    }
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let [first, after @ ..] = rest {
        let escaped = match rest {
            [b'\\', b'x', digits @ ..] => digits
                .get(..2)
                .and_then(|digits| u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()),
            _ => None,
        };
        match escaped {
            Some(byte) => {
                bytes.push(byte);
                rest = &rest[4..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_names_are_as_before() {
        assert_eq!(unescape("plain"), "plain");
        assert_eq!(unescape(r"a\x20b\x5cc"), r"a b\c");
        assert_eq!(unescape(r"cut\x2"), r"cut\x2");
        assert_eq!(unescape(r"no\xzz"), r"no\xzz");
    }

    #[test]
    fn symbols_say_what_debugging_information_does_not() {
        let symbols = ExecutableSymbols {
            functions: vec![
                (0x100, 0x110, "f".to_owned()),
                (0x120, 0x130, "g".to_owned()),
            ],
            map: SourceMap::default(),
            code: vec![(0x1100, 0x80, 0x3100)],
        };
        let names = |at| -> Vec<_> {
            let frames = symbols.frames(at);
            frames.into_iter().map(|frame| frame.name).collect()
        };
        assert_eq!(names(0x10f), ["f"]);
        assert_eq!(names(0x110), [""; 0]);
        assert_eq!(names(0x120), ["g"]);
        assert_eq!(names(0xff), [""; 0]);
        assert_eq!(symbols.bias(0x1000, 0x1000, 0x7000_1000), Some(0x6fff_e000));
        assert_eq!(symbols.bias(0x2000, 0x1000, 0x7000_0000), None);
        assert!(ExecutableSymbols::read(b"nothing").is_err());
    }
}
