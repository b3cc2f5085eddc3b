//! How do tools find a function's caller that do not follow frame pointers? By `.eh_frame`, which
//! says for each function where its frame keeps what.

use gimli::LittleEndian;
use gimli::write::{
    Address, CommonInformationEntry, EhFrame, EndianVec, FrameTable, RelocateWriter,
    Relocation as Pointer,
};
use object::SectionKind;
use object::write::{Object, Relocation, StandardSegment};
use wasmc_abi::write::Section;

use super::text::Text;
use super::{Sections, add_relocation, relative32};
use crate::error::{Error, Location, Result};
use crate::target::Arch;

/// Alignment of the section, which readers expect.
const ALIGNMENT: u64 = 8;

/// Adds the section: an entry for each function that says how its frames are unwound.
pub(super) fn add(
    object: &mut Object<'_>,
    sections: &Sections,
    text: &Text,
    mut common: CommonInformationEntry,
    arch: Arch,
) -> Result<()> {
    // Nothing of it has to be relocated at start.
    common.fde_address_encoding = gimli::DwEhPe(gimli::DW_EH_PE_pcrel.0 | gimli::DW_EH_PE_sdata4.0);
    let mut table = FrameTable::default();
    let common = table.add_cie(common);
    for part in &text.parts {
        if let Some(unwind) = &part.unwind {
            let start = Address::Symbol {
                symbol: 0,
                addend: i64::from(part.start + unwind.start),
            };
            table.add_fde(common, unwind.info.to_fde(start));
        }
    }
    let mut frames = EhFrame(Frames {
        bytes: EndianVec::new(LittleEndian),
        pointers: Vec::new(),
    });
    table
        .write_eh_frame(&mut frames)
        .map_err(|error| Error::Limit {
            message: format!("the unwind tables could not be written: {error}"),
            location: Location::default(),
        })?;
    let Frames { bytes, pointers } = frames.0;
    let segment = object.segment_name(StandardSegment::Data).to_vec();
    let id = object.add_section(segment, b".eh_frame".to_vec(), SectionKind::ReadOnlyData);
    object.set_section_data(id, bytes.into_vec(), ALIGNMENT);
    for pointer in pointers {
        let relocation = Relocation {
            offset: pointer.offset as u64,
            symbol: sections.symbol(Section::Text),
            addend: pointer.addend,
            flags: relative32(arch),
        };
        add_relocation(object, id, relocation)?;
    }
    Ok(())
}

/// The section as it is being written, and its pointers, which all lead into the text.
struct Frames {
    bytes: EndianVec<LittleEndian>,
    pointers: Vec<Pointer>,
}

impl RelocateWriter for Frames {
    type Writer = EndianVec<LittleEndian>;

    fn writer(&self) -> &Self::Writer {
        &self.bytes
    }

    fn writer_mut(&mut self) -> &mut Self::Writer {
        &mut self.bytes
    }

    fn relocate(&mut self, pointer: Pointer) {
        self.pointers.push(pointer);
    }
}
