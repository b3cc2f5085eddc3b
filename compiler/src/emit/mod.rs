//! From compiled functions and the plan to one relocatable object.
//!
//! The text is one section in the decided order. Since its layout is known here, calls within it
//! are resolved here too, and everything that holds code addresses (funcrefs, trap and line
//! tables) is written as offsets from its start: the linker sees few relocations, and the
//! executable needs none at start.

mod addresses;
mod components;
mod functions;
mod heap;
mod instances;
mod records;
mod sources;
mod state;
mod symbols;
mod text;
mod unwind;
mod veneers;

use gimli::write::CommonInformationEntry;
use object::write::{
    Object, Relocation, SectionId, StandardSegment, Symbol, SymbolId, SymbolSection,
};
use object::{
    Architecture, BinaryFormat, Endianness, RelocationFlags, SectionFlags, SectionKind,
    SymbolFlags, SymbolKind, SymbolScope, elf,
};
use std::collections::HashMap;
use wasmc_abi::builtins::Builtin;
use wasmc_abi::confine::Needs;
use wasmc_abi::pointer::Any;
use wasmc_abi::symbols as names;
use wasmc_abi::wasi;
use wasmc_abi::write::{Place, Section, Target};

use crate::codegen::CompiledFunc;
use crate::error::{Error, Location, Result};
use crate::options::Options;
use crate::program::{Program, image_alignment};
use crate::target::Arch;
use crate::translate;
use records::Records;
pub(crate) use sources::Sources;
use state::PAGE;
pub(crate) use text::Part;
use text::Text;

/// Makes the guest's object; also what its text consists of. `provenance` is a note that it carries,
/// `sources` what is known of the modules' source, `frames` what holds for all frames if functions
/// say how theirs are unwound.
pub(crate) fn object(
    program: &Program<'_>,
    code: Vec<CompiledFunc>,
    required_cpu: u32,
    options: &Options,
    provenance: Vec<u8>,
    sources: &Sources,
    frames: Option<CommonInformationEntry>,
) -> Result<(Vec<u8>, Vec<Part>)> {
    let arch = options.target.arch;
    let mut text = text::lay_out(code, arch, options.branch_reach.unwrap_or(veneers::REACH))?;
    check_needs(program, &text);
    if options.branch_protection.guards() {
        text.fill_pages();
    }
    let Records {
        blob,
        addresses,
        layout,
        state,
    } = records::write(program, &text, required_cpu, options, sources)?;
    let segments = addresses::segments(program)?;

    let mut object = Object::new(
        BinaryFormat::Elf,
        match arch {
            Arch::X86_64 => Architecture::X86_64,
            Arch::Aarch64 => Architecture::Aarch64,
        },
        Endianness::Little,
    );
    let mut sections = Sections::new();
    let code = std::mem::take(&mut text.code);
    sections.add(&mut object, Section::Text, code, text.alignment);
    sections.add(&mut object, Section::ReadOnly, blob.bytes, 16);
    match layout.state {
        state::Form::File => sections.add(&mut object, Section::State, state.bytes, 16),
        state::Form::Zeros => {
            sections.state_at = layout.tail;
            let len = layout.tail + u64::from(program.places.state_len);
            sections.add_zeros(&mut object, Section::State, len, names::STATE_ALIGNMENT);
        }
    }
    sections.add_zeros(&mut object, Section::Stack, layout.stack, PAGE);
    let zero_len = program.places.zero_len.into();
    sections.add_zeros(&mut object, Section::Zero, zero_len, 16);
    sections.add(&mut object, Section::Segments, segments, 16);
    let images = images(program);
    sections.add(&mut object, Section::Image, images, image_alignment(arch));

    let mut externals = HashMap::new();
    for reloc in &text.relocs {
        let (symbol, addend) = match addresses.of_symbol(reloc.target) {
            Some(place) => (
                sections.symbol(place.section()),
                sections.offset(place) as i64,
            ),
            None => (external(&mut object, &mut externals, reloc.target), 0),
        };
        let relocation = Relocation {
            offset: u64::from(reloc.offset),
            symbol,
            addend: addend + reloc.addend,
            flags: relocation_flags(reloc.kind),
        };
        add_relocation(&mut object, sections.id(Section::Text), relocation)?;
    }
    let blobs = [
        (Section::ReadOnly, blob.pointers),
        (Section::State, state.pointers),
    ];
    for (section, pointers) in blobs {
        for pointer in pointers {
            let (symbol, addend) = match pointer.target {
                Target::Place(place) => (
                    sections.symbol(place.section()),
                    sections.offset(place) as i64,
                ),
                Target::Runtime(name) => (undefined(&mut object, &mut externals, name), 0),
            };
            let relocation = Relocation {
                offset: pointer.offset,
                symbol,
                addend,
                flags: relative32(arch),
            };
            add_relocation(&mut object, sections.id(section), relocation)?;
        }
    }
    let segment = object.segment_name(StandardSegment::Data).to_vec();
    let name = names::SECTION_NOTE.into();
    let note = object.add_section(segment, name, SectionKind::Note);
    object.set_section_data(note, provenance, 4);
    object.section_mut(note).flags = SectionFlags::Elf {
        sh_flags: u64::from(elf::SHF_ALLOC),
    };
    // Without this section other linkers make the stack executable.
    let note = b".note.GNU-stack".to_vec();
    let note = object.add_section(Vec::new(), note, SectionKind::Other);
    object.section_mut(note).flags = SectionFlags::Elf { sh_flags: 0 };
    if let Some(frames) = frames {
        unwind::add(&mut object, &sections, &text, frames, arch)?;
    }
    symbols::add(&mut object, &sections, program, &text, &addresses);
    Ok((object.write().map_err(broken)?, text.parts))
}

