//! What do the offsets of a backtrace mean in the source? Answered from the module, for programs
//! that do not say it themselves.
//!
//! A frame of a backtrace is a line such as `   3: 0x1a3 - name`. Lines indented further belong to
//! it; they are replaced by what is found.

mod executable;

pub use executable::{ExecutableSymbols, NativeFrame};

use std::fmt::Write as _;

use wasmparser::{KnownCustom, Parser, Payload};

pub use crate::dwarf::demangle::demangle;
pub use crate::dwarf::sections::external_debug_info;
use crate::dwarf::sections::{self, DebugSections, unusable};
use crate::dwarf::source::SourceMap;
use crate::error::{Error, Result};
use crate::names::Names;

/// Spaces before what belongs to a frame but is not its first line.
const INDENT: &str = "         ";

/// A module, ready for questions.
#[derive(Debug)]
#[non_exhaustive]
pub struct Symbolizer {
    code_start: u64,
    map: SourceMap,
    /// Functions: where their bodies begin and end, index, name.
    functions: Vec<(u64, u64, u32, Option<String>)>,
    /// Why nothing is known of lines, if so.
    pub warning: Option<String>,
}

impl Symbolizer {
    /// Reads a module; `external` is another one that has its debugging information.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the module's sections are malformed.
    pub fn new(module: &[u8], external: Option<&[u8]>) -> Result<Symbolizer> {
        let mut debug = DebugSections::default();
        let mut names = Names::default();
        let mut bodies = Vec::new();
        let mut imports = 0;
        for payload in Parser::new(0).parse_all(module) {
            match payload.map_err(|error| Error::invalid(&error))? {
                Payload::ImportSection(reader) => {
                    for import in reader.into_imports() {
                        let import = import.map_err(|error| Error::invalid(&error))?;
                        let is_func = matches!(
                            import.ty,
                            wasmparser::TypeRef::Func(_) | wasmparser::TypeRef::FuncExact(_)
                        );
                        imports += u32::from(is_func);
                    }
                }
                Payload::CodeSectionStart {
                    unchecked_range, ..
                } => debug.code_start = unchecked_range.start,
                Payload::CodeSectionEntry(body) => bodies.push(body.range()),
                Payload::CustomSection(section) => match section.as_known() {
                    KnownCustom::Name(section) => names.read(section),
                    _ => debug.note(section.name(), section.data()),
                },
                Payload::ComponentTypeSection(_) | Payload::ModuleSection { .. } => {
                    return Err(crate::parse::is_a_component());
                }
                _ => {}
            }
        }
        if let Some(external) = external {
            debug.sections = sections::of_module(external)?;
        }
        let (map, warning) = if debug.has_lines() {
            match SourceMap::read(&debug) {
                Ok(map) => (map, None),
                Err(error) => (SourceMap::default(), Some(unusable("", &error))),
            }
        } else {
            let message = "the module has no line table: it was built without `-g`, or stripped";
            (SourceMap::default(), Some(message.to_owned()))
        };
        let functions = bodies.into_iter().zip(imports..).map(|(range, index)| {
            let name = names.funcs.get(&index).map(|name| (*name).to_owned());
            (range.start, range.end, index, name)
        });
        Ok(Symbolizer {
            code_start: debug.code_start,
            map,
            functions: functions.collect(),
            warning,
        })
    }

    /// What stands behind `0x1a3 - ` for a byte offset in the module: the functions that the
    /// instruction there is in, innermost first, with files and lines; `None` for an offset without
    /// a function. `name` is the function's, if it is known from elsewhere.
    pub fn describe(&self, offset: u64, name: Option<&str>) -> Option<String> {
        let next = self
            .functions
            .partition_point(|function| function.0 <= offset);
        let (_, end, index, known) = &self.functions[next.checked_sub(1)?];
        if offset >= *end {
            return None;
        }
        let function = match known.as_deref().or(name) {
            Some(name) => demangle(name).into_owned(),
            None => format!("func[{index}]"),
        };
        let mut text = String::new();
        let mut frames = self.map.frames(offset.checked_sub(self.code_start)?);
        if frames.is_empty() {
            return Some(function);
        }
        let outermost = frames.pop();
        for frame in &frames {
            let name = frame.inlined.as_deref().unwrap_or_default();
            let _ = writeln!(text, "{name} (inlined)");
            push_place(&mut text, frame.place.as_ref());
            text.push_str(INDENT);
        }
        text.push_str(&function);
        if let Some(place) = outermost.and_then(|frame| frame.place) {
            text.push('\n');
            push_place(&mut text, Some(&place));
            text.pop();
        }
        Some(text)
    }

    /// A text with backtraces in it, with their frames replaced by what is known.
    pub fn rewrite(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len() * 2);
        let mut in_frame = false;
        for line in text.split_inclusive('\n') {
            let bare = line.trim_end_matches(['\n', '\r']);
            if in_frame && bare.starts_with(INDENT) && frame_of(bare).is_none() {
                continue;
            }
            in_frame = false;
            let described = frame_of(bare)
                .and_then(|(head, offset, name)| Some((head, self.describe(offset, Some(name))?)));
            match described {
                Some((head, described)) => {
                    in_frame = true;
                    out.push_str(head);
                    out.push_str(&described);
                    out.push_str(&line[bare.len()..]);
                }
                None => out.push_str(line),
            }
        }
        out
    }
}

/// The parts of a line that is a frame: what stands before the name, the offset, the name.
fn frame_of(line: &str) -> Option<(&str, u64, &str)> {
    let start = line.find("0x")?;
    let number = line[..start].trim().strip_suffix(':')?;
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let rest = &line[start + 2..];
    let digits = rest.bytes().take_while(u8::is_ascii_hexdigit).count();
    let offset = u64::from_str_radix(&rest[..digits], 16).ok()?;
    let name = rest[digits..].strip_prefix(" - ")?;
    Some((&line[..line.len() - name.len()], offset, name))
}

fn push_place(text: &mut String, place: Option<&(String, u32)>) {
    if let Some((file, line)) = place {
        let _ = writeln!(text, "{INDENT}    at {file}:{line}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_told_from_other_lines() {
        assert_eq!(
            frame_of("   12: 0x1a3 - a - b"),
            Some(("   12: 0x1a3 - ", 0x1a3, "a - b"))
        );
        for line in [
            "",
            "0x12 - a",
            "x: 0x12 - a",
            "1: 0x - a",
            "1: 0x12",
            "at a.c:1",
        ] {
            assert_eq!(frame_of(line), None, "{line}");
        }
    }

    #[test]
    fn a_module_without_lines_still_has_names() {
        let module = wat::parse_str("(module (func) (func $work unreachable))").unwrap();
        let symbolizer = Symbolizer::new(&module, None).unwrap();
        assert!(symbolizer.warning.is_some());
        let at = symbolizer.functions[1].0 + 1;
        assert_eq!(symbolizer.describe(at, None).as_deref(), Some("work"));
        let at = symbolizer.functions[0].0 + 1;
        assert_eq!(symbolizer.describe(at, None).as_deref(), Some("func[0]"));
        assert_eq!(symbolizer.describe(1 << 40, None), None);
        let text = format!("wasm trap: x\n    0: {at:#x} - old\n              at old.c:1\nend");
        let expected = format!("wasm trap: x\n    0: {at:#x} - old\nend");
        assert_eq!(symbolizer.rewrite(&text), expected);
    }
}
