//! Which machine code comes from which instructions of a module?

use std::cell::Cell;
use std::collections::HashMap;

use crate::dwarf::sections::Malformed;
use crate::emit::Part;
use crate::index::{FuncIndex, InstanceId};
use crate::program::tracked::FunctionRanges;
use crate::program::{CodeItem, FuncKind, Program};

/// How much work all questions about ranges may come to; real programs stay far below.
const MAX_WORK: u64 = 1 << 29;

/// The machine code of an instance's functions.
pub(super) struct AddressMap {
    functions: HashMap<FuncIndex, NativeFunction>,
    ranges: FunctionRanges,
    work: Cell<u64>,
}

/// The machine code of a function.
pub(super) struct NativeFunction {
    /// Address of its first byte.
    pub start: u64,
    /// Its end.
    pub end: u64,
    /// Its pieces, in order: each from one instruction of the module.
    pub pieces: Vec<Piece>,
    /// Indices of the pieces, ascending by where they come from.
    by_source: Vec<u32>,
    /// Tracked locals, ascending, and the distance of their stack slots from the frame pointer.
    slots: Vec<(u32, i64)>,
}

/// Machine code from one instruction of the module.
#[derive(Clone, Copy)]
pub(super) struct Piece {
    pub start: u64,
    pub end: u64,
    /// Address of DWARF.
    pub source: u64,
}

impl AddressMap {
    /// The code of an instance, of a text that lies at an address.
    pub fn new(
        program: &Program<'_>,
        instance: InstanceId,
        parts: &[Part],
        text: u64,
    ) -> AddressMap {
        let module = &program.world.instances[instance].module;
        let mut functions = HashMap::new();
        for part in parts {
            if let Some(CodeItem::Func(id)) = part.item
                && let FuncKind::Defined {
                    instance: of,
                    index,
                } = program.world.funcs[id].kind
                && of == instance
                && let Some(map) = &part.debug
            {
                let start = text + u64::from(part.start);
                let end = start + u64::from(part.len);
                let ends = map.sources.iter().skip(1).map(|(offset, _)| *offset);
                let pieces = map.sources.iter().zip(ends.chain([part.len]));
                let pieces: Vec<_> = pieces
                    .map(|(&(offset, at), end)| Piece {
                        start: start + u64::from(offset),
                        end: start + u64::from(end),
                        source: u64::from(at).saturating_sub(module.debug.code_start),
                    })
                    .collect();
                let mut by_source: Vec<_> = (0..pieces.len() as u32).collect();
                by_source.sort_by_key(|&index| pieces[index as usize].source);
                let function = NativeFunction {
                    start,
                    end,
                    pieces,
                    by_source,
                    slots: map.slots.clone(),
                };
                functions.insert(index, function);
            }
        }
        AddressMap {
            functions,
            ranges: FunctionRanges::new(module),
            work: Cell::new(0),
        }
    }

    /// The code of the function that an address of DWARF lies in, if it has any.
    pub fn function(&self, address: u64) -> Option<&NativeFunction> {
        self.functions.get(&self.ranges.at(address)?)
    }

    /// The code of a function that comes from a range of addresses of DWARF: ranges, ascending.
    ///
    /// # Errors
    /// When all these questions together would take minutes.
    pub fn native_ranges(
        &self,
        function: &NativeFunction,
        begin: u64,
        end: u64,
    ) -> Result<Vec<(u64, u64)>, Malformed> {
        let source = |index: &u32| function.pieces[*index as usize].source;
        let first = function.by_source.partition_point(|at| source(at) < begin);
        let last = function.by_source.partition_point(|at| source(at) < end);
        let Some(found) = function.by_source.get(first..last) else {
            return Ok(Vec::new());
        };
        self.work.set(self.work.get() + found.len() as u64 + 1);
        if self.work.get() > MAX_WORK {
            return Err(Malformed("ranges of code repeat themselves".to_owned()));
        }
        let mut pieces = found.to_vec();
        pieces.sort_unstable();
        let mut ranges: Vec<(u64, u64)> = Vec::new();
        for index in pieces {
            let piece = function.pieces[index as usize];
            match ranges.last_mut() {
                Some((_, end)) if *end == piece.start => *end = piece.end,
                _ if piece.start < piece.end => ranges.push((piece.start, piece.end)),
                _ => {}
            }
        }
        Ok(ranges)
    }
}

impl NativeFunction {
    /// The distance from the frame pointer of the stack slot of a local.
    pub fn slot(&self, local: u32) -> Option<i64> {
        let at = self.slots.binary_search_by_key(&local, |(local, _)| *local);
        Some(self.slots[at.ok()?].1)
    }
}
