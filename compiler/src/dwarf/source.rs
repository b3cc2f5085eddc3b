//! Which file, line and inlined calls does an instruction of a module come from?
//!
//! Addresses are those of DWARF in WebAssembly: offsets in the contents of the code section.

use std::collections::{BinaryHeap, HashMap, HashSet};
use std::ops::Range;

use gimli::{AttributeValue, DebugInfoOffset, DebuggingInformationEntry, UnitRef};

use super::demangle::demangle;
use super::sections::{DebugSections, Malformed, Reader};

/// Most ranges of inlined calls, for each byte of the sections: a range takes two bytes at least,
/// but lists of them can be shared.
const RANGES_PER_BYTE: usize = 2;
/// How many steps lead from an inlined call to the name of its function at most.
const MAX_ORIGINS: usize = 8;
/// Longest path of a file.
const MAX_PATH: usize = 4096;
/// Most bytes of all paths and names: what refers to them is short, and may be repeated.
const MAX_TEXT: usize = 64 << 20;

/// A path or a name, by its index in [`SourceMap::texts`].
pub type TextIndex = u32;
/// An inlined call, by its index in [`SourceMap::calls`].
pub type CallIndex = u32;

/// Where the instructions of a module come from.
#[derive(Debug, Default)]
pub struct SourceMap {
    /// Names of inlined functions and paths of files: as the compiler was given them, below its
    /// folder unless absolute.
    pub texts: Vec<String>,
    /// Inlined calls; a call comes behind those that it lies in.
    pub calls: Vec<InlinedCall>,
    /// Rows of the line tables, by ascending address.
    rows: Vec<Row>,
    /// Which call is the innermost from an address on, by ascending address.
    extents: Vec<(u64, Option<CallIndex>)>,
}

/// A row of a line table.
#[derive(Clone, Copy, Debug)]
struct Row {
    address: u64,
    /// `None` where a sequence ends.
    place: Option<(TextIndex, u32, u32)>,
}

/// A function that was inlined into another.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InlinedCall {
    /// The call that this one lies in; `None` for one in a function of the module.
    pub parent: Option<CallIndex>,
    /// The name of the function that was called, if it is known.
    pub name: Option<TextIndex>,
    /// Where it was called.
    pub file: Option<TextIndex>,
    /// The line of the call; 0 if it is not known.
    pub line: u32,
}

/// Where an instruction comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    /// The file.
    pub file: TextIndex,
    /// The line, from 1; 0 for code of the compiler's own.
    pub line: u32,
    /// The column, from 1; 0 if it is not known.
    pub column: u32,
    /// The innermost inlined call.
    pub call: Option<CallIndex>,
}

/// One of the frames at an instruction.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SourceFrame {
    /// The name of an inlined function; `None` for the function of the module.
    pub inlined: Option<String>,
    /// The file and line, if they are known.
    pub place: Option<(String, u32)>,
}

