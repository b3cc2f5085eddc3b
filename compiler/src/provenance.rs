//! What an executable says about its making: an ELF note, written by `emit` and read by
//! `wasmc inspect`.
//!
//! ```text
//! .note.wasmc   namesz 6 | descsz n | type 1 | "wasmc\0" + 2 | n bytes: lines of `key=value` | pad
//! ```
//!
//! After a security fix in the runtime or the compiler it tells which executables have to be built
//! again. It is not secret: who can read the executable can read it.

use std::fmt::Write as _;

use object::LittleEndian as Le;
use object::elf::FileHeader64;
use object::read::elf::{FileHeader as _, SectionHeader as _};
use sha2::{Digest as _, Sha256};
use wasmc_abi::confine::Needs;
use wasmc_abi::symbols::{NOTE_NAME, NOTE_TYPE, SECTION_NOTE};

use crate::features::PROPOSALS;
use crate::inspect::policy::{self, Permission};
use crate::instances::InstanceSpec;
use crate::link::runtime_object;
use crate::options::{OptLevel, Options};

/// Keys and values, in the order of the note. A key may occur several times.
pub type Provenance = Vec<(String, String)>;

/// The key of what the program needs of the kernel: names of [`Needs`], apart by commas.
const NEEDS: &str = "needs";
/// Most bytes of a note that are read.
const MAX_BYTES: usize = 1 << 20;

