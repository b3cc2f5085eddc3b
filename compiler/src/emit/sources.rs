//! How does a program's own backtrace know files, lines and inlined calls?
//!
//! By a table beside the one that gives offsets in the module: for each function of the text the
//! places where file, line or inlined call change, in the form that [`SourceTable`] describes.
//!
//! [`SourceTable`]: wasmc_abi::layout::SourceTable

use std::collections::HashMap;

use rayon::prelude::*;
use wasmc_abi::layout::{NewSourceTable, NewTextRecord, SourceTable, TextRecord};
use wasmc_abi::symbols;
use wasmc_abi::write::{Blob, Pointer};

use super::functions::{Names, sleb128, uleb128};
use super::text::Text;
use crate::dwarf::sections::unusable;
use crate::dwarf::source::{CallIndex, Place, SourceMap, TextIndex};
use crate::index::InstanceId;
use crate::program::{CodeItem, FuncKind, Program};

/// What is known of the source of a program's modules.
#[derive(Debug, Default)]
pub(crate) struct Sources(pub HashMap<InstanceId, SourceMap>);

impl Sources {
    /// Reads the line tables of the modules that have one. What is malformed is a warning: the
    /// program is none the worse for it.
    pub fn read(program: &Program<'_>, warnings: &mut Vec<String>) -> Sources {
        let instances: Vec<_> = program.world.instances.iter().collect();
        let maps: Vec<_> = instances
            .into_par_iter()
            .filter(|(_, instance)| instance.module.debug.has_lines())
            .map(|(id, instance)| (id, &instance.name, SourceMap::read(&instance.module.debug)))
            .collect();
        let mut sources = Sources::default();
        for (id, name, map) in maps {
            match map {
                Ok(map) if map.is_empty() => {}
                Ok(map) => {
                    sources.0.insert(id, map);
                }
                Err(error) => warnings.push(unusable(name, &error)),
            }
        }
        sources
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is known of the source of an instance's module.
    pub fn get(&self, instance: InstanceId) -> Option<&SourceMap> {
        self.0.get(&instance)
    }
}

/// The table as it is being written.
#[derive(Debug, Default)]
pub(crate) struct TableWriter {
    /// The places of all functions, one after another.
    pub places: Vec<u8>,
    /// The inlined calls that they refer to.
    pub calls: Vec<u8>,
    /// Paths and names, in the order of their numbers.
    pub texts: Vec<String>,
    numbers: HashMap<String, u64>,
}

impl TableWriter {
    /// Adds a function of a module: `sites` are offsets in its code, ascending, and addresses of
    /// the instructions that they come from. `written` remembers which calls of the module's were
    /// written, from function to function.
    pub fn function(
        &mut self,
        map: &SourceMap,
        written: &mut HashMap<CallIndex, u64>,
        sites: impl Iterator<Item = (u32, u64)>,
    ) {
        // What the reader begins with.
        let (mut offset, mut line, mut file, mut call) = (0, 0, 0, 0);
        for (at, address) in sites {
            let place = map.place(address);
            let known = place.filter(|place| place.line > 0 || place.call.is_some());
            let new_line = known.map_or(0, |place| place.line);
            let new_file = match known {
                Some(Place {
                    file, line: 1.., ..
                }) => self.number(map, file),
                _ => file,
            };
            let new_call = known
                .and_then(|place| place.call)
                .map_or(0, |index| self.call(map, written, index));
            if (new_line, new_file, new_call) == (line, file, call) {
                continue;
            }
            let head = u64::from(at - offset) << 2
                | u64::from(new_file != file)
                | u64::from(new_call != call) << 1;
            uleb128(&mut self.places, head);
            sleb128(&mut self.places, i64::from(new_line) - i64::from(line));
            if new_file != file {
                uleb128(&mut self.places, new_file);
            }
            if new_call != call {
                sleb128(&mut self.places, new_call.wrapping_sub(call) as i64);
            }
            (offset, line, file, call) = (at, new_line, new_file, new_call);
        }
    }

