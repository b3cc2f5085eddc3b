//! How does a branch of aarch64 reach what lies too far away? By way of a veneer nearer to it.
//!
//! A direct branch reaches 128 MiB. Where the text is longer than that, islands of veneers stand
//! between functions, each in reach of all functions since the island before it. A veneer has
//! three instructions, which reach 4 GiB and use a register that no code keeps a value in.
//!
//! ```text
//! | functions | island | functions | island | … | functions | island |
//! ```

use std::collections::{HashMap, HashSet};

use cranelift_codegen::binemit::Reloc;
use cranelift_codegen::entity::SecondaryMap;

use crate::codegen::{CompiledFunc, Relocation};
use crate::index::FuncId;
use crate::program::CodeItem;
use crate::translate::Symbol;

/// Bytes that a direct branch reaches in either direction.
pub(super) const REACH: u32 = 128 << 20;
/// The part of the reach that is kept for the runtime, which lies behind the text.
const RUNTIME_SHARE: u64 = 16;
/// The part of the reach, in quarters, that functions and their island may take up.
const ISLAND_QUARTERS: u64 = 3;
/// What alignment may add to a distance when islands turn out smaller than planned.
const SLACK: u64 = 4096;

/// Bytes of a veneer.
const VENEER: u64 = 12;
/// `adrp x16, 0`, `add x16, x16, #0`, `br x16`.
const INSTRUCTIONS: [u32; 3] = [0x9000_0010, 0x9100_0210, 0xd61f_0200];

/// Veneers between two functions.
#[derive(Debug)]
pub(super) struct Island {
    /// How many functions lie before it.
    pub after: usize,
    /// Where its veneers go.
    pub targets: Vec<Symbol>,
    /// The offset in the island of the veneer for each of `targets`.
    offsets: HashMap<Symbol, u64>,
}

impl Island {
    fn new(after: usize, targets: Vec<Symbol>) -> Island {
        Island {
            after,
            targets,
            offsets: HashMap::new(),
        }
    }

    /// Bytes of the island.
    pub fn len(&self) -> u64 {
        self.targets.len() as u64 * VENEER
    }

    /// The offset in the island of the veneer that goes to `target`.
    pub fn veneer(&self, target: Symbol) -> Option<u64> {
        self.offsets.get(&target).copied()
    }

    /// The island's code if it lies at `start`, with places that refer to the targets; functions of
    /// the text are at `func`.
    pub fn code(
        &self,
        start: u32,
        func: impl Fn(FuncId) -> u32,
        relocs: &mut Vec<Relocation>,
    ) -> Vec<u8> {
        let mut code = Vec::with_capacity(self.len() as usize);
        for &target in &self.targets {
            let (target, addend) = match target {
                Symbol::Func(id) => (Symbol::Text, i64::from(func(id))),
                target => (target, 0),
            };
            let offset = start + code.len() as u32;
            let reloc = |offset, kind| Relocation {
                offset,
                kind,
                target,
                addend,
            };
            relocs.push(reloc(offset, Reloc::Aarch64AdrPrelPgHi21));
            relocs.push(reloc(offset + 4, Reloc::Aarch64AddAbsLo12Nc));
            code.extend(INSTRUCTIONS.iter().flat_map(|word| word.to_le_bytes()));
        }
        code
    }
}

/// Where everything lies in the text.
#[derive(Debug)]
pub(super) struct Positions {
    /// Offsets of the functions.
    pub funcs: Vec<u64>,
    /// Offsets of the islands.
    pub islands: Vec<u64>,
    /// Bytes of the text.
    pub end: u64,
}

/// Places functions, each aligned, and islands one after another.
pub(super) fn positions(compiled: &[CompiledFunc], islands: &[Island]) -> Positions {
    let mut positions = Positions {
        funcs: Vec::with_capacity(compiled.len()),
        islands: Vec::with_capacity(islands.len()),
        end: 0,
    };
    let mut islands = islands.iter().peekable();
    for (index, func) in compiled.iter().enumerate() {
        let start = positions.end.next_multiple_of(u64::from(func.alignment));
        positions.funcs.push(start);
        positions.end = start + func.code.len() as u64;
        if let Some(island) = islands.next_if(|island| island.after == index + 1) {
            positions.islands.push(positions.end);
            positions.end += island.len();
        }
    }
    positions
}

/// The islands that the text needs; none when everything is in reach of everything, and of the
/// runtime. Where there are any, all calls of the runtime go through them.
pub(super) fn plan(compiled: &[CompiledFunc], reach: u32) -> Vec<Island> {
    let reach = u64::from(reach);
    if positions(compiled, &[]).end <= reach - reach / RUNTIME_SHARE {
        return Vec::new();
    }
    // First a veneer for all that a group of functions calls outside of it ...
    let mut islands = group(compiled, reach);
    // ... then those that turn out to be needed: with fewer of them nothing moves apart.
    let positions = positions(compiled, &islands);
    let mut func_positions = SecondaryMap::with_default(0);
    for (func, &start) in compiled.iter().zip(&positions.funcs) {
        if let CodeItem::Func(id) = func.item {
            func_positions[id] = start;
        }
    }
    let mut first = 0;
    for island in &mut islands {
        let group = first..island.after;
        let mut needed = HashSet::new();
        for (func, &start) in compiled[group.clone()].iter().zip(&positions.funcs[group]) {
            for (offset, target) in calls(func) {
                let is_far = match target {
                    Symbol::Func(id) => {
                        let distance = func_positions[id].abs_diff(start + u64::from(offset));
                        distance + SLACK > reach
                    }
                    _ => true,
                };
                if is_far {
                    needed.insert(target);
                }
            }
        }
        island.targets.retain(|target| needed.contains(target));
        let offsets = (0..).step_by(VENEER as usize);
        island.offsets = island.targets.iter().copied().zip(offsets).collect();
        first = island.after;
    }
    islands
}

/// Groups functions such that the island behind each group, with veneers for all that the group
/// calls, is in reach of its first instruction.
fn group(compiled: &[CompiledFunc], reach: u64) -> Vec<Island> {
    let most = reach / 4 * ISLAND_QUARTERS;
    let mut islands = Vec::new();
    let (mut targets, mut known) = (Vec::new(), HashSet::new());
    let mut bytes = 0;
    for (index, func) in compiled.iter().enumerate() {
        let new: HashSet<_> = calls(func)
            .map(|(_, target)| target)
            .filter(|target| !known.contains(target))
            .collect();
        let size = func.code.len() as u64 + u64::from(func.alignment);
        let veneers = (known.len() + new.len()) as u64 * VENEER;
        if bytes > 0 && bytes + size + veneers > most {
            known.clear();
            islands.push(Island::new(index, std::mem::take(&mut targets)));
            bytes = 0;
        }
        bytes += size;
        // In the order of the code, so that the output does not depend on hashes.
        targets.extend(
            calls(func)
                .map(|(_, target)| target)
                .filter(|&target| known.insert(target)),
        );
    }
    islands.push(Island::new(compiled.len(), targets));
    islands
}

/// Direct branches to other functions: their offsets and targets.
fn calls(func: &CompiledFunc) -> impl Iterator<Item = (u32, Symbol)> {
    func.relocs
        .iter()
        .filter(|reloc| reloc.kind == Reloc::Arm64Call)
        .map(|reloc| (reloc.offset, reloc.target))
}
