//! Small guests of hand-assembled code, linked with the embedded runtime.

use std::mem::offset_of;

use object::read::elf::{ElfFile64, ProgramHeader as _};
use object::write::{Object, Relocation, SectionId, Symbol, SymbolId, SymbolSection};
use object::{
    Architecture, BinaryFormat, Endianness, Object as _, ObjectSection as _, ObjectSymbol as _,
    RelocationFlags, SectionFlags, SectionKind, SymbolFlags, SymbolKind, SymbolScope, elf,
};
use wasmc_abi::builtins::Builtin;
use wasmc_abi::layout::{ABI_VERSION, MAGIC, Program};
use wasmc_abi::{symbols, wasi};

use super::{LinkError, LinkRequest, Symbols, link, link_inputs, runtime_object};
use crate::target::Arch;

/// The status that the guest's code exits with.
const STATUS: u8 = 42;

/// What a test's guest is made of.
struct Guest {
    arch: Arch,
    /// What the program's main function is: `None` for the guest's own code, which exits.
    main: Option<&'static str>,
    /// Bytes of code, padded with traps.
    text_size: usize,
    /// Bytes of the memory image.
    image_size: usize,
}

impl Guest {
    fn new(arch: Arch) -> Guest {
        Guest {
            arch,
            main: None,
            text_size: 64,
            image_size: page_size(arch),
        }
    }

    /// The object, as `emit` would make it.
    fn object(&self) -> Vec<u8> {
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
        set(offset_of!(Program, version), ABI_VERSION);
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
        object.write().unwrap()
    }

