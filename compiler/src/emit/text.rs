//! The text: where each function lies, and the calls between them.

use cranelift_codegen::binemit::Reloc;
use cranelift_codegen::entity::SecondaryMap;
use wasmc_abi::traps::Trap;

use crate::codegen::{CompiledFunc, Landing, Relocation};
use crate::error::{Error, Location, Result};
use crate::index::{FuncId, SigId};
use crate::program::CodeItem;
use crate::target::Arch;
use crate::translate::Symbol;

/// Most bytes of code: offsets and the branches of x86-64 reach 2 GiB, those of aarch64 128 MiB,
/// in which the runtime's functions, behind the text, must lie as well.
fn max_text(arch: Arch) -> u64 {
    match arch {
        Arch::X86_64 => i32::MAX as u64,
        Arch::Aarch64 => 120 << 20,
    }
}

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
    funcs: SecondaryMap<FuncId, u32>,
    trampolines: SecondaryMap<SigId, u32>,
}

/// A function in the text.
#[derive(Debug)]
pub(super) struct Part {
    pub item: CodeItem,
    pub start: u32,
    pub len: u32,
    /// Offsets in the function and byte offsets in the module.
    pub lines: Vec<(u32, u32)>,
}

impl Text {
    /// The offset of a function's code.
    pub fn func(&self, func: FuncId) -> u32 {
        self.funcs[func]
    }

    /// The offset of a signature's trampoline.
    pub fn trampoline(&self, sig: SigId) -> u32 {
        self.trampolines[sig]
    }
}

/// Lays the functions out one after another and resolves the calls between them.
pub(super) fn lay_out(compiled: Vec<CompiledFunc>, arch: Arch) -> Result<Text> {
    let mut text = Text {
        code: Vec::new(),
        alignment: 64,
        parts: Vec::with_capacity(compiled.len()),
        relocs: Vec::new(),
        traps: Vec::new(),
        landings: Vec::new(),
        funcs: SecondaryMap::new(),
        trampolines: SecondaryMap::new(),
    };
    let mut end = 0;
    for func in &compiled {
        let start = u64::next_multiple_of(end, u64::from(func.alignment));
        text.alignment = text.alignment.max(u64::from(func.alignment));
        end = start + func.code.len() as u64;
        if end > max_text(arch) {
            return Err(too_large());
        }
        match func.item {
            CodeItem::Func(id) => text.funcs[id] = start as u32,
            CodeItem::Trampoline(sig) => text.trampolines[sig] = start as u32,
        }
    }
    // Beyond this point every function's offset is known.
    text.code.reserve_exact(end as usize);
    for func in compiled {
        append(&mut text, func, arch)?;
    }
    Ok(text)
}

fn too_large() -> Error {
    Error::Limit {
        message: "the program's code is larger than its branches can reach".into(),
        location: Location::default(),
    }
}

fn append(text: &mut Text, func: CompiledFunc, arch: Arch) -> Result<()> {
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
    for mut reloc in func.relocs {
        reloc.offset += start;
        match reloc.target {
            Symbol::Func(target) => {
                let target = text.funcs[target];
                resolve(&mut text.code, &reloc, target)?;
            }
            _ => text.relocs.push(reloc),
        }
    }
    text.traps.extend(
        func.traps
            .iter()
            .map(|&(offset, trap)| (start + offset, trap)),
    );
    text.parts.push(Part {
        item: func.item,
        start,
        len: func.code.len() as u32,
        lines: func.lines,
    });
    Ok(())
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
}
