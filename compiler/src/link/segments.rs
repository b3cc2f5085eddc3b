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

/// Lets the segment of the data take in that of the dynamic section. An executable that is not as
/// described above stays as it is.
pub(super) fn merge_dynamic(executable: &mut [u8]) {
    let Some(shift) = merge_segments(executable) else {
        return;
    };
    // Beyond this point only names of the moved bytes are put right.
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
                add(&mut section.sh_addr, shift);
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
                    add(&mut symbol.st_value, shift);
                }
            }
        }
    }
}

/// Lets the segment of the zeros, if it is one of nothing else, begin where the one before it ends.
/// To be called once nothing has to be relocated.
pub(super) fn close_gap(executable: &mut [u8]) {
    let segments = table::<ProgramHeader64<Le>>(executable, |header| {
        (header.e_phoff.get(Le), header.e_phnum.get(Le))
    });
    let loads = segments.into_iter().flatten();
    let mut loads = loads.filter(|segment| segment.p_type.get(Le) == elf::PT_LOAD);
    let (Some(zeros), Some(before)) = (loads.next_back(), loads.next_back()) else {
        return;
    };
    let end = before.p_vaddr.get(Le) + before.p_memsz.get(Le);
    let start = end.next_multiple_of(zeros.p_align.get(Le).max(1));
    let Some(gap) = zeros.p_vaddr.get(Le).checked_sub(start) else {
        return;
    };
    if zeros.p_filesz.get(Le) > 0 {
        return;
    }
    // Nothing is mapped from the file: any page will do.
    zeros.p_offset.set(Le, 0);
    zeros.p_vaddr.set(Le, start);
    zeros.p_paddr.set(Le, start);
    add(&mut zeros.p_memsz, gap);
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

/// Rewrites the program headers: by how much the dynamic section moved.
fn merge_segments(executable: &mut [u8]) -> Option<u64> {
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
    let [own, data] = segments.get_mut(first..first + 2)? else {
        return None;
    };
    if data.p_filesz.get(Le) == 0 {
        own.p_type.set(Le, elf::PT_NULL);
        return None;
    }
    let gap = data.p_offset.get(Le).checked_sub(offset)?;
    let address = data.p_vaddr.get(Le).checked_sub(gap)?;
    let shift = address.checked_sub(own.p_vaddr.get(Le))?;
    let is_as_described = data.p_type.get(Le) == elf::PT_LOAD
        && own.p_flags.get(Le) == data.p_flags.get(Le)
        && gap >= size
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
    Some(shift)
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