impl SourceMap {
    /// Reads the line tables and the inlined calls of a module.
    ///
    /// # Errors
    /// What is malformed. Nothing of a part is of use then.
    pub fn read(sections: &DebugSections<'_>) -> Result<SourceMap, Malformed> {
        let dwarf = sections.dwarf()?;
        let mut reading = Reading {
            map: SourceMap::default(),
            texts: HashMap::new(),
            text_bytes: 0,
            programs: HashSet::new(),
            ranges: Vec::new(),
            max_ranges: sections.len().saturating_mul(RANGES_PER_BYTE),
            sequences: Vec::new(),
            names: HashMap::new(),
        };
        let units = Units::read(&dwarf)?;
        for unit in units.iter() {
            reading.unit(&units, unit)?;
        }
        Ok(reading.finish())
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Where the instruction at an address comes from.
    pub fn place(&self, address: u64) -> Option<Place> {
        let next = self.rows.partition_point(|row| row.address <= address);
        let (file, line, column) = self.rows.get(next.checked_sub(1)?)?.place?;
        let next = self.extents.partition_point(|(start, _)| *start <= address);
        let call = next.checked_sub(1).and_then(|at| self.extents[at].1);
        Some(Place {
            file,
            line,
            column,
            call,
        })
    }

    /// Files and lines from where on addresses in a range come from, ascending; `None` where nothing
    /// is known.
    pub fn lines(
        &self,
        range: Range<u64>,
    ) -> impl Iterator<Item = (u64, Option<(TextIndex, u32)>)> {
        let first = self.rows.partition_point(|row| row.address < range.start);
        let rows = self.rows[first..].iter();
        rows.take_while(move |row| row.address < range.end)
            .map(|row| (row.address, row.place.map(|(file, line, _)| (file, line))))
    }

    /// The frames at an address, the innermost first; none where nothing is known.
    pub fn frames(&self, address: u64) -> Vec<SourceFrame> {
        let Some(place) = self.place(address) else {
            return Vec::new();
        };
        let text = |index: Option<TextIndex>| self.texts.get(index? as usize).cloned();
        let known = |file, line: u32| Some((text(file)?, line)).filter(|_| line > 0);
        let mut frames = Vec::new();
        let mut here = known(Some(place.file), place.line);
        let mut call = place.call;
        while let Some(index) = call {
            let inlined = &self.calls[index as usize];
            frames.push(SourceFrame {
                inlined: Some(text(inlined.name).unwrap_or_else(|| UNKNOWN.to_owned())),
                place: here,
            });
            here = known(inlined.file, inlined.line);
            call = inlined.parent;
        }
        frames.push(SourceFrame {
            inlined: None,
            place: here,
        });
        frames
    }
}

/// The name of an inlined function that has none.
pub(crate) const UNKNOWN: &str = "<unknown>";

/// Addresses of the code of functions that the linker has dropped: it writes 0, newer ones the
/// largest number or the one below.
pub(crate) fn is_dead(address: u64) -> bool {
    address == 0 || address >= 0xffff_fffe
}

/// A map that is being made.
struct Reading {
    map: SourceMap,
    texts: HashMap<String, TextIndex>,
    text_bytes: usize,
    /// Line tables that were read: units may share them.
    programs: HashSet<usize>,
    /// Ranges of inlined calls: start, end, depth, call.
    ranges: Vec<(u64, u64, u32, CallIndex)>,
    max_ranges: usize,
    /// Sequences of rows.
    sequences: Vec<Vec<Row>>,
    /// Names of functions, by where they stand.
    names: HashMap<usize, Option<TextIndex>>,
}

impl Reading {
    fn unit<'a>(
        &mut self,
        units: &Units<'_, 'a>,
        unit: UnitRef<'_, Reader<'a>>,
    ) -> Result<(), Malformed> {
        let mut files = UnitFiles::default();
        if let Some(program) = unit.line_program.clone()
            && self.programs.insert(program.header().offset().0)
        {
            let mut rows = program.rows();
            let mut sequence = Vec::new();
            while let Some((_, &row)) = rows.next_row()? {
                if row.end_sequence() {
                    sequence.push(Row {
                        address: row.address(),
                        place: None,
                    });
                    self.sequence(std::mem::take(&mut sequence));
                    continue;
                }
                let line = row.line().map_or(0, |line| line.get());
                let column = match row.column() {
                    gimli::ColumnType::LeftEdge => 0,
                    gimli::ColumnType::Column(column) => column.get(),
                };
                let file = files.get(self, unit, row.file_index());
                sequence.push(Row {
                    address: row.address(),
                    place: file.map(|file| (file, narrow(line), narrow(column))),
                });
            }
        }
        self.calls(units, unit, &mut files)
    }

    /// Keeps a sequence of a function that is alive.
    fn sequence(&mut self, rows: Vec<Row>) {
        let is_alive = rows.first().is_some_and(|row| !is_dead(row.address));
        if is_alive && rows.is_sorted_by_key(|row| row.address) {
            self.sequences.push(rows);
        }
    }

