//! What the linker does not do to the segments: as few as possible, and nothing to look for at start.
//!
//! The linker gives the dynamic section a writable segment of its own, before that of the data. An
//! executable without relocations need not read it.
//!
//! Nearly every executable has no bytes of data, just zeros, and they begin with the guest's stack.
//! There the dynamic section's segment goes, and that of the zeros begins on the page after code, so
//! that code is what a stack overflows into:
//!
//! ```text
//! file    | … text | .dynamic |
//! before  | text | text … || .dynamic || …  | .bss |
//! after   | text | text … |………… | .bss |
//! ```
//!
//! Where the file has bytes of data, their segment takes the dynamic section in: a mapping and a
//! dirty page less at every start. In the file the two lie behind each other; in memory the section
//! moves up to where the data's segment maps the same bytes of the file.
//!
//! ```text
//! file    | … text | .dynamic | .data |
//! before  | text | text … || .dynamic | zeros || …  | .data | .bss |
//! after   | text | text … || .dynamic | .data | .bss |
//! ```

use object::elf::{self, FileHeader64, ProgramHeader64, SectionHeader64, Sym64};
use object::{LittleEndian as Le, U64, from_bytes_mut, slice_from_bytes_mut};

/// Lets the segment of the data take in that of the dynamic section, or goes without the latter if
/// there are only zeros. An executable that is not as described above stays as it is.
pub(super) fn merge_dynamic(executable: &mut [u8]) {
    let Some(place) = merge_segments(executable) else {
        return;
    };
    // Beyond this point only names of the section's bytes are put right.
    let Some(sections) = table::<SectionHeader64<Le>>(executable, |header| {
        (header.e_shoff.get(Le), header.e_shnum.get(Le))
    }) else {
        return;
    };
    let mut dynamic = None;
    let mut symbols = None;
    for (index, section) in sections.iter_mut().enumerate() {
        match section.sh_type.get(Le) {
            elf::SHT_DYNAMIC => {
                place.apply(&mut section.sh_addr);
                if let Dynamic::Unmapped = place {
                    // Debuggers complain about sections that are loaded with no segment.
                    section.sh_flags.set(Le, 0);
                }
                dynamic = Some(index);
            }
            elf::SHT_SYMTAB => {
                symbols = Some((section.sh_offset.get(Le), section.sh_size.get(Le)));
            }
            _ => {}
        }
    }
    if let (Some(dynamic), Some((offset, size))) = (dynamic, symbols) {
        let count = size as usize / size_of::<Sym64<Le>>();
        let symbols = executable.get_mut(offset as usize..);
        if let Some(Ok((symbols, _))) =
            symbols.map(|bytes| slice_from_bytes_mut::<Sym64<Le>>(bytes, count))
        {
            for symbol in symbols {
                if usize::from(symbol.st_shndx.get(Le)) == dynamic {
                    place.apply(&mut symbol.st_value);
                }
            }
        }
    }
}

/// Where the dynamic section went.
#[derive(Clone, Copy)]
enum Dynamic {
    /// Higher by this.
    Moved(u64),
    /// Nowhere: it is in the file only.
    Unmapped,
}

impl Dynamic {
    fn apply(self, address: &mut U64<Le>) {
        match self {
            Dynamic::Moved(shift) => add(address, shift),
            Dynamic::Unmapped => address.set(Le, 0),
        }
    }
}

/// Takes the dynamic section's header away, by which the runtime would look for relocations: without
/// it, it reads neither the section nor the page that holds it.
pub(super) fn forget_dynamic(executable: &mut [u8]) {
    let segments = table::<ProgramHeader64<Le>>(executable, |header| {
        (header.e_phoff.get(Le), header.e_phnum.get(Le))
    });
    for segment in segments.into_iter().flatten() {
        if segment.p_type.get(Le) == elf::PT_DYNAMIC {
            segment.p_type.set(Le, elf::PT_NULL);
        }
    }
}

