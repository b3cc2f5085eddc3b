//! What does the name section call the parts of a module?
//!
//! Names are advice: a malformed name section is read as far as it goes. See the specification's
//! [appendix](https://webassembly.github.io/spec/core/appendix/custom.html#name-section) and the
//! proposal of extended names.

use std::collections::HashMap;

use wasmparser::{IndirectNameMap, Name, NameMap, NameSectionReader};

/// What a name may be of, other than the module and functions.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[expect(missing_docs, reason = "the names are the specification's")]
#[non_exhaustive]
pub enum Named {
    Type,
    Table,
    Memory,
    Global,
    Elem,
    Data,
    Tag,
}

impl Named {
    /// Every kind, in the order of the name section.
    pub const ALL: [Named; 7] = [
        Named::Type,
        Named::Table,
        Named::Memory,
        Named::Global,
        Named::Elem,
        Named::Data,
        Named::Tag,
    ];

    /// A word for what is named.
    pub fn word(self) -> &'static str {
        match self {
            Named::Type => "type",
            Named::Table => "table",
            Named::Memory => "memory",
            Named::Global => "global",
            Named::Elem => "elem",
            Named::Data => "data",
            Named::Tag => "tag",
        }
    }
}

/// The names of a module.
#[derive(Clone, Debug, Default)]
pub struct Names<'a> {
    /// The module's own.
    pub module: Option<&'a str>,
    /// Those of functions, by index.
    pub funcs: HashMap<u32, &'a str>,
    /// Those of other entities, by kind and index.
    pub entities: HashMap<(Named, u32), &'a str>,
    /// How many locals have one.
    pub locals: usize,
    /// How many labels have one.
    pub labels: usize,
    /// How many fields of structures have one.
    pub fields: usize,
}

impl<'a> Names<'a> {
    /// Adds the names of a name section, up to the first that is malformed.
    pub fn read(&mut self, section: NameSectionReader<'a>) {
        // The error says where the rest was left out, which nobody needs to know.
        let _ = self.read_all(section);
    }

    /// The name of an entity.
    pub fn get(&self, kind: Named, index: u32) -> Option<&'a str> {
        self.entities.get(&(kind, index)).copied()
    }

    /// The names of a kind of entity, by index, in the order of the indices.
    pub fn of_kind(&self, kind: Named) -> Vec<(u32, &'a str)> {
        let of_kind = self.entities.iter().filter(|((of, _), _)| *of == kind);
        let mut names: Vec<_> = of_kind.map(|(&(_, index), &name)| (index, name)).collect();
        names.sort_unstable();
        names
    }

    fn read_all(&mut self, section: NameSectionReader<'a>) -> Result<(), wasmparser::Error> {
        for name in section {
            match name? {
                Name::Module { name, .. } => self.module = Some(name),
                Name::Function(map) => {
                    for naming in map {
                        let naming = naming?;
                        self.funcs.insert(naming.index, naming.name);
                    }
                }
                Name::Local(map) => self.locals += count(map)?,
                Name::Label(map) => self.labels += count(map)?,
                Name::Field(map) => self.fields += count(map)?,
                Name::Type(map) => self.read_map(Named::Type, map)?,
                Name::Table(map) => self.read_map(Named::Table, map)?,
                Name::Memory(map) => self.read_map(Named::Memory, map)?,
                Name::Global(map) => self.read_map(Named::Global, map)?,
                Name::Element(map) => self.read_map(Named::Elem, map)?,
                Name::Data(map) => self.read_map(Named::Data, map)?,
                Name::Tag(map) => self.read_map(Named::Tag, map)?,
                Name::Parameter(_) | Name::TagParameter(_) | Name::Unknown { .. } => {}
            }
        }
        Ok(())
    }

    fn read_map(&mut self, kind: Named, map: NameMap<'a>) -> Result<(), wasmparser::Error> {
        for naming in map {
            let naming = naming?;
            self.entities.insert((kind, naming.index), naming.name);
        }
        Ok(())
    }
}

fn count(map: IndirectNameMap<'_>) -> Result<usize, wasmparser::Error> {
    let mut count = 0;
    for naming in map {
        for naming in naming?.names {
            naming?;
            count += 1;
        }
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasmparser::BinaryReader;

    /// A subsection of a name section.
    fn subsection(id: u8, content: &[u8]) -> Vec<u8> {
        let mut bytes = vec![id, content.len() as u8];
        bytes.extend(content);
        bytes
    }

    fn read(bytes: &[u8]) -> Names<'_> {
        let mut names = Names::default();
        names.read(NameSectionReader::new(BinaryReader::new(bytes, 0)));
        names
    }

    #[test]
    fn extended_names_are_read() {
        let mut bytes = subsection(3, &[1, 7, 2, 0, 1, b'l', 1, 1, b'm']);
        for id in [4, 5, 6, 7, 8, 9, 11] {
            bytes.extend(subsection(id, &[1, id, 1, b'a' + id]));
        }
        let names = read(&bytes);
        assert_eq!(names.labels, 2);
        assert_eq!(names.get(Named::Type, 4), Some("e"));
        assert_eq!(names.get(Named::Table, 5), Some("f"));
        assert_eq!(names.get(Named::Memory, 6), Some("g"));
        assert_eq!(names.get(Named::Global, 7), Some("h"));
        assert_eq!(names.get(Named::Elem, 8), Some("i"));
        assert_eq!(names.get(Named::Data, 9), Some("j"));
        assert_eq!(names.get(Named::Tag, 11), Some("l"));
        assert_eq!(names.get(Named::Tag, 4), None);
    }

    #[test]
    fn what_is_malformed_ends_the_reading_and_is_no_error() {
        let good = subsection(7, &[1, 0, 1, b'g']);
        for bad in [
            // Not UTF-8, out of order, longer than the section, a length without an end.
            subsection(11, &[1, 0, 1, 0xff]),
            subsection(11, &[2, 1, 1, b'a', 0, 1, b'b']),
            vec![11, 100, 1],
            vec![11, 0x80],
        ] {
            let bytes = [good.clone(), bad, good.clone()].concat();
            let names = read(&bytes);
            assert_eq!(names.get(Named::Global, 0), Some("g"));
            assert_eq!(names.get(Named::Tag, 0), None);
        }
    }
}