    /// Finds the inlined calls of a unit.
    fn calls<'a>(
        &mut self,
        units: &Units<'_, 'a>,
        unit: UnitRef<'_, Reader<'a>>,
        files: &mut UnitFiles,
    ) -> Result<(), Malformed> {
        let mut entries = unit.entries_raw(None)?;
        let mut entry = DebuggingInformationEntry::null();
        // The inlined calls that the entry lies in: depths and indices.
        let mut open: Vec<(isize, Option<CallIndex>)> = Vec::new();
        while !entries.is_empty() {
            if !entries.read_entry(&mut entry)? {
                continue;
            }
            while open.last().is_some_and(|(depth, _)| *depth >= entry.depth) {
                open.pop();
            }
            match entry.tag {
                gimli::DW_TAG_subprogram => open.push((entry.depth, None)),
                gimli::DW_TAG_inlined_subroutine => {
                    let parent = open.last().and_then(|(_, call)| *call);
                    let call = self.call(units, unit, files, &entry, parent, open.len())?;
                    open.push((entry.depth, call.or(parent)));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Notes an inlined call, if it has code.
    fn call<'a>(
        &mut self,
        units: &Units<'_, 'a>,
        unit: UnitRef<'_, Reader<'a>>,
        files: &mut UnitFiles,
        entry: &DebuggingInformationEntry<Reader<'a>>,
        parent: Option<CallIndex>,
        depth: usize,
    ) -> Result<Option<CallIndex>, Malformed> {
        let index = self.map.calls.len() as CallIndex;
        let first = self.ranges.len();
        let mut ranges = unit.die_ranges(entry)?;
        while let Some(range) = ranges.next()? {
            if is_dead(range.begin) || range.begin >= range.end {
                continue;
            }
            if self.ranges.len() >= self.max_ranges {
                return Err(Malformed(
                    "ranges of inlined calls repeat themselves".into(),
                ));
            }
            self.ranges
                .push((range.begin, range.end, depth as u32, index));
        }
        if self.ranges.len() == first {
            return Ok(None);
        }
        let number = |name| entry.attr_value(name).and_then(|value| value.udata_value());
        let file = match entry.attr_value(gimli::DW_AT_call_file) {
            Some(AttributeValue::FileIndex(file)) => files.get(self, unit, file),
            _ => None,
        };
        let name = self.origin(units, unit, entry);
        self.map.calls.push(InlinedCall {
            parent,
            name,
            file,
            line: narrow(number(gimli::DW_AT_call_line).unwrap_or(0)),
        });
        Ok(Some(index))
    }

    /// The name of the function that an inlined call calls.
    fn origin<'a>(
        &mut self,
        units: &Units<'_, 'a>,
        unit: UnitRef<'_, Reader<'a>>,
        entry: &DebuggingInformationEntry<Reader<'a>>,
    ) -> Option<TextIndex> {
        let value = entry.attr_value(gimli::DW_AT_abstract_origin)?;
        let at = global_offset(unit, &value)?;
        if let Some(name) = self.names.get(&at.0) {
            return *name;
        }
        let name = units.function_name(at).and_then(|name| self.intern(name));
        self.names.insert(at.0, name);
        name
    }

    /// The index of a text; `None` when there is too much of it.
    fn intern(&mut self, text: String) -> Option<TextIndex> {
        if let Some(&index) = self.texts.get(&text) {
            return Some(index);
        }
        self.text_bytes += text.len();
        if self.text_bytes > MAX_TEXT {
            return None;
        }
        let index = self.map.texts.len() as TextIndex;
        self.map.texts.push(text.clone());
        self.texts.insert(text, index);
        Some(index)
    }

    fn finish(mut self) -> SourceMap {
        // Where sequences overlap, the one that begins later has the word.
        self.sequences.sort_by_key(|rows| rows[0].address);
        for mut sequence in self.sequences {
            let start = sequence[0].address;
            while self.map.rows.last().is_some_and(|row| row.address >= start) {
                self.map.rows.pop();
            }
            self.map.rows.append(&mut sequence);
        }
        self.map.extents = extents(self.ranges);
        self.map
    }
}

/// Which call is the deepest from an address on: ranges, which may overlap in any way, cut into
/// pieces that do not.
fn extents(mut ranges: Vec<(u64, u64, u32, CallIndex)>) -> Vec<(u64, Option<CallIndex>)> {
    ranges.sort_unstable();
    let mut bounds: Vec<u64> = ranges
        .iter()
        .flat_map(|&(start, end, ..)| [start, end])
        .collect();
    bounds.sort_unstable();
    bounds.dedup();
    let mut extents: Vec<(u64, Option<CallIndex>)> = Vec::new();
    // The deepest first; of several at a depth the one that comes last.
    let mut active: BinaryHeap<(u32, CallIndex, u64)> = BinaryHeap::new();
    let mut next = ranges.into_iter().peekable();
    for bound in bounds {
        while let Some((_, end, depth, call)) = next.next_if(|range| range.0 <= bound) {
            active.push((depth, call, end));
        }
        while active.peek().is_some_and(|(_, _, end)| *end <= bound) {
            active.pop();
        }
        let call = active.peek().map(|(_, call, _)| *call);
        if extents.last().is_none_or(|(_, last)| *last != call) {
            extents.push((bound, call));
        }
    }
    extents
}

/// Where in `.debug_info` a reference leads.
fn global_offset<'a>(
    unit: UnitRef<'_, Reader<'a>>,
    value: &AttributeValue<Reader<'a>>,
) -> Option<DebugInfoOffset> {
    match value {
        AttributeValue::UnitRef(offset) => offset.to_debug_info_offset(&unit.header),
        AttributeValue::DebugInfoRef(offset) => Some(*offset),
        _ => None,
    }
}

