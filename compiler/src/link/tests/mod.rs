//! Small guests of hand-assembled code, linked with the embedded runtime.

mod guest;

use std::env;
use std::io::ErrorKind;
use std::mem::offset_of;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::sync::Arc;

use object::read::elf::{ElfFile64, ProgramHeader as _};
use object::{
    Endianness, Object as _, ObjectSection as _, ObjectSymbol as _, SectionFlags, SectionKind, elf,
};
use wasmc_abi::builtins::Builtin;
use wasmc_abi::layout::{MAGIC, Program, RUNTIME_STATE_MAX};
use wasmc_abi::version::LAYOUT_HASH;
use wasmc_abi::{symbols, wasi};

use super::verify::{has_relocations, verify};
use super::{
    LinkRequest, Relro, Symbols, clear_linker_environment, link, link_inputs, runtime_object,
};
use crate::target::Arch;
use guest::{Guest, STATUS, page_size};

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
fn what_every_start_touches_of_the_runtime_is_small_and_apart() {
    for arch in arches() {
        let file = parse(runtime_object(arch).unwrap().bytes);
        let writable = file.sections().filter(|section| {
            matches!(section.flags(), SectionFlags::Elf { sh_flags }
                if sh_flags & u64::from(elf::SHF_WRITE) != 0)
        });
        for section in writable {
            let name = section.name().unwrap();
            // Where bytes of the file are writable, each start copies their page. What is relocated
            // is only part of programs that use it.
            assert!(
                section.kind() == SectionKind::UninitializedData
                    || name.starts_with(".data.rel.ro"),
                "{arch:?}: {name}"
            );
        }
        let state = file
            .section_by_name(symbols::SECTION_RUNTIME_STATE)
            .unwrap();
        assert_eq!(state.align(), symbols::STATE_ALIGNMENT, "{arch:?}");
        // The beginning of what the system interface has follows.
        assert!(state.size() <= RUNTIME_STATE_MAX - 256, "{arch:?}");
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
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("guest");
    std::fs::write(&path, executable).unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    loop {
        match Command::new(&path).status() {
            // Another test's child may hold our descriptor until it has called execve.
            Err(error) if error.kind() == ErrorKind::ExecutableFileBusy => {}
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
    words.extend(LAYOUT_HASH.to_le_bytes());
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
        let inputs = [Arc::new(Guest::new(arch).object().into())];
        let error = link_inputs(arch, &inputs, Symbols::Keep, Relro::No).unwrap_err();
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

/// A variable of the linker.
const VARIABLE: &str = "WILD_WRITE_LAYOUT";

#[test]
fn variables_of_the_linker_are_refused() {
    let Some(arch) = arches().next() else { return };
    if env::var_os(VARIABLE).is_some() {
        // With several threads, as in a test, this leaves the environment alone.
        clear_linker_environment();
        let error = Guest::new(arch).link(Symbols::Keep).unwrap_err();
        assert!(error.message.contains(VARIABLE), "{error}");
        assert!(error.hint.is_some());
        return;
    }
    // The same test in a process of its own, so that no other test meets the variable.
    let name = std::thread::current().name().unwrap().to_owned();
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", &name, "--test-threads", "2"])
        .env(VARIABLE, "1")
        .output()
        .unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{stdout}");
    assert!(stdout.contains("1 passed"), "{stdout}");
}

#[test]
fn only_what_is_relocated_is_protected_at_start() {
    for arch in arches() {
        for relocated in [false, true] {
            let guest = Guest {
                relocated,
                ..Guest::new(arch)
            };
            let executable = guest.link(Symbols::Keep).unwrap();
            assert_eq!(has_relocations(&executable), relocated);
            assert_eq!(verify(&executable, arch), Ok(()), "{arch:?} {relocated}");
            let segments = parse(&executable).elf_program_headers().to_vec();
            let protects = segments
                .iter()
                .any(|segment| segment.p_type(Endianness::Little) == elf::PT_GNU_RELRO);
            assert_eq!(protects, relocated);
            let writable = segments.iter().filter(|segment| {
                segment.p_type(Endianness::Little) == elf::PT_LOAD
                    && segment.p_flags(Endianness::Little) & elf::PF_W != 0
            });
            assert_eq!(writable.count(), if relocated { 2 } else { 1 });
            dynamic_is_mapped(&executable, relocated);
        }
    }
}

/// The dynamic section's header and symbol agree, a mapped segment holds its bytes, and there is a
/// program header for it if the runtime needs it.
fn dynamic_is_mapped(executable: &[u8], needed: bool) {
    let le = Endianness::Little;
    let file = parse(executable);
    let segments = file.elf_program_headers();
    let section = file.section_by_name(".dynamic").unwrap();
    let (address, offset) = (section.address(), section.file_range().unwrap().0);
    let header = segments
        .iter()
        .find(|segment| segment.p_type(le) == elf::PT_DYNAMIC);
    let place = header.map(|header| (header.p_vaddr(le), header.p_offset(le)));
    assert_eq!(place, needed.then_some((address, offset)));
    let symbol = file.symbol_by_name("_DYNAMIC");
    assert!(symbol.is_none_or(|symbol| symbol.address() == address));
    assert!(segments.iter().any(|segment| {
        segment.p_type(le) == elf::PT_LOAD
            && segment.p_vaddr(le) <= address
            && address + section.size() <= segment.p_vaddr(le) + segment.p_filesz(le)
            && segment.p_vaddr(le).wrapping_sub(address)
                == segment.p_offset(le).wrapping_sub(offset)
    }));
}

#[test]
fn what_is_unsafe_is_refused() {
    let arch = Arch::host().unwrap();
    let good = Guest {
        relocated: true,
        ..Guest::new(arch)
    };
    let good = good.link(Symbols::Strip).unwrap();
    assert_eq!(verify(&good, arch), Ok(()));

    // Offsets of fields in the ELF header and in a program header.
    const E_TYPE: usize = 16;
    const E_MACHINE: usize = 18;
    const E_ENTRY: usize = 24;
    const P_TYPE: usize = 0;
    const P_FLAGS: usize = 4;
    const P_MEMSZ: usize = 40;

    let header = |p_type: u32, flags: u32| {
        let segments = parse(&good).elf_program_headers().to_vec();
        let index = segments.iter().position(|segment| {
            segment.p_type(Endianness::Little) == p_type
                && segment.p_flags(Endianness::Little) == flags
        });
        64 + 56 * index.unwrap()
    };
    let code = header(elf::PT_LOAD, elf::PF_R | elf::PF_X);
    let stack = header(elf::PT_GNU_STACK, elf::PF_R | elf::PF_W);
    let relro = header(elf::PT_GNU_RELRO, elf::PF_R);
    let note = header(elf::PT_NOTE, elf::PF_R);
    let dynamic = header(elf::PT_DYNAMIC, elf::PF_R | elf::PF_W);
    let refused = |at: usize, value: u32, expected: &str| {
        let mut bytes = good.clone();
        bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
        let error = verify(&bytes, arch).unwrap_err();
        assert!(error.contains(expected), "{error:?}, not {expected:?}");
    };
    let machine = u32::from(u16::from_le_bytes([good[E_MACHINE], good[E_MACHINE + 1]]));
    refused(E_TYPE, machine << 16 | u32::from(elf::ET_EXEC), "position");
    refused(E_MACHINE, elf::EM_RISCV.into(), "machine");
    refused(E_ENTRY, 0, "entry point");
    refused(
        code + P_FLAGS,
        elf::PF_R | elf::PF_W | elf::PF_X,
        "writable",
    );
    refused(code + P_MEMSZ, 0x1_0000, "share a page");
    refused(stack + P_FLAGS, elf::PF_R | elf::PF_W | elf::PF_X, "stack");
    refused(stack + P_TYPE, elf::PT_NULL, "stack");
    refused(relro + P_MEMSZ, 8, "stays writable");
    refused(relro + P_TYPE, elf::PT_NULL, "stays writable");
    refused(note + P_TYPE, elf::PT_INTERP, "dynamic linker");
    refused(dynamic + P_TYPE, elf::PT_NULL, "dynamic section");
    assert!(verify(&good[..100], arch).is_err());
}

/// Without relocations the dynamic section has no header, and is looked at all the same.
#[test]
fn a_dynamic_section_without_a_header_is_verified() {
    for arch in arches() {
        let executable = Guest::new(arch).link(Symbols::Strip).unwrap();
        assert_eq!(verify(&executable, arch), Ok(()), "{arch:?}");
        let file = parse(&executable);
        let section = file.section_by_name(".dynamic").unwrap();
        let (at, _) = section.file_range().unwrap();
        let refused = |tag: i64, value: u64, expected: &str| {
            let mut bytes = executable.clone();
            let entry = &mut bytes[at as usize..][..16];
            entry[..8].copy_from_slice(&tag.to_le_bytes());
            entry[8..].copy_from_slice(&value.to_le_bytes());
            let error = verify(&bytes, arch).unwrap_err();
            assert!(error.contains(expected), "{arch:?}: {error}");
        };
        refused(elf::DT_NEEDED, 0, "shared library");
        refused(elf::DT_TEXTREL, 0, "relocations in code");
        refused(elf::DT_RELRSZ, 8, "no header of the dynamic section");
    }
}