/// What is said about a program of these instances, which has these needs.
pub(crate) fn provenance(
    instances: &[InstanceSpec<'_>],
    options: &Options,
    needs: Needs,
) -> Provenance {
    let mut fields: Provenance = Vec::new();
    let mut field = |key: &str, value: String| fields.push((key.to_owned(), value));
    field("wasmc", env!("CARGO_PKG_VERSION").to_owned());
    if let Some(runtime) = runtime_object(options.target.arch) {
        field("runtime", format!("sha256:{}", runtime.sha256));
        field("runtime-compiler", runtime.rustc.to_owned());
    }
    field("target", options.target.arch.row().name.to_owned());
    field("cpu", options.target.cpu.name().to_owned());
    let opt_level = match options.opt_level {
        OptLevel::None => "none",
        OptLevel::Size => "size",
        OptLevel::Speed => "speed",
    };
    field("opt-level", opt_level.to_owned());
    for proposal in PROPOSALS {
        let enabled = options.features.bits().contains(proposal.bits);
        if enabled != proposal.default {
            let prefix = if enabled { "" } else { "no-" };
            field("feature", format!("{prefix}{}", proposal.name));
        }
    }
    if options.bounds_checks {
        field("bounds-checks", "yes".to_owned());
    }
    if options.fuel {
        field("fuel", "counted".to_owned());
    }
    if let Some(max_memory) = options.max_memory {
        field("max-memory", max_memory.to_string());
    }
    field("stack-size", options.stack_size.to_string());
    if let Some(invoke) = &options.invoke {
        field("invoke", invoke.clone());
    }
    field(
        "sealed",
        if options.sealed { "yes" } else { "no" }.to_owned(),
    );
    for grant in &options.grants {
        field("grant", grant.word().to_string_lossy().into_owned());
    }
    let names: Vec<_> = needs.names().collect();
    field(NEEDS, names.join(","));
    for instance in instances {
        let digest = Sha256::digest(instance.module);
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        field("module", format!("sha256:{hex}"));
    }
    fields
}

/// The system calls that a program may make once its guest runs, by what its executable says; `None`
/// when that says nothing of them, or what this library does not know.
pub fn permissions(fields: &Provenance) -> Option<Vec<Permission>> {
    needs(fields).map(policy::permissions)
}

/// What an executable needs of the kernel, by its note; `None` when it does not say, or names what is
/// not known here.
pub(crate) fn needs(fields: &Provenance) -> Option<Needs> {
    let (_, names) = fields.iter().find(|(key, _)| key == NEEDS)?;
    let mut names = names.split(',').filter(|name| !name.is_empty());
    names.try_fold(Needs::NONE, |needs, name| {
        Some(needs.and(Needs::named(name)?))
    })
}

/// The bytes of the note's section.
pub(crate) fn note(fields: &Provenance) -> Vec<u8> {
    let mut text = String::new();
    for (key, value) in fields {
        writeln!(text, "{key}={}", escape(value)).expect("a String takes all");
    }
    let mut note = Vec::with_capacity(text.len() + 24);
    let name_len = NOTE_NAME.len() as u32 + 1;
    note.extend_from_slice(&name_len.to_le_bytes());
    note.extend_from_slice(&(text.len() as u32).to_le_bytes());
    note.extend_from_slice(&NOTE_TYPE.to_le_bytes());
    note.extend_from_slice(NOTE_NAME.as_bytes());
    note.push(0);
    note.resize(note.len().next_multiple_of(4), 0);
    note.extend_from_slice(text.as_bytes());
    note.resize(note.len().next_multiple_of(4), 0);
    note
}

/// Reads the note of an executable or object; `None` when it has none.
///
/// # Errors
/// What is wrong with the file.
pub fn read(elf: &[u8]) -> Result<Option<Provenance>, String> {
    let text = |error: object::read::Error| error.to_string();
    let header = FileHeader64::<Le>::parse(elf).map_err(text)?;
    let endian = header.endian().map_err(text)?;
    let sections = header.sections(endian, elf).map_err(text)?;
    let Some((_, section)) = sections.section_by_name(endian, SECTION_NOTE.as_bytes()) else {
        return Ok(None);
    };
    let Some(mut notes) = section.notes(endian, elf).map_err(text)? else {
        return Ok(None);
    };
    while let Some(note) = notes.next().map_err(text)? {
        let is_ours = note.name() == NOTE_NAME.as_bytes() && note.n_type(endian) == NOTE_TYPE;
        if !is_ours || note.desc().len() > MAX_BYTES {
            continue;
        }
        let text = String::from_utf8_lossy(note.desc());
        let fields = text.lines().filter_map(|line| line.split_once('='));
        let fields = fields.map(|(key, value)| (key.to_owned(), value.to_owned()));
        return Ok(Some(fields.collect()));
    }
    Ok(None)
}

/// A value on one line.
fn escape(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for c in value.chars() {
        match c.is_control() {
            true => escaped.extend(c.escape_default()),
            false => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grants::Grants;
    use crate::{compile, compile_program};

    fn value<'a>(fields: &'a Provenance, key: &str) -> Option<&'a str> {
        let mut fields = fields.iter();
        fields
            .find(|(name, _)| name == key)
            .map(|(_, value)| value.as_str())
    }

    #[test]
    fn an_executable_tells_how_it_was_made() {
        let module = wat::parse_str("(module (func (export \"_start\")))").unwrap();
        let options = Options {
            strip: true,
            sealed: true,
            bounds_checks: true,
            grants: Grants::parse(["--env=A=\x1b[2J\nB", "--net"]).unwrap(),
            ..Options::default()
        };
        let executable = compile(&module, &options).unwrap().bytes;
        let fields = read(&executable).unwrap().expect("it has a note");
        assert_eq!(value(&fields, "wasmc"), Some(env!("CARGO_PKG_VERSION")));
        let runtime = runtime_object(options.target.arch).unwrap().sha256;
        assert_eq!(
            value(&fields, "runtime"),
            Some(&*format!("sha256:{runtime}"))
        );
        assert_eq!(value(&fields, "sealed"), Some("yes"));
        assert_eq!(value(&fields, "bounds-checks"), Some("yes"));
        assert_eq!(value(&fields, "needs"), Some("ALWAYS"));
        assert_eq!(value(&fields, "grant"), Some("--env=A=\\u{1b}[2J\\nB"));
        assert!(value(&fields, "module").unwrap().starts_with("sha256:"));
    }

    #[test]
    fn every_module_is_named() {
        let module = wat::parse_str("(module (func (export \"_start\")))").unwrap();
        let library = wat::parse_str("(module)").unwrap();
        let instances = [
            InstanceSpec::new("library", &library),
            InstanceSpec::new("main", &module),
        ];
        let executable = compile_program(&instances, &Options::default()).unwrap();
        let fields = read(&executable.bytes).unwrap().unwrap();
        assert_eq!(fields.iter().filter(|(key, _)| key == "module").count(), 2);
    }

    #[test]
    fn needs_are_read_by_name() {
        let field = |value: &str| vec![("needs".to_owned(), value.to_owned())];
        let known = field("ALWAYS,WRITE");
        assert_eq!(needs(&known), Some(Needs::ALWAYS.and(Needs::WRITE)));
        // Of a later version.
        assert_eq!(needs(&field("ALWAYS,TIME_TRAVEL")), None);
        assert_eq!(needs(&field("")), Some(Needs::NONE));
        assert_eq!(needs(&Vec::new()), None);
    }

    #[test]
    fn what_is_no_executable_is_an_error_or_has_none() {
        let module = wat::parse_str("(module (func (export \"_start\")))").unwrap();
        let executable = compile(&module, &Options::default()).unwrap().bytes;
        let is_in_note = |bytes: &[u8]| bytes == b"runtime-compiler=";
        let in_note = executable.windows(17).position(is_in_note).unwrap();
        for length in [0, 4, 63, 64, 100, in_note, in_note + 17] {
            assert!(
                !matches!(read(&executable[..length]), Ok(Some(_))),
                "{length}"
            );
        }
        assert!(read(b"\0asm\x01\0\0\0").is_err());
    }
}
