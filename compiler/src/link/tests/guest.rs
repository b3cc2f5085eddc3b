//! A guest object of hand-assembled code, laid out as `emit` lays out its objects.

use std::mem::offset_of;

use object::write::{Object, Relocation, SectionId, Symbol, SymbolId, SymbolSection};
use object::{
    Architecture, BinaryFormat, Endianness, RelocationFlags, SectionFlags, SectionKind,
    SymbolFlags, SymbolKind, SymbolScope, elf,
};
use wasmc_abi::layout::{MAGIC, Program};
use wasmc_abi::symbols;
use wasmc_abi::version::LAYOUT_HASH;

use crate::link::{LinkError, LinkRequest, Symbols, link};
use crate::target::Arch;

/// The status that the guest's code exits with.
pub(super) const STATUS: u8 = 42;

/// What a test's guest is made of.
pub(super) struct Guest {
    pub arch: Arch,
    /// What the program's main function is: `None` for the guest's own code, which exits.
    pub main: Option<&'static str>,
    /// Bytes of code, padded with traps.
    pub text_size: usize,
    /// Bytes of the memory image.
    pub image_size: usize,
    /// Whether it holds an address, which it must relocate at start.
    pub relocated: bool,
}

impl Guest {
    pub(super) fn new(arch: Arch) -> Guest {
        Guest {
            arch,
            main: None,
            text_size: 64,
            image_size: page_size(arch),
            relocated: false,
        }
    }

    /// The object, as `emit` would make it.
    pub(super) fn object(&self) -> Vec<u8> {
        let architecture = match self.arch {
            Arch::X86_64 => Architecture::X86_64,
            Arch::Aarch64 => Architecture::Aarch64,
        };
        let mut object = Object::new(BinaryFormat::Elf, architecture, Endianness::Little);

        let code = exit_code(self.arch);
        let mut text = vec![0; self.text_size];
        text[..code.len()].copy_from_slice(&code);
        let text = section(
            &mut object,
            symbols::SECTION_TEXT,
            SectionKind::Text,
            &text,
            64,
        );
        let image: Vec<u8> = (0..self.image_size).map(|at| at as u8).collect();
        let read_only = SectionKind::ReadOnlyData;
        let page = page_size(self.arch) as u64;
        let image = section(&mut object, symbols::SECTION_IMAGE, read_only, &image, page);
        let segments = section(
            &mut object,
            symbols::SECTION_SEGMENTS,
            read_only,
            b"passive",
            1,
        );
        let data = section(
            &mut object,
            symbols::SECTION_DATA,
            SectionKind::Data,
            &[7; 32],
            16,
        );
        let bss = object.add_section(
            Vec::new(),
            symbols::SECTION_BSS.into(),
            SectionKind::UninitializedData,
        );
        object.append_section_bss(bss, 4096, 16);

        let mut program = [0; size_of::<Program>()];
        let mut set = |offset: usize, value: u32| {
            program[offset..offset + 4].copy_from_slice(&value.to_le_bytes());
        };
        set(offset_of!(Program, magic), MAGIC);
        set(offset_of!(Program, layout), LAYOUT_HASH);
        let rodata = section(&mut object, symbols::SECTION_RODATA, read_only, &program, 8);
        symbol(
            &mut object,
            symbols::PROGRAM,
            SymbolSection::Section(rodata),
            SymbolScope::Linkage,
        );
        // Named like a function of the runtime: it must capture nothing.
        symbol(
            &mut object,
            "memcpy",
            SymbolSection::Section(text),
            SymbolScope::Compilation,
        );

        let main = match self.main {
            Some(name) => symbol(
                &mut object,
                name,
                SymbolSection::Undefined,
                SymbolScope::Unknown,
            ),
            None => object.section_symbol(text),
        };
        for (offset, symbol) in [
            (offset_of!(Program, main), main),
            (offset_of!(Program, text), object.section_symbol(text)),
            (offset_of!(Program, script), object.section_symbol(image)),
            (offset_of!(Program, lines), object.section_symbol(segments)),
            (offset_of!(Program, memories), object.section_symbol(data)),
            (offset_of!(Program, tables), object.section_symbol(bss)),
        ] {
            let r_type = match self.arch {
                Arch::X86_64 => elf::R_X86_64_PC32,
                Arch::Aarch64 => elf::R_AARCH64_PREL32,
            };
            object
                .add_relocation(
                    rodata,
                    Relocation {
                        offset: offset as u64,
                        symbol,
                        addend: 0,
                        flags: RelocationFlags::Elf { r_type },
                    },
                )
                .unwrap();
        }
        if self.relocated {
            let symbol = object.section_symbol(text);
            let r_type = match self.arch {
                Arch::X86_64 => elf::R_X86_64_64,
                Arch::Aarch64 => elf::R_AARCH64_ABS64,
            };
            let relocation = Relocation {
                offset: 0,
                symbol,
                addend: 0,
                flags: RelocationFlags::Elf { r_type },
            };
            object.add_relocation(data, relocation).unwrap();
        }
        object.write().unwrap()
    }

    /// The executable.
    pub(super) fn link(&self, symbols: Symbols) -> Result<Vec<u8>, LinkError> {
        link(LinkRequest {
            arch: self.arch,
            objects: vec![self.object()],
            symbols,
        })
    }
}

fn section(
    object: &mut Object<'_>,
    name: &str,
    kind: SectionKind,
    data: &[u8],
    align: u64,
) -> SectionId {
    let id = object.add_section(Vec::new(), name.into(), kind);
    if kind == SectionKind::ReadOnlyData {
        // Without relocations at start, none of them needs to be writable.
        object.section_mut(id).flags = SectionFlags::Elf {
            sh_flags: elf::SHF_ALLOC.into(),
        };
    }
    object.append_section_data(id, data, align);
    id
}

fn symbol(
    object: &mut Object<'_>,
    name: &str,
    section: SymbolSection,
    scope: SymbolScope,
) -> SymbolId {
    object.add_symbol(Symbol {
        name: name.into(),
        value: 0,
        size: 0,
        kind: SymbolKind::Text,
        scope,
        weak: false,
        section,
        flags: SymbolFlags::None,
    })
}

/// Code that ends the process with [`STATUS`].
fn exit_code(arch: Arch) -> Vec<u8> {
    match arch {
        // mov edi, STATUS; mov eax, 231 (exit_group); syscall
        Arch::X86_64 => vec![0xbf, STATUS, 0, 0, 0, 0xb8, 231, 0, 0, 0, 0x0f, 0x05],
        // mov x0, STATUS; mov x8, 94 (exit_group); svc 0
        Arch::Aarch64 => [
            0xd280_0000 | u32::from(STATUS) << 5,
            0xd280_0bc8,
            0xd400_0001,
        ]
        .into_iter()
        .flat_map(u32::to_le_bytes)
        .collect(),
    }
}

/// Bytes of the largest page of the architecture.
pub(super) fn page_size(arch: Arch) -> usize {
    match arch {
        Arch::X86_64 => 4 << 10,
        Arch::Aarch64 => 64 << 10,
    }
}
