//! The text: where each function lies, and the calls between them.

use cranelift_codegen::binemit::Reloc;
use cranelift_codegen::entity::SecondaryMap;
use wasmc_abi::traps::Trap;

use super::veneers::{self, Island};
use crate::codegen::{CodeMap, CompiledFunc, Landing, Relocation, StackMap, Unwind};
use crate::error::{Error, Location, Result};
use crate::index::{FuncId, InstanceId, TypeId};
use crate::program::CodeItem;
use crate::target::Arch;
use crate::translate::Symbol;

/// Most bytes of code: offsets and the branches of x86-64 reach 2 GiB.
const MAX_TEXT: u64 = i32::MAX as u64;

/// Code in its final order.
#[derive(Debug)]
pub(super) struct Text {
    /// The bytes.
    pub code: Vec<u8>,
    /// Alignment of the section.
    pub alignment: u64,
    /// Functions in order.
    pub parts: Vec<Part>,
    /// Places that refer to something else than a function of the text.
    pub relocs: Vec<Relocation>,
    /// Offsets of instructions that may trap, ascending, and why.
    pub traps: Vec<(u32, Trap)>,
    /// Calls that have a handler for exceptions, ascending.
    pub landings: Vec<Landing>,
    /// Where references to objects are in frames, ascending by return addresses.
    pub maps: Vec<StackMap>,
    funcs: SecondaryMap<FuncId, u32>,
    trampolines: SecondaryMap<TypeId, u32>,
    inits: SecondaryMap<InstanceId, u32>,
}

/// A function in the text, or an island of veneers.
#[derive(Debug)]
pub(crate) struct Part {
    /// What it is; `None` for veneers.
    pub item: Option<CodeItem>,
    pub start: u32,
    pub len: u32,
    /// Offsets in the function and byte offsets in the module.
    pub lines: Vec<(u32, u32)>,
    /// What debuggers are told.
    pub debug: Option<CodeMap>,
    /// How its frames are unwound.
    pub unwind: Option<Unwind>,
}

impl Text {
    /// The offset of a function's code.
    pub fn func(&self, func: FuncId) -> u32 {
        self.funcs[func]
    }

    /// Makes the text fill pages of its own, which can then be guarded. Larger pages than these
    /// would be a waste for most machines, and are guarded as far as the text fills them.
    pub fn fill_pages(&mut self) {
        const PAGE: usize = 4096;
        self.alignment = self.alignment.max(PAGE as u64);
        let len = self.code.len().next_multiple_of(PAGE);
        self.code.resize(len, 0);
    }

    /// The offset of what an instance's instantiation computes.
    pub fn init(&self, instance: InstanceId) -> u32 {
        self.inits[instance]
    }

    /// The offset of a signature's trampoline.
    pub fn trampoline(&self, sig: TypeId) -> u32 {
        self.trampolines[sig]
    }
}

/// Lays the functions out one after another and resolves the calls between them. `reach` is how far
/// branches of aarch64 reach.
pub(super) fn lay_out(compiled: Vec<CompiledFunc>, arch: Arch, reach: u32) -> Result<Text> {
    let islands = match arch {
        Arch::X86_64 => Vec::new(),
        Arch::Aarch64 => veneers::plan(&compiled, reach),
    };
    let positions = veneers::positions(&compiled, &islands);
    if positions.end > MAX_TEXT {
        return Err(too_large());
    }
    let mut text = Text {
        code: Vec::with_capacity(positions.end as usize),
        alignment: 64,
        parts: Vec::with_capacity(compiled.len() + islands.len()),
        relocs: Vec::new(),
        traps: Vec::new(),
        landings: Vec::new(),
        maps: Vec::new(),
        funcs: SecondaryMap::new(),
        trampolines: SecondaryMap::new(),
        inits: SecondaryMap::new(),
    };
    for (func, &start) in compiled.iter().zip(&positions.funcs) {
        text.alignment = text.alignment.max(u64::from(func.alignment));
        match func.item {
            CodeItem::Func(id) => text.funcs[id] = start as u32,
            CodeItem::Trampoline(sig) => text.trampolines[sig] = start as u32,
            CodeItem::Init(instance) => text.inits[instance] = start as u32,
        }
    }
    // Beyond this point every function's offset is known.
    let mut islands = islands.iter().zip(&positions.islands).peekable();
    for (index, func) in compiled.into_iter().enumerate() {
        let island = islands.peek().map(|&(island, &start)| (island, start));
        append(&mut text, func, arch, reach, island)?;
        if let Some((island, &start)) = islands.next_if(|(island, _)| island.after == index + 1) {
            append_island(&mut text, island, start as u32);
        }
    }
    debug_assert_eq!(text.code.len() as u64, positions.end);
    Ok(text)
}

