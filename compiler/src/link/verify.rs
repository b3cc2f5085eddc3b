//! Checks of a linked executable that the runtime's start and the user's security rely on.
//!
//! They are made last, of the very bytes that are written. They are assertions: a failure is a bug of the linker or of `emit`, and it must not reach a
//! machine that runs the executable.

use object::LittleEndian as Le;
use object::elf::{self, Dyn64, FileHeader64, ProgramHeader64};
use object::read::elf::{FileHeader as _, ProgramHeader as _, SectionHeader as _};
use wasmc_abi::symbols::SECTION_IMAGE;

use crate::target::Arch;

type Result<T = ()> = std::result::Result<T, String>;

/// Fails with what is wrong, if something is.
pub(super) fn verify(bytes: &[u8], arch: Arch) -> Result {
    let header = FileHeader64::<Le>::parse(bytes).map_err(|error| error.to_string())?;
    let endian = header.endian().map_err(|error| error.to_string())?;
    let segments = header
        .program_headers(endian, bytes)
        .map_err(|error| error.to_string())?;

    let (machine, page_size) = match arch {
        Arch::X86_64 => (elf::EM_X86_64, 4 << 10),
        Arch::Aarch64 => (elf::EM_AARCH64, 64 << 10),
    };
    ensure(
        header.e_machine.get(endian) == machine,
        "it is for another machine",
    )?;
    ensure(
        header.e_type.get(endian) == elf::ET_DYN,
        "it is not position independent",
    )?;
    ensure(
        of_type(segments, elf::PT_INTERP).next().is_none(),
        "it asks for a dynamic linker",
    )?;
    verify_loads(segments, header.e_entry.get(endian), page_size)?;
    verify_stack(segments)?;
    verify_dynamic(header, segments, bytes)?;
    verify_image(header, bytes, page_size)
}

/// The segments of a type.
fn of_type(
    segments: &[ProgramHeader64<Le>],
    kind: u32,
) -> impl Iterator<Item = &ProgramHeader64<Le>> {
    segments
        .iter()
        .filter(move |segment| segment.p_type(Le) == kind)
}

/// No segment is writable and executable, none shares a page with the next, and the entry is code.
fn verify_loads(segments: &[ProgramHeader64<Le>], entry: u64, page_size: u64) -> Result {
    let mut mapped_to = 0;
    let mut entry_is_code = false;
    for segment in of_type(segments, elf::PT_LOAD) {
        let flags = segment.p_flags(Le);
        let executable = flags & elf::PF_X != 0;
        ensure(
            !executable || flags & elf::PF_W == 0,
            "a segment is writable and executable",
        )?;
        let start = segment.p_vaddr(Le);
        let end = start
            .checked_add(segment.p_memsz(Le))
            .ok_or("a segment wraps around")?;
        let first_page = start & !(page_size - 1);
        ensure(first_page >= mapped_to, "two segments share a page")?;
        ensure(
            segment.p_offset(Le) % page_size == start % page_size,
            "a segment cannot be mapped from the file",
        )?;
        mapped_to = end.next_multiple_of(page_size);
        entry_is_code |= executable && (start..end).contains(&entry);
    }
    ensure(entry_is_code, "the entry point is not in code")
}

fn verify_stack(segments: &[ProgramHeader64<Le>]) -> Result {
    let stack = of_type(segments, elf::PT_GNU_STACK)
        .next()
        .ok_or("it does not say that its stack is not executable")?;
    ensure(
        stack.p_flags(Le) & elf::PF_X == 0,
        "its stack is executable",
    )
}

/// Whether an executable has to relocate itself when it starts.
pub(super) fn has_relocations(bytes: &[u8]) -> bool {
    // What cannot be read is refused by `verify`.
    let entries = FileHeader64::<Le>::parse(bytes)
        .map_err(|error| error.to_string())
        .and_then(|header| dynamic_entries(header, bytes));
    entries.is_ok_and(relocates)
}

/// Whether entries of the dynamic section name relocations.
fn relocates(entries: &[Dyn64<Le>]) -> bool {
    let sizes = [elf::DT_RELASZ, elf::DT_RELRSZ, elf::DT_RELSZ];
    entries
        .iter()
        .any(|entry| sizes.contains(&entry.d_tag.get(Le)) && entry.d_val.get(Le) != 0)
}

/// The entries of the dynamic section: those that its program header leads to, by which the runtime
/// finds it, or those of the section if there is no such header.
fn dynamic_entries<'a>(header: &'a FileHeader64<Le>, bytes: &'a [u8]) -> Result<&'a [Dyn64<Le>]> {
    let text = |error: object::Error| error.to_string();
    let segments = header.program_headers(Le, bytes).map_err(text)?;
    if let Some(dynamic) = of_type(segments, elf::PT_DYNAMIC).next() {
        return Ok(dynamic
            .dynamic(Le, bytes)
            .map_err(text)?
            .unwrap_or_default());
    }
    let sections = header.sections(Le, bytes).map_err(text)?;
    for section in sections.iter() {
        if let Some((entries, _)) = section.dynamic(Le, bytes).map_err(text)? {
            return Ok(entries);
        }
    }
    Err("it has no dynamic section to relocate itself by".to_owned())
}

/// The dynamic section asks for no library and no relocation of code. If there are relocations at
/// all, the runtime finds them, and what they write becomes read-only after that.
fn verify_dynamic(
    header: &FileHeader64<Le>,
    segments: &[ProgramHeader64<Le>],
    bytes: &[u8],
) -> Result {
    let entries = dynamic_entries(header, bytes)?;
    for entry in entries {
        let value = entry.d_val.get(Le);
        match entry.d_tag.get(Le) {
            elf::DT_NEEDED => {
                return Err(String::from("it needs a shared library"));
            }
            elf::DT_TEXTREL => {
                return Err(String::from("it has relocations in code"));
            }
            elf::DT_FLAGS if value & u64::from(elf::DF_TEXTREL) != 0 => {
                return Err(String::from("it has relocations in code"));
            }
            _ => {}
        }
    }
    if !relocates(entries) {
        return Ok(());
    }
    let dynamic = of_type(segments, elf::PT_DYNAMIC)
        .next()
        .ok_or("it has relocations, and no header of the dynamic section to find them by")?;
    let start = dynamic.p_vaddr(Le);
    let end = start + dynamic.p_memsz(Le);
    ensure(
        of_type(segments, elf::PT_GNU_RELRO).any(|relro| {
            let relro_start = relro.p_vaddr(Le);
            relro_start <= start && end <= relro_start + relro.p_memsz(Le)
        }),
        "its relocated data stays writable",
    )
}

/// Initial memory consists of whole pages that are read-only: the runtime moves them away.
fn verify_image(header: &FileHeader64<Le>, bytes: &[u8], page_size: u64) -> Result {
    let sections = header
        .sections(Le, bytes)
        .map_err(|error| error.to_string())?;
    let Some((_, section)) = sections.section_by_name(Le, SECTION_IMAGE.as_bytes()) else {
        return Ok(());
    };
    let is_whole = [
        section.sh_addr(Le),
        section.sh_offset(Le),
        section.sh_size(Le),
    ]
    .iter()
    .all(|value| value % page_size == 0);
    ensure(is_whole, "the memory image does not consist of whole pages")?;
    ensure(
        section.sh_flags(Le) & u64::from(elf::SHF_WRITE | elf::SHF_EXECINSTR) == 0,
        "the memory image is not read-only",
    )
}

fn ensure(condition: bool, otherwise: &str) -> Result {
    match condition {
        true => Ok(()),
        false => Err(otherwise.to_owned()),
    }
}