    /// Writes an inlined call, behind those that it lies in, unless that was done: where it begins,
    /// plus 1.
    fn call(
        &mut self,
        map: &SourceMap,
        written: &mut HashMap<CallIndex, u64>,
        index: CallIndex,
    ) -> u64 {
        let mut chain = Vec::new();
        let mut next = Some(index);
        let mut parent = 0;
        while let Some(index) = next {
            if let Some(&at) = written.get(&index) {
                parent = at;
                break;
            }
            chain.push(index);
            next = map.calls[index as usize].parent;
        }
        for index in chain.into_iter().rev() {
            let inlined = &map.calls[index as usize];
            let name = inlined.name.map_or(0, |name| self.number(map, name) + 1);
            let (file, line) = match inlined.file {
                Some(file) if inlined.line > 0 => (self.number(map, file), inlined.line),
                _ => (0, 0),
            };
            let at = self.calls.len() as u64 + 1;
            // Calls come behind those that they lie in.
            uleb128(&mut self.calls, if parent == 0 { 0 } else { at - parent });
            uleb128(&mut self.calls, name);
            uleb128(&mut self.calls, file);
            uleb128(&mut self.calls, u64::from(line));
            written.insert(index, at);
            parent = at;
        }
        parent
    }

    /// The number of a text of the module's.
    fn number(&mut self, map: &SourceMap, index: TextIndex) -> u64 {
        let text = &map.texts[index as usize];
        if let Some(&number) = self.numbers.get(text) {
            return number;
        }
        let number = self.texts.len() as u64;
        self.texts.push(text.clone());
        self.numbers.insert(text.clone(), number);
        number
    }
}

/// Writes the table of the places in source code that functions come from; null when nothing is
/// known of any.
pub(super) fn write(
    program: &Program<'_>,
    text: &Text,
    blob: &mut Blob,
    names: &mut Names,
    sources: &Sources,
) -> Pointer<SourceTable> {
    let mut table = TableWriter::default();
    let mut written: HashMap<_, HashMap<_, _>> = HashMap::new();
    let mut starts = Vec::with_capacity(text.parts.len());
    for part in &text.parts {
        starts.push(table.places.len() as u32);
        if let Some(CodeItem::Func(id)) = part.item
            && let FuncKind::Defined { instance, .. } = program.world.funcs[id].kind
            && let Some(map) = sources.get(instance)
        {
            let code_start = program.world.instances[instance].module.debug.code_start;
            let sites = part.lines.iter();
            let sites =
                sites.map(|&(offset, at)| (offset, u64::from(at).saturating_sub(code_start)));
            table.function(map, written.entry(instance).or_default(), sites);
        }
    }
    if table.places.is_empty() {
        return Pointer::Null;
    }
    let starts = blob.array::<u32>(starts);
    let texts = shared_folders(&table.texts)
        .into_iter()
        .map(|(text, folder)| {
            let (start, len) = names.add(text);
            NewTextRecord { start, len, folder }
        });
    let texts = blob.array::<TextRecord>(texts.collect::<Vec<_>>());
    let record = NewSourceTable {
        write: Pointer::Runtime(symbols::WRITE_SOURCE),
        starts,
        places: blob.bytes(&table.places),
        calls: blob.bytes(&table.calls),
        texts,
    };
    blob.push::<SourceTable>(record).into()
}

/// The texts with folders that several of them begin with taken out, which follow: the rest of each,
/// and the number of its folder plus 1, or 0. Paths of a library's files are alike but for their
/// ends.
fn shared_folders(texts: &[String]) -> Vec<(&str, u32)> {
    let folder = |text: &'_ str| text.rfind('/').map_or(0, |at| at + 1);
    let mut uses: HashMap<&str, (u32, u32)> = HashMap::new();
    for text in texts {
        uses.entry(&text[..folder(text)]).or_default().0 += 1;
    }
    uses.remove("");
    let mut folders = Vec::new();
    let mut split = Vec::with_capacity(texts.len());
    for text in texts {
        let (start, rest) = text.split_at(folder(text));
        split.push(match uses.get_mut(start) {
            Some((2.., number)) => {
                if *number == 0 {
                    folders.push((start, 0));
                    *number = (texts.len() + folders.len()) as u32;
                }
                (rest, *number)
            }
            _ => (text.as_str(), 0),
        });
    }
    split.extend(folders);
    split
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_several_files_are_written_once() {
        let texts = ["/lib/a.c", "/src/b.c", "/lib/c.c", "name"].map(str::to_owned);
        assert_eq!(
            shared_folders(&texts),
            [
                ("a.c", 5),
                ("/src/b.c", 0),
                ("c.c", 5),
                ("name", 0),
                ("/lib/", 0)
            ]
        );
    }
}
