//! `wasmc core`: lets a debugger follow the guest's pointers in a core file.
//!
//! A pointer of the guest is an offset in its memory. A process of a program compiled with `-g` has
//! its memory at those addresses too, but a core file has it once, as the pages would be there twice.
//! Here each segment of the memory gets another header, which says the same bytes lie at the guest's
//! addresses.
//!
//! ```text
//! | core file … | its program headers, and those of the memory once more |
//! ```

use std::mem::offset_of;

use anyhow::{Context as _, anyhow};
use object::elf::{self, FileHeader64, ProgramHeader64};
use object::read::elf::FileHeader as _;
use object::{LittleEndian as Le, U16, U64, bytes_of};
use wasmc_abi::layout::{SLOT0_AARCH64, SLOT0_X86_64};

use crate::args::CoreArgs;
use crate::output::Destination;
use crate::report::Failure;

/// Addresses that a pointer of 32 bits has.
const POINTERS: u64 = 1 << 32;

/// Writes the core file with the memory at the guest's addresses, too.
pub fn execute(args: &CoreArgs) -> Result<(), Failure> {
    let shown = args.core.display();
    let core = std::fs::read(&args.core).with_context(|| format!("failed to read `{shown}`"))?;
    let core = with_alias(core).with_context(|| format!("failed to convert `{shown}`"))?;
    let destination = Destination::named(&args.output, wasmc_compiler::Emit::Obj)?;
    destination.write(&core, wasmc_compiler::Emit::Obj)
}

fn with_alias(mut core: Vec<u8>) -> anyhow::Result<Vec<u8>> {
    let header = FileHeader64::<Le>::parse(&*core).map_err(|_| anyhow!("it is no ELF file"))?;
    if header.e_type(Le) != elf::ET_CORE {
        return Err(anyhow!("it is no core file"));
    }
    let base = match header.e_machine(Le) {
        elf::EM_X86_64 => SLOT0_X86_64,
        elf::EM_AARCH64 => SLOT0_AARCH64,
        _ => {
            return Err(anyhow!(
                "it is of a processor that wasmc does not compile for"
            ));
        }
    };
    let mut segments = header.program_headers(Le, &*core)?.to_vec();
    let aliases: Vec<_> = segments
        .iter()
        .filter_map(|segment| alias_of(segment, base))
        .collect();
    if aliases.is_empty() {
        return Err(anyhow!("it has no memory of a program that wasmc compiled"));
    }
    segments.extend(aliases);
    let count = u16::try_from(segments.len())
        .ok()
        .filter(|&count| count != elf::PN_XNUM)
        .context("it has too many segments")?;
    core.resize(core.len().next_multiple_of(8), 0);
    let at = U64::new(Le, core.len() as u64);
    for segment in &segments {
        core.extend_from_slice(bytes_of(segment));
    }
    let mut set = |at: usize, bytes: &[u8]| core[at..at + bytes.len()].copy_from_slice(bytes);
    set(offset_of!(FileHeader64<Le>, e_phoff), bytes_of(&at));
    let count = U16::new(Le, count);
    set(offset_of!(FileHeader64<Le>, e_phnum), bytes_of(&count));
    Ok(core)
}

/// The header by which a segment of the memory lies at the guest's addresses, as far as these do not
/// reach the memory itself.
fn alias_of(segment: &ProgramHeader64<Le>, base: u64) -> Option<ProgramHeader64<Le>> {
    let address = segment.p_vaddr.get(Le);
    let is_memory = segment.p_type.get(Le) == elf::PT_LOAD
        && segment.p_filesz.get(Le) > 0
        && (base..base + POINTERS).contains(&address);
    let room = base.checked_sub(address.checked_sub(base)?)?;
    if !is_memory || room == 0 {
        return None;
    }
    let mut alias = *segment;
    alias.p_vaddr.set(Le, address - base);
    alias.p_filesz.set(Le, segment.p_filesz.get(Le).min(room));
    alias.p_memsz.set(Le, segment.p_memsz.get(Le).min(room));
    Some(alias)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(address: u64, bytes: u64) -> ProgramHeader64<Le> {
        let mut segment = ProgramHeader64::<Le> {
            p_type: object::U32::new(Le, elf::PT_LOAD),
            p_flags: object::U32::new(Le, elf::PF_R),
            p_offset: U64::new(Le, 4096),
            p_vaddr: U64::new(Le, address),
            p_paddr: U64::new(Le, 0),
            p_filesz: U64::new(Le, bytes),
            p_memsz: U64::new(Le, bytes),
            p_align: U64::new(Le, 4096),
        };
        segment.p_paddr.set(Le, 0);
        segment
    }

    #[test]
    fn the_memory_lies_at_the_guests_addresses_too() {
        let base = SLOT0_X86_64;
        let alias = alias_of(&segment(base + 0x10000, 0x20000), base).unwrap();
        assert_eq!(alias.p_vaddr.get(Le), 0x10000);
        assert_eq!(alias.p_filesz.get(Le), 0x20000);
        assert!(alias_of(&segment(base - 4096, 4096), base).is_none());
        assert!(alias_of(&segment(base + base, 4096), base).is_none());
        let cut = alias_of(&segment(base + base - 4096, 8192), base).unwrap();
        assert_eq!(cut.p_filesz.get(Le), 4096);
    }

    #[test]
    fn other_files_are_refused() {
        assert!(with_alias(b"\0asm".to_vec()).is_err());
        assert!(with_alias(Vec::new()).is_err());
    }
}