    fn link(&self, symbols: Symbols) -> Result<Vec<u8>, LinkError> {
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

fn page_size(arch: Arch) -> usize {
    match arch {
        Arch::X86_64 => 4 << 10,
        Arch::Aarch64 => 64 << 10,
    }
}

/// The architectures that this build can link for.
fn arches() -> impl Iterator<Item = Arch> {
    [Arch::X86_64, Arch::Aarch64]
        .into_iter()
        .filter(|arch| runtime_object(*arch).is_some())
}

fn parse(executable: &[u8]) -> ElfFile64<'_> {
    ElfFile64::parse(executable).unwrap()
}

fn symbol_names(executable: &[u8]) -> Vec<String> {
    let mut names: Vec<_> = parse(executable)
        .symbols()
        .filter_map(|symbol| symbol.name().ok().map(str::to_owned))
        .collect();
    names.sort_unstable();
    names
}

/// In a pool of this many threads.
fn in_threads<T: Send>(threads: usize, operation: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .unwrap()
        .install(operation)
}

#[test]
fn this_machine_has_a_runtime() {
    let host = Arch::host().unwrap();
    let runtime = runtime_object(host).unwrap();
    assert_eq!(runtime.sha256.len(), 64);
    assert!(runtime.rustc.starts_with("rustc "), "{}", runtime.rustc);
}

#[test]
fn the_runtime_defines_every_function_of_the_abi() {
    for arch in arches() {
        let names = symbol_names(runtime_object(arch).unwrap().bytes);
        let expected = [symbols::START, symbols::MAIN_COMMAND, symbols::MAIN_SCRIPT]
            .into_iter()
            .chain(
                Builtin::ALL
                    .iter()
                    .map(|builtin| builtin.signature().symbol),
            )
            .chain(wasi::FUNCTIONS.iter().map(|function| function.symbol));
        let missing: Vec<_> = expected
            .filter(|name| !names.iter().any(|other| other == name))
            .collect();
        assert!(missing.is_empty(), "{arch:?} lacks {missing:?}");
    }
}

#[test]
fn a_guest_runs() {
    for arch in arches().filter(|arch| Arch::host() == Some(*arch)) {
        for symbols in [Symbols::Keep, Symbols::Strip] {
            let executable = Guest::new(arch).link(symbols).unwrap();
            assert_eq!(
                run(&executable),
                Some(STATUS.into()),
                "{arch:?} {symbols:?}"
            );
        }
    }
}

/// The status that an executable exits with.
fn run(executable: &[u8]) -> Option<i32> {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("guest");
    std::fs::write(&path, executable).unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    loop {
        match std::process::Command::new(&path).status() {
            // Another test's child may hold our descriptor until it has called execve.
            Err(error) if error.kind() == std::io::ErrorKind::ExecutableFileBusy => {}
            status => return status.unwrap().code(),
        }
    }
}

#[test]
fn a_guest_is_where_the_runtime_needs_it() {
    for arch in arches() {
        let executable = Guest::new(arch).link(Symbols::Strip).unwrap();
        let file = parse(&executable);
        let image = file.section_by_name(symbols::SECTION_IMAGE).unwrap();
        assert_eq!(image.address() % page_size(arch) as u64, 0);
        let data = image.data().unwrap();
        assert_eq!(data.len(), page_size(arch));
        assert!(data.iter().enumerate().all(|(at, byte)| *byte == at as u8));
        for name in ["main", "text", "script", "lines", "memories", "tables"] {
            let offset = match name {
                "main" => offset_of!(Program, main),
                "text" => offset_of!(Program, text),
                "script" => offset_of!(Program, script),
                "lines" => offset_of!(Program, lines),
                "memories" => offset_of!(Program, memories),
                _ => offset_of!(Program, tables),
            };
            let at = program_address(&file) + offset as u64;
            let pointer = file
                .sections()
                .find_map(|section| section.data_range(at, 4).ok().flatten())
                .unwrap();
            let pointer = i32::from_le_bytes(pointer.try_into().unwrap());
            let target = at.wrapping_add_signed(pointer.into());
            let writable = matches!(name, "memories" | "tables");
            let segment = file
                .elf_program_headers()
                .iter()
                .filter(|segment| segment.p_type(Endianness::Little) == elf::PT_LOAD)
                .find(|segment| {
                    let start = segment.p_vaddr(Endianness::Little);
                    (start..start + segment.p_memsz(Endianness::Little)).contains(&target)
                })
                .unwrap();
            let flags = segment.p_flags(Endianness::Little);
            assert_eq!(flags & elf::PF_W != 0, writable, "{arch:?} {name}");
        }
    }
}

/// Where the program record is, found by its first words.
fn program_address(file: &ElfFile64<'_>) -> u64 {
    let mut words = MAGIC.to_le_bytes().to_vec();
    words.extend(ABI_VERSION.to_le_bytes());
    words.extend([0; 8]);
    let rodata = file
        .sections()
        .filter(|section| section.name().is_ok_and(|name| name.starts_with(".rodata")));
    for section in rodata {
        let data = section.data().unwrap();
        if let Some(at) = data.windows(words.len()).position(|bytes| bytes == words) {
            return section.address() + at as u64;
        }
    }
    panic!("no program record");
}

#[test]
fn the_same_guest_gives_the_same_bytes() {
    for arch in arches() {
        for symbols in [Symbols::Keep, Symbols::Strip] {
            let link = || Guest::new(arch).link(symbols).unwrap();
            let one = in_threads(1, link);
            for threads in [1, 2, 4] {
                assert!(one == in_threads(threads, link), "{arch:?} {threads}");
            }
            assert!(one == link(), "{arch:?}, global pool");
        }
    }
}

#[test]
fn local_symbols_stay_unless_stripped() {
    for arch in arches() {
        let kept = symbol_names(&Guest::new(arch).link(Symbols::Keep).unwrap());
        assert!(kept.iter().any(|name| name == symbols::PROGRAM));
        assert!(kept.iter().any(|name| name == "memcpy"));
        assert!(symbol_names(&Guest::new(arch).link(Symbols::Strip).unwrap()).is_empty());
    }
}

#[test]
fn what_nothing_refers_to_is_dropped() {
    for arch in arches() {
        let guest = Guest {
            main: Some(symbols::MAIN_COMMAND),
            ..Guest::new(arch)
        };
        let small = Guest::new(arch).link(Symbols::Keep).unwrap();
        let large = guest.link(Symbols::Keep).unwrap();
        let has = |executable: &[u8], name: &str| {
            symbol_names(executable).iter().any(|other| other == name)
        };
        assert!(has(&large, symbols::MAIN_COMMAND));
        assert!(!has(&small, symbols::MAIN_COMMAND));
        assert!(!has(&large, symbols::MAIN_SCRIPT));
        for function in wasi::FUNCTIONS {
            assert!(!has(&large, function.symbol), "{}", function.symbol);
        }
    }
}

#[test]
fn an_undefined_symbol_is_an_error_that_names_it() {
    for arch in arches() {
        let guest = Guest {
            main: Some("wasmc_nothing"),
            ..Guest::new(arch)
        };
        let error = guest.link(Symbols::Keep).unwrap_err();
        assert!(error.message.contains("wasmc_nothing"), "{error}");
    }
}

#[test]
fn a_warning_is_an_error() {
    for arch in arches() {
        // Without the runtime nothing defines the entry point.
        let inputs = vec![Guest::new(arch).object().into()];
        let error = link_inputs(arch, inputs, Symbols::Keep).unwrap_err();
        assert!(error.message.starts_with("the linker warns: "), "{error}");
        assert!(error.message.contains(symbols::START), "{error}");
    }
}

#[test]
fn objects_of_another_machine_are_an_error() {
    let other = match Arch::host().unwrap() {
        Arch::X86_64 => Arch::Aarch64,
        Arch::Aarch64 => Arch::X86_64,
    };
    let request = LinkRequest {
        arch: Arch::host().unwrap(),
        objects: vec![Guest::new(other).object()],
        symbols: Symbols::Keep,
    };
    assert!(link(request).is_err());
}