/// All units of a module, in the order of the section.
pub(crate) struct Units<'d, 'a> {
    dwarf: &'d gimli::Dwarf<Reader<'a>>,
    units: Vec<gimli::Unit<Reader<'a>>>,
}

impl<'d, 'a> Units<'d, 'a> {
    pub fn read(dwarf: &'d gimli::Dwarf<Reader<'a>>) -> Result<Units<'d, 'a>, Malformed> {
        let mut units = Vec::new();
        let mut headers = dwarf.units();
        while let Some(header) = headers.next()? {
            units.push(dwarf.unit(header)?);
        }
        Ok(Units { dwarf, units })
    }

    pub fn iter(&self) -> impl Iterator<Item = UnitRef<'_, Reader<'a>>> {
        self.units.iter().map(|unit| unit.unit_ref(self.dwarf))
    }

    /// The unit that an offset of the section lies in.
    fn at(&self, at: DebugInfoOffset) -> Option<UnitRef<'_, Reader<'a>>> {
        let start = |unit: &gimli::Unit<Reader<'a>>| unit.header.debug_info_offset();
        let next = self
            .units
            .partition_point(|unit| start(unit).is_some_and(|start| start.0 <= at.0));
        let unit = self.units.get(next.checked_sub(1)?)?;
        Some(unit.unit_ref(self.dwarf))
    }

    /// The name of the function at an offset: what it was mangled to says more than its own name.
    fn function_name(&self, mut at: DebugInfoOffset) -> Option<String> {
        let mut plain = None;
        for _ in 0..MAX_ORIGINS {
            let unit = self.at(at)?;
            let entry = unit.entry(at.to_unit_offset(&unit.header)?).ok()?;
            let text = |name| {
                let value = unit.attr_string(entry.attr_value(name)?).ok()?;
                Some(String::from_utf8_lossy(value.slice()).into_owned())
            };
            let mangled =
                text(gimli::DW_AT_linkage_name).or_else(|| text(gimli::DW_AT_MIPS_linkage_name));
            if let Some(mangled) = mangled {
                let demangled = demangle(&mangled);
                if demangled != mangled {
                    return Some(demangled.into_owned());
                }
            }
            plain = plain.or_else(|| text(gimli::DW_AT_name));
            let next = entry
                .attr_value(gimli::DW_AT_specification)
                .or_else(|| entry.attr_value(gimli::DW_AT_abstract_origin));
            match next.and_then(|value| global_offset(unit, &value)) {
                Some(next) => at = next,
                None => break,
            }
        }
        plain
    }
}