fn too_large() -> Error {
    Error::Limit {
        message: "the program's code is larger than its branches can reach".into(),
        location: Location::default(),
    }
}

/// Appends a function; `island` is the next island and its offset, if there are any.
fn append(
    text: &mut Text,
    func: CompiledFunc,
    arch: Arch,
    reach: u32,
    island: Option<(&Island, u64)>,
) -> Result<()> {
    let padding: &[u8] = match arch {
        // int3, so that a stray jump stops.
        Arch::X86_64 => &[0xcc],
        // udf #0
        Arch::Aarch64 => &[0, 0, 0, 0],
    };
    while !text.code.len().is_multiple_of(func.alignment as usize) {
        text.code.extend_from_slice(padding);
    }
    let start = text.code.len() as u32;
    text.code.extend_from_slice(&func.code);
    text.landings
        .extend(func.landings.iter().map(|landing| Landing {
            return_offset: start + landing.return_offset,
            handler: start + landing.handler,
            frame: landing.frame,
        }));
    text.maps.extend(func.maps.into_iter().map(|map| StackMap {
        return_offset: start + map.return_offset,
        ..map
    }));
    for mut reloc in func.relocs {
        reloc.offset += start;
        let veneer = || {
            let (island, start) = island.filter(|_| reloc.kind == Reloc::Arm64Call)?;
            Some((start + island.veneer(reloc.target)?) as u32)
        };
        let target = match reloc.target {
            Symbol::Func(target) => {
                let target = text.funcs[target];
                match is_near(&reloc, target, reach) {
                    true => Some(target),
                    false => Some(veneer().ok_or_else(too_large)?),
                }
            }
            _ => veneer(),
        };
        match target {
            Some(target) => resolve(&mut text.code, &reloc, target)?,
            None => text.relocs.push(reloc),
        }
    }
    text.traps.extend(
        func.traps
            .iter()
            .map(|&(offset, trap)| (start + offset, trap)),
    );
    text.parts.push(Part {
        item: Some(func.item),
        start,
        len: func.code.len() as u32,
        lines: func.lines,
        debug: func.debug,
        unwind: func.unwind,
    });
    Ok(())
}

fn append_island(text: &mut Text, island: &Island, start: u32) {
    let funcs = &text.funcs;
    let code = island.code(start, |func| funcs[func], &mut text.relocs);
    if code.is_empty() {
        return;
    }
    debug_assert_eq!(text.code.len(), start as usize);
    text.parts.push(Part {
        item: None,
        start,
        len: code.len() as u32,
        lines: Vec::new(),
        debug: None,
        unwind: None,
    });
    text.code.extend(code);
}

/// Whether a call reaches its target, as far as that depends on the processor's branches.
fn is_near(reloc: &Relocation, target: u32, reach: u32) -> bool {
    let distance = i64::from(target) + reloc.addend - i64::from(reloc.offset);
    let reach = i64::from(reach);
    reloc.kind != Reloc::Arm64Call || (-reach..reach).contains(&distance)
}

