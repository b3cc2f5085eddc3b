//! The records of functions, tags and handlers: what only a trap or an exception needs.

use std::borrow::Cow;

use wasmc_abi::layout::{
    FunctionRecord, LandingRecord, NewFunctionRecord, NewLandingRecord, NewTagRecord, RelSlice,
    TagRecord,
};
use wasmc_abi::write::{Array, Blob, Field, Pointer};

use super::text::Text;
use crate::dwarf::demangle::demangle as demangled;
use crate::index::FuncId;
use crate::program::{CodeItem, FuncKind, Program};

/// Names one after another, which records refer to by offset and length.
#[derive(Debug, Default)]
pub(super) struct Names(pub Vec<u8>);

impl Names {
    /// Adds a name: its offset and length.
    pub fn add(&mut self, name: &str) -> (u32, u32) {
        let offset = self.0.len() as u32;
        self.0.extend_from_slice(name.as_bytes());
        (offset, name.len() as u32)
    }
}

/// Writes the function records; returns the line table too, which stands elsewhere.
pub(super) fn write(
    program: &Program<'_>,
    text: &Text,
    blob: &mut Blob,
    names: &mut Names,
    demangle: bool,
) -> (Array<FunctionRecord>, Vec<u8>) {
    let mut lines = Vec::new();
    let records = text.parts.iter().map(|part| {
        let (index, name) = match part.item {
            None | Some(CodeItem::Trampoline(_) | CodeItem::Init(_)) => {
                (u32::MAX, Cow::Borrowed(""))
            }
            Some(CodeItem::Func(id)) => name(program, id, demangle),
        };
        let (name, name_len) = names.add(&name);
        let record = NewFunctionRecord {
            start: part.start,
            name,
            name_len,
            index,
            lines: lines.len() as u32,
        };
        write_lines(&mut lines, &part.lines);
        record
    });
    let functions = blob.array(records);
    (functions, lines)
}

/// The index of a function in its module, and what backtraces call it.
fn name<'p>(program: &'p Program<'_>, id: FuncId, demangle: bool) -> (u32, Cow<'p, str>) {
    let func = &program.world.funcs[id];
    let given = func.name.as_deref().unwrap_or_default();
    match func.kind {
        FuncKind::Defined { instance, index } => {
            let name = match demangle {
                true => demangled(given),
                false => Cow::Borrowed(given),
            };
            let index = index.as_u32();
            if program.world.components.instances.is_empty() {
                return (index, name);
            }
            // In a component the name of the function alone says little.
            let module = &program.world.instances[instance].name;
            let name = match &*name {
                "" => format!("{module}!func[{index}]"),
                name => format!("{module}!{name}"),
            };
            (index, name.into())
        }
        FuncKind::Wasi { function, .. } => (u32::MAX, function.name.into()),
        FuncKind::Host { .. } => (u32::MAX, given.into()),
    }
}

/// Writes the lines of a function: see [`FunctionRecord::lines`].
fn write_lines(table: &mut Vec<u8>, lines: &[(u32, u32)]) {
    let (mut last_offset, mut last_source) = (0, 0);
    for &(offset, source) in lines {
        uleb128(table, u64::from(offset - last_offset));
        sleb128(table, i64::from(source) - last_source);
        last_offset = offset;
        last_source = i64::from(source);
    }
}

/// Writes the names of the tags, and a slice of them; null without any.
pub(super) fn write_tags(
    program: &Program<'_>,
    blob: &mut Blob,
    names: &mut Names,
) -> Pointer<RelSlice<TagRecord>> {
    let tags = program.world.tags.values().map(|tag| {
        let (name, name_len) = names.add(&tag.name);
        NewTagRecord { name, name_len }
    });
    slice(blob, tags)
}

/// Writes the calls that have a handler for exceptions, and a slice of them; null without any.
pub(super) fn write_landings(text: &Text, blob: &mut Blob) -> Pointer<RelSlice<LandingRecord>> {
    let landings = text.landings.iter().map(|landing| NewLandingRecord {
        return_offset: landing.return_offset,
        handler: landing.handler,
        frame: landing.frame,
    });
    slice(blob, landings)
}

/// Writes an array, and a slice of it; null when it is empty.
fn slice<T: Field>(
    blob: &mut Blob,
    values: impl ExactSizeIterator<Item = T::Value>,
) -> Pointer<RelSlice<T>> {
    if values.len() == 0 {
        return Pointer::Null;
    }
    let array = blob.array::<T>(values);
    blob.push::<RelSlice<T>>(array).into()
}

/// Appends an unsigned LEB128.
pub(super) fn uleb128(bytes: &mut Vec<u8>, mut value: u64) {
    loop {
        let byte = (value & 0x7f) as u8;
        value >>= 7;
        if value == 0 {
            bytes.push(byte);
            return;
        }
        bytes.push(byte | 0x80);
    }
}

/// Appends a signed LEB128.
pub(super) fn sleb128(bytes: &mut Vec<u8>, mut value: i64) {
    loop {
        let byte = (value & 0x7f) as u8;
        value >>= 7;
        let done = (value == 0 && byte & 0x40 == 0) || (value == -1 && byte & 0x40 != 0);
        if done {
            bytes.push(byte);
            return;
        }
        bytes.push(byte | 0x80);
    }
}