/// Makes sure that the code calls nothing of the runtime that was not foreseen: the filter of system
/// calls would end the program there.
fn check_needs(program: &Program<'_>, text: &Text) {
    for reloc in &text.relocs {
        let grows = Needs::GROW_GUARDED.and(Needs::GROW_MAPPED);
        let foreseen = match reloc.target {
            translate::Symbol::Builtin(Builtin::memory_grow) => program.needs.intersects(grows),
            symbol => program.needs.contains(match symbol {
                translate::Symbol::Wasi(index) => {
                    Needs::of_function(&wasi::FUNCTIONS[index as usize])
                }
                translate::Symbol::ThreadSpawn => Needs::of_function(&wasi::THREAD_SPAWN),
                translate::Symbol::Host(index) => translate::host_function(index).needs,
                translate::Symbol::Builtin(builtin) => Needs::of_builtin(builtin),
                _ => Needs::NONE,
            }),
        };
        assert!(foreseen, "{:?} needs what was not foreseen", reloc.target);
    }
}

/// The sections of the object that were made.
struct Sections {
    made: HashMap<Section, (SectionId, SymbolId)>,
    /// Where in its section the state begins.
    state_at: u64,
}

impl Sections {
    fn new() -> Sections {
        Sections {
            made: HashMap::new(),
            state_at: 0,
        }
    }

    fn add(&mut self, object: &mut Object<'_>, section: Section, bytes: Vec<u8>, align: u64) {
        if bytes.is_empty() && section != Section::Text {
            return;
        }
        let (name, kind) = match section {
            Section::Text => (names::SECTION_TEXT, SectionKind::Text),
            Section::ReadOnly => (names::SECTION_RODATA, SectionKind::ReadOnlyData),
            Section::State => (names::SECTION_DATA, SectionKind::Data),
            Section::Segments => (names::SECTION_SEGMENTS, SectionKind::ReadOnlyData),
            Section::Image => (names::SECTION_IMAGE, SectionKind::ReadOnlyData),
            Section::Zero | Section::Stack => unreachable!("they have no bytes"),
        };
        let segment = object.segment_name(StandardSegment::Data).to_vec();
        let id = object.add_section(segment, name.into(), kind);
        object.set_section_data(id, bytes, align);
        self.register(object, section, id);
    }

    fn add_zeros(&mut self, object: &mut Object<'_>, section: Section, len: u64, align: u64) {
        if len == 0 {
            return;
        }
        let name = match section {
            Section::State => names::SECTION_STATE,
            Section::Stack => names::SECTION_STACK,
            _ => names::SECTION_BSS,
        };
        let segment = object.segment_name(StandardSegment::Data).to_vec();
        let kind = SectionKind::UninitializedData;
        let id = object.add_section(segment, name.into(), kind);
        object.append_section_bss(id, len, align);
        self.register(object, section, id);
    }