/// The files of a unit's line table, as far as they were asked for.
#[derive(Default)]
struct UnitFiles(HashMap<u64, Option<TextIndex>>);

impl UnitFiles {
    fn get(
        &mut self,
        reading: &mut Reading,
        unit: UnitRef<'_, Reader<'_>>,
        index: u64,
    ) -> Option<TextIndex> {
        *self
            .0
            .entry(index)
            .or_insert_with(|| reading.intern(path_of(unit, index)?))
    }
}

/// The path of a file of a unit's line table: as the compiler was given it, below the folder that
/// it ran in.
pub(crate) fn path_of(unit: UnitRef<'_, Reader<'_>>, index: u64) -> Option<String> {
    let header = unit.line_program.as_ref()?.header();
    let file = header.file(index)?;
    let text = |value| {
        let text: Reader<'_> = unit.dwarf.attr_line_string(value).ok()?;
        Some(String::from_utf8_lossy(text.slice()).into_owned())
    };
    let mut path = text(file.path_name())?;
    let is_absolute =
        |path: &str| path.starts_with('/') || path.as_bytes().get(1..3) == Some(b":\\".as_slice());
    let mut below = |folder: String| {
        if !is_absolute(&path) && !folder.is_empty() {
            path = format!("{}/{path}", folder.trim_end_matches('/'));
        }
    };
    if let Some(folder) = file.directory(header).and_then(text) {
        below(folder);
    }
    if let Some(folder) = unit.comp_dir {
        below(String::from_utf8_lossy(folder.slice()).into_owned());
    }
    (path.len() <= MAX_PATH).then_some(path)
}

/// A number that fits where larger ones make no sense.
fn narrow(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlapping_ranges_are_cut() {
        // Call 1 lies in call 0; call 2 overlaps the end of both.
        let ranges = vec![
            (10, 50, 1, 0),
            (20, 30, 2, 1),
            (45, 60, 1, 2),
            (70, 80, 1, 3),
        ];
        assert_eq!(
            extents(ranges),
            [
                (10, Some(0)),
                (20, Some(1)),
                (30, Some(0)),
                (45, Some(2)),
                (60, None),
                (70, Some(3)),
                (80, None)
            ]
        );
    }

    #[test]
    fn frames_lead_out_of_inlined_calls() {
        let call = |parent, name, line| InlinedCall {
            parent,
            name: Some(name),
            file: Some(0),
            line,
        };
        let map = SourceMap {
            texts: ["a.c", "outer", "inner"].map(str::to_owned).to_vec(),
            calls: vec![call(None, 1, 30), call(Some(0), 2, 20)],
            rows: vec![
                Row {
                    address: 8,
                    place: Some((0, 10, 1)),
                },
                Row {
                    address: 16,
                    place: None,
                },
            ],
            extents: vec![(8, Some(1)), (12, None)],
        };
        let frame = |inlined: Option<&str>, line| SourceFrame {
            inlined: inlined.map(str::to_owned),
            place: Some(("a.c".to_owned(), line)),
        };
        assert_eq!(
            map.frames(9),
            [
                frame(Some("inner"), 10),
                frame(Some("outer"), 20),
                frame(None, 30)
            ]
        );
        assert_eq!(map.frames(13), [frame(None, 10)]);
        assert_eq!(map.frames(16), []);
        assert_eq!(map.frames(7), []);
    }
}