/// Fills in a call within the text.
fn resolve(code: &mut [u8], reloc: &Relocation, target: u32) -> Result<()> {
    let at = reloc.offset as usize;
    let distance = i64::from(target) + reloc.addend - i64::from(reloc.offset);
    let field = &mut code[at..at + 4];
    match reloc.kind {
        Reloc::X86CallPCRel4 | Reloc::X86PCRel4 => {
            let distance = i32::try_from(distance).map_err(|_| too_large())?;
            field.copy_from_slice(&distance.to_le_bytes());
        }
        Reloc::Arm64Call => {
            // imm26 counts instructions: ±128 MiB.
            let words = i32::try_from(distance >> 2).map_err(|_| too_large())?;
            if !(-(1 << 25)..1 << 25).contains(&words) {
                return Err(too_large());
            }
            let mut instruction = u32::from_le_bytes(field.try_into().expect("4 bytes"));
            instruction = (instruction & 0xfc00_0000) | (words as u32 & 0x03ff_ffff);
            field.copy_from_slice(&instruction.to_le_bytes());
        }
        kind => unreachable!("a relocation of kind {kind} to a function"),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codegen::Maker;

    fn call(kind: Reloc, offset: u32, addend: i64) -> Relocation {
        Relocation {
            offset,
            kind,
            target: Symbol::Text,
            addend,
        }
    }

    #[test]
    fn calls_are_relative_to_their_end_on_x86_64() {
        let mut code = vec![0xe8, 0, 0, 0, 0];
        resolve(&mut code, &call(Reloc::X86CallPCRel4, 1, -4), 0).unwrap();
        assert_eq!(code, [0xe8, 0xfb, 0xff, 0xff, 0xff]);
    }

    #[test]
    fn branches_have_a_range_on_aarch64() {
        let mut code = 0x9400_0000u32.to_le_bytes().to_vec();
        resolve(&mut code, &call(Reloc::Arm64Call, 0, 0), 8).unwrap();
        assert_eq!(code, 0x9400_0002u32.to_le_bytes());
        assert!(resolve(&mut code, &call(Reloc::Arm64Call, 0, 0), 128 << 20).is_err());
    }

    /// A function that calls functions of the text and of the runtime.
    fn caller(id: u32, bytes: u32, targets: &[Symbol]) -> CompiledFunc {
        let relocs = targets.iter().zip((0..).step_by(4));
        let relocs = relocs.map(|(&target, offset)| Relocation {
            offset,
            kind: Reloc::Arm64Call,
            target,
            addend: 0,
        });
        CompiledFunc {
            optimised: true,
            item: CodeItem::Func(FuncId::from_u32(id)),
            // bl 0
            code: 0x9400_0000u32.to_le_bytes().repeat(bytes as usize / 4),
            alignment: 32,
            relocs: relocs.collect(),
            traps: Vec::new(),
            lines: Vec::new(),
            landings: Vec::new(),
            maps: Vec::new(),
            debug: None,
            maker: Maker::Cranelift,
            unwind: None,
        }
    }

    /// Where the call at an offset goes: to a function's offset, or what its veneer refers to.
    fn destination(text: &Text, offset: u32, reach: i64) -> (Symbol, i64) {
        let word = |at: u32| {
            let bytes = &text.code[at as usize..][..4];
            u32::from_le_bytes(bytes.try_into().unwrap())
        };
        assert_eq!(word(offset) >> 26, 0x25, "a call");
        let distance = i64::from((word(offset) << 6).cast_signed() >> 6) * 4;
        assert!((-reach..reach).contains(&distance), "{distance}");
        let target = (i64::from(offset) + distance) as u32;
        if word(target) & 0x9f00_001f != 0x9000_0010 {
            return (Symbol::Text, i64::from(target));
        }
        assert_eq!(
            (word(target + 4), word(target + 8)),
            (0x9100_0210, 0xd61f_0200)
        );
        let reloc = |offset, kind| {
            let mut relocs = text.relocs.iter().filter(|reloc| reloc.offset == offset);
            let reloc = relocs.next().expect("the veneer refers to something");
            assert_eq!(reloc.kind, kind);
            (reloc.target, reloc.addend)
        };
        let page = reloc(target, Reloc::Aarch64AdrPrelPgHi21);
        assert_eq!(page, reloc(target + 4, Reloc::Aarch64AddAbsLo12Nc));
        page
    }

    #[test]
    fn what_is_too_far_on_aarch64_is_reached_by_veneers() {
        const COUNT: u32 = 50;
        const REACH: u32 = 128 << 10;
        let func = |id| Symbol::Func(FuncId::from_u32(id));
        let targets = |id: u32| {
            let near = func((id + 1) % COUNT);
            let far = func((id + COUNT / 2) % COUNT);
            [near, far, func(0), func(COUNT - 1), Symbol::Wasi(7), near]
        };
        let compiled: Vec<_> = (0..COUNT)
            .map(|id| caller(id, 4000 + id * 4 + (id % 3) * 9000, &targets(id)))
            .collect();
        let text = lay_out(compiled, Arch::Aarch64, REACH).unwrap();
        assert!(text.code.len() > 4 * REACH as usize);
        for id in 0..COUNT {
            let start = text.func(FuncId::from_u32(id));
            for (target, offset) in targets(id).into_iter().zip((start..).step_by(4)) {
                let expected = match target {
                    Symbol::Func(id) => (Symbol::Text, i64::from(text.func(id))),
                    target => (target, 0),
                };
                let actual = destination(&text, offset, i64::from(REACH));
                assert_eq!(actual, expected, "function {id}");
            }
        }
        let islands = text.parts.iter().filter(|part| part.item.is_none());
        assert!((4..20).contains(&islands.count()));
        assert!(text.parts.is_sorted_by_key(|part| part.start));
    }

    #[test]
    fn a_short_text_has_no_veneers() {
        let targets = [Symbol::Func(FuncId::from_u32(1)), Symbol::Wasi(7)];
        let compiled = vec![caller(0, 4000, &targets), caller(1, 4000, &targets)];
        let text = lay_out(compiled, Arch::Aarch64, veneers::REACH).unwrap();
        assert_eq!(text.parts.len(), 2);
        // The linker resolves calls of the runtime.
        assert_eq!(text.relocs.len(), 2);
    }
}