    fn register(&mut self, object: &mut Object<'_>, section: Section, id: SectionId) {
        debug_assert!(matches!(
            object.section_flags_mut(id),
            SectionFlags::Elf { .. }
        ));
        let symbol = object.section_symbol(id);
        self.made.insert(section, (id, symbol));
    }

    /// The offset of a place in its section.
    fn offset(&self, place: Place<Any>) -> u64 {
        match place.section() {
            Section::State => self.state_at + place.offset(),
            _ => place.offset(),
        }
    }

    fn id(&self, section: Section) -> SectionId {
        self.made[&section].0
    }

    fn symbol(&self, section: Section) -> SymbolId {
        // A section without bytes is not made; the address of what lies in it does not matter.
        let made = self.made.get(&section);
        made.unwrap_or(&self.made[&Section::Text]).1
    }
}

fn add_relocation(
    object: &mut Object<'_>,
    section: SectionId,
    relocation: Relocation,
) -> Result<()> {
    object.add_relocation(section, relocation).map_err(broken)
}

fn broken(error: object::write::Error) -> Error {
    Error::Limit {
        message: format!("the object could not be written: {error}"),
        location: Location::default(),
    }
}

/// The pages of initial memory that are moved into place.
fn images(program: &Program<'_>) -> Vec<u8> {
    let total: u64 = program.steps.images.iter().map(|image| image.len).sum();
    let mut bytes = vec![0; total as usize];
    let mut start = 0;
    for image in &program.steps.images {
        for &(offset, data) in &image.parts {
            let data = program.world.datas[data].bytes;
            let offset = (start + offset) as usize;
            bytes[offset..offset + data.len()].copy_from_slice(data);
        }
        start += image.len;
    }
    bytes
}

/// The undefined symbol of a function of the runtime.
fn external(
    object: &mut Object<'_>,
    externals: &mut HashMap<&'static str, SymbolId>,
    symbol: translate::Symbol,
) -> SymbolId {
    let name = match symbol {
        translate::Symbol::Wasi(index) => wasi::FUNCTIONS[index as usize].symbol,
        translate::Symbol::ThreadSpawn => wasi::THREAD_SPAWN.symbol,
        translate::Symbol::Host(index) => translate::host_function(index).symbol,
        translate::Symbol::Builtin(builtin) => builtin.signature().symbol,
        symbol => unreachable!("{symbol:?} has a place in the object"),
    };
    undefined(object, externals, name)
}

fn undefined(
    object: &mut Object<'_>,
    externals: &mut HashMap<&'static str, SymbolId>,
    name: &'static str,
) -> SymbolId {
    *externals.entry(name).or_insert_with(|| {
        object.add_symbol(Symbol {
            name: name.into(),
            value: 0,
            size: 0,
            kind: SymbolKind::Unknown,
            scope: SymbolScope::Unknown,
            weak: false,
            section: SymbolSection::Undefined,
            flags: SymbolFlags::None,
        })
    })
}

/// The relocation of a 32-bit pointer relative to itself.
fn relative32(arch: Arch) -> RelocationFlags {
    let r_type = match arch {
        Arch::X86_64 => elf::R_X86_64_PC32,
        Arch::Aarch64 => elf::R_AARCH64_PREL32,
    };
    RelocationFlags::Elf { r_type }
}

/// The ELF form of Cranelift's relocations. An absolute one, or one through the GOT, would be a
/// bug: the executable would not be position-independent, or slower.
fn relocation_flags(kind: cranelift_codegen::binemit::Reloc) -> RelocationFlags {
    use cranelift_codegen::binemit::Reloc;
    let r_type = match kind {
        Reloc::X86CallPCRel4 => elf::R_X86_64_PLT32,
        Reloc::X86PCRel4 => elf::R_X86_64_PC32,
        Reloc::Arm64Call => elf::R_AARCH64_CALL26,
        Reloc::Aarch64AdrPrelPgHi21 => elf::R_AARCH64_ADR_PREL_PG_HI21,
        Reloc::Aarch64AddAbsLo12Nc => elf::R_AARCH64_ADD_ABS_LO12_NC,
        kind => unreachable!("a relocation of kind {kind} in colocated code"),
    };
    RelocationFlags::Elf { r_type }
}