/// Rewrites the program headers: what became of the dynamic section.
fn merge_segments(executable: &mut [u8]) -> Option<Dynamic> {
    let segments = table::<ProgramHeader64<Le>>(executable, |header| {
        (header.e_phoff.get(Le), header.e_phnum.get(Le))
    })?;
    let find = |segments: &[ProgramHeader64<Le>], kind| {
        segments
            .iter()
            .position(|segment| segment.p_type.get(Le) == kind)
    };
    if find(segments, elf::PT_GNU_RELRO).is_some() {
        return None;
    }
    let dynamic = find(segments, elf::PT_DYNAMIC)?;
    let (offset, size) = (
        segments[dynamic].p_offset.get(Le),
        segments[dynamic].p_filesz.get(Le),
    );
    let first = segments.iter().position(|segment| {
        segment.p_type.get(Le) == elf::PT_LOAD
            && segment.p_offset.get(Le) == offset
            && segment.p_filesz.get(Le) == size
    })?;
    let [before, own, data] = segments.get_mut(first.checked_sub(1)?..first + 2)? else {
        return None;
    };
    if data.p_type.get(Le) != elf::PT_LOAD || own.p_flags.get(Le) != data.p_flags.get(Le) {
        return None;
    }
    if data.p_filesz.get(Le) == 0 {
        begin_behind(before, data)?;
        own.p_type.set(Le, elf::PT_NULL);
        return Some(Dynamic::Unmapped);
    }
    let gap = data.p_offset.get(Le).checked_sub(offset)?;
    let address = data.p_vaddr.get(Le).checked_sub(gap)?;
    let shift = address.checked_sub(own.p_vaddr.get(Le))?;
    let is_as_described = gap >= size
        && gap < size.checked_add(own.p_align.get(Le))?
        && shift % data.p_align.get(Le).max(1) == 0;
    if !is_as_described {
        return None;
    }
    data.p_offset.set(Le, offset);
    data.p_vaddr.set(Le, address);
    data.p_paddr.set(Le, address);
    add(&mut data.p_filesz, gap);
    add(&mut data.p_memsz, gap);
    own.p_type.set(Le, elf::PT_NULL);
    add(&mut segments[dynamic].p_vaddr, shift);
    add(&mut segments[dynamic].p_paddr, shift);
    Some(Dynamic::Moved(shift))
}

/// Lets the segment of the zeros begin on the page behind the segment before it.
fn begin_behind(before: &ProgramHeader64<Le>, zeros: &mut ProgramHeader64<Le>) -> Option<()> {
    let end = before.p_vaddr.get(Le).checked_add(before.p_memsz.get(Le))?;
    let start = end.checked_next_multiple_of(zeros.p_align.get(Le).max(1))?;
    let gap = zeros.p_vaddr.get(Le).checked_sub(start)?;
    zeros.p_vaddr.set(Le, start);
    zeros.p_paddr.set(Le, start);
    add(&mut zeros.p_memsz, gap);
    Some(())
}

/// Lets segments of zeros begin with a page. Nothing is mapped from the file for them: any page of
/// it will do.
pub(super) fn align_zeros(executable: &mut [u8]) {
    let segments = table::<ProgramHeader64<Le>>(executable, |header| {
        (header.e_phoff.get(Le), header.e_phnum.get(Le))
    });
    for segment in segments.into_iter().flatten() {
        if segment.p_type.get(Le) == elf::PT_LOAD && segment.p_filesz.get(Le) == 0 {
            let address = segment.p_vaddr.get(Le);
            let before = address % segment.p_align.get(Le).max(1);
            let offset = segment.p_offset.get(Le);
            segment
                .p_offset
                .set(Le, offset - offset % segment.p_align.get(Le).max(1));
            segment.p_vaddr.set(Le, address - before);
            segment.p_paddr.set(Le, address - before);
            add(&mut segment.p_memsz, before);
        }
    }
}

/// A table that the ELF header gives the offset and the number of entries of.
fn table<T: object::Pod>(
    executable: &mut [u8],
    place: impl FnOnce(&FileHeader64<Le>) -> (u64, u16),
) -> Option<&mut [T]> {
    let (header, _) = from_bytes_mut::<FileHeader64<Le>>(executable).ok()?;
    let (offset, count) = place(header);
    let bytes = executable.get_mut(usize::try_from(offset).ok()?..)?;
    let (table, _) = slice_from_bytes_mut(bytes, count.into()).ok()?;
    Some(table)
}

fn add(field: &mut U64<Le>, amount: u64) {
    field.set(Le, field.get(Le).wrapping_add(amount));
}
