//! Which custom sections of a module hold debugging information?
//!
//! DWARF in WebAssembly: sections of the names that ELF has, in which addresses count from the
//! beginning of the code section's contents
//! (<https://yurydelendik.github.io/webassembly-dwarf/>).

use std::collections::HashSet;
use std::fmt;

use gimli::{EndianSlice, LittleEndian, Section as _, SectionId};
use wasmparser::{BinaryReader, Parser, Payload};

use crate::error::Error;

/// How the sections are read.
pub type Reader<'a> = EndianSlice<'a, LittleEndian>;

/// The custom section that says where debugging information lies.
const EXTERNAL: &str = "external_debug_info";
/// Most bytes of abbreviations that reading may come to, over all units.
const MAX_ABBREVIATIONS: u64 = 1 << 33;

/// Why debugging information is of no use: it is malformed, or made to take forever.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Malformed(pub String);

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Malformed {}

impl From<gimli::write::Error> for Malformed {
    fn from(error: gimli::write::Error) -> Malformed {
        Malformed(error.to_string())
    }
}

impl From<gimli::write::ConvertError> for Malformed {
    fn from(error: gimli::write::ConvertError) -> Malformed {
        Malformed(error.to_string())
    }
}

impl From<gimli::Error> for Malformed {
    fn from(error: gimli::Error) -> Malformed {
        Malformed(error.to_string())
    }
}

/// The debugging information of a module, unread.
#[derive(Clone, Debug, Default)]
pub struct DebugSections<'a> {
    /// Where in the module the contents of the code section begin: address 0 of DWARF.
    pub code_start: u64,
    /// The sections named `.debug_…`: names and contents.
    pub sections: Vec<(&'a str, &'a [u8])>,
}

impl<'a> DebugSections<'a> {
    /// Notes a custom section if it is one of these.
    pub fn note(&mut self, name: &'a str, content: &'a [u8]) {
        if name.starts_with(".debug_") {
            self.sections.push((name, content));
        }
    }

    /// Whether there is a line table.
    pub fn has_lines(&self) -> bool {
        self.get(".debug_line").is_some()
    }

    /// Bytes of all sections.
    pub fn len(&self) -> usize {
        self.sections.iter().map(|(_, content)| content.len()).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.sections.is_empty()
    }

    /// The sections as gimli reads them. Abbreviations that several units share are read once.
    ///
    /// # Errors
    /// When the units' headers are malformed, or when there are so many tables of abbreviations that
    /// reading them might take minutes: they may overlap.
    pub fn dwarf(&self) -> Result<gimli::Dwarf<Reader<'a>>, Malformed> {
        let load = |id: SectionId| {
            let content = self.get(id.name()).unwrap_or_default();
            Ok::<_, Malformed>(EndianSlice::new(content, LittleEndian))
        };
        let mut dwarf = gimli::Dwarf::load(load)?;
        let mut tables = HashSet::new();
        let mut units = dwarf.units();
        while let Some(unit) = units.next()? {
            tables.insert(unit.debug_abbrev_offset().0);
        }
        let table_bytes = dwarf.debug_abbrev.reader().len() as u64;
        if tables.len() as u64 * table_bytes > MAX_ABBREVIATIONS {
            return Err(Malformed("the abbreviations are too many".to_owned()));
        }
        dwarf.populate_abbreviations_cache(gimli::AbbreviationsCacheStrategy::Duplicates);
        Ok(dwarf)
    }

    fn get(&self, name: &str) -> Option<&'a [u8]> {
        let found = self.sections.iter().find(|(known, _)| *known == name);
        found.map(|(_, content)| *content)
    }
}

/// The path or URL of the module that has this one's debugging information, if it names one.
pub fn external_debug_info(module: &[u8]) -> Option<&str> {
    let payloads = Parser::new(0).parse_all(module).map_while(Result::ok);
    let mut named = payloads.filter_map(|payload| match payload {
        Payload::CustomSection(section) if section.name() == EXTERNAL => {
            BinaryReader::new(section.data(), 0).read_string().ok()
        }
        _ => None,
    });
    named.next()
}

/// The debugging sections of a module that holds them for another one.
///
/// # Errors
/// [`Error::Invalid`] when its sections are malformed.
pub fn of_module(module: &[u8]) -> crate::error::Result<Vec<(&str, &[u8])>> {
    let mut debug = DebugSections::default();
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload.map_err(|error| Error::invalid(&error))?;
        if let Payload::CustomSection(section) = payload {
            debug.note(section.name(), section.data());
        }
    }
    Ok(debug.sections)
}

/// The warning that debugging information is malformed; `instance` is empty for the only one.
pub(crate) fn unusable(instance: &str, error: &Malformed) -> String {
    let of = match instance {
        "" => String::new(),
        name => format!(" of `{name}`"),
    };
    format!("the debugging information{of} is left out: {error}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_sections_are_not_noted() {
        let mut sections = DebugSections::default();
        sections.note("name", b"x");
        sections.note(".debug_line", b"line");
        assert!(sections.has_lines());
        assert_eq!(sections.len(), 4);
        let module = |name: &str| {
            let text = format!(r#"(module (@custom "external_debug_info" "{name}"))"#);
            wat::parse_str(text).unwrap()
        };
        assert_eq!(external_debug_info(&module("\\05a.dwo")), Some("a.dwo"));
        assert_eq!(external_debug_info(&module("\\05a")), None);
    }
}
