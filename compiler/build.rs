//! Builds the runtime object of each target whose `core` is installed, for `link` to embed.
//!
//! The runtime is a `no_std` static library of a workspace of its own: a nested cargo builds it
//! with flags of its own, untouched by those of the build at hand. With fat LTO and one codegen
//! unit, all of it is one object in the archive; that object is extracted, checked, slimmed and
//! embedded. A target without `core` is left out, and `wasmc` says so when it is asked for.
//!
//! Variables, for cross builds, with `ARCH` one of `X86_64` and `AARCH64`:
//! - `WASMC_RUNTIME_<ARCH>_OBJECT`: a runtime object that was built elsewhere, or `none` to leave
//!   the target out;
//! - `WASMC_RUNTIME_<ARCH>_RUSTC`: a rustc whose sysroot has `core` for the target.
//!
//! In a package of this crate there is no source of the runtime, but its objects as
//! `scripts/package` has built them: those are taken, and a build needs no `core` of any target.
//!
//! Where neither is set and the toolchain at hand has no `core` for aarch64, the rustc that
//! `scripts/material aarch64` unpacks is taken. That script touches this file, so that cargo runs
//! it again: a path that does not exist yet cannot be watched without running at each build.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use object::build::elf::{Builder, SectionData};
use object::read::archive::ArchiveFile;
use object::{Architecture, Object as _, ObjectSymbol as _};
use sha2::{Digest as _, Sha256};

type Result<T> = std::result::Result<T, String>;

/// A target that the runtime can be built for.
struct Target {
    /// Name of the variant of `Arch`.
    arch: &'static str,
    /// The architecture of its objects.
    architecture: Architecture,
    /// The compiler's name of the target, and of the files made for it.
    triple: &'static str,
    /// Part of the names of this target's variables.
    variable: &'static str,
    /// A rustc with `core` for the target that a script of the repository may have prepared.
    prepared_rustc: Option<&'static str>,
}

const TARGETS: &[Target] = &[
    Target {
        arch: "X86_64",
        architecture: Architecture::X86_64,
        triple: "x86_64-unknown-linux-gnu",
        variable: "X86_64",
        prepared_rustc: None,
    },
    Target {
        arch: "Aarch64",
        architecture: Architecture::Aarch64,
        triple: "aarch64-unknown-linux-gnu",
        variable: "AARCH64",
        prepared_rustc: Some(".material/tools/rust-aarch64/rustc"),
    },
];

/// Flags for the runtime and its dependencies on every target.
const RUSTFLAGS: &[&str] = &[
    "-Crelocation-model=pie",
    // Backtraces and exceptions walk frame pointers through the runtime; nothing reads
    // `.eh_frame`.
    "-Cforce-frame-pointers=yes",
    "-Cforce-unwind-tables=no",
];

/// What the runtime's profile must be, whatever its manifest and the user's configuration say.
const PROFILE: &[(&str, &str)] = &[
    ("CARGO_PROFILE_RELEASE_PANIC", "abort"),
    ("CARGO_PROFILE_RELEASE_LTO", "fat"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "1"),
    ("CARGO_PROFILE_RELEASE_INCREMENTAL", "false"),
    ("CARGO_PROFILE_RELEASE_DEBUG", "false"),
    ("CARGO_PROFILE_RELEASE_STRIP", "none"),
];

/// The symbol by which the runtime's object is known among the members of the archive.
const START: &str = "_start";

/// Symbols that the runtime may leave to the guest object and to the linker.
const MAY_BE_UNDEFINED: &[&str] = &[
    "wasmc_program",
    "_DYNAMIC",
    "_GLOBAL_OFFSET_TABLE_",
    "__ehdr_start",
];

/// A runtime object that is ready to be embedded.
struct Runtime {
    file_name: String,
    sha256: String,
    rustc: String,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let manifest_dir = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    let out_dir = PathBuf::from(variable("OUT_DIR")?);
    let runtime_dir = manifest_dir
        .parent()
        .ok_or("the crate's folder has no parent")?
        .join("runtime-lib");
    println!("cargo:rerun-if-changed=build.rs");
    let prebuilt = manifest_dir.join("prebuilt");
    let is_package = !runtime_dir.exists();
    if is_package {
        println!("cargo:rerun-if-changed={}", prebuilt.display());
    }
    for path in [
        "src",
        "abi/src",
        "abi/Cargo.toml",
        "Cargo.toml",
        "Cargo.lock",
    ] {
        println!(
            "cargo:rerun-if-changed={}",
            runtime_dir.join(path).display()
        );
    }

    let mut rows = String::new();
    for target in TARGETS {
        let ready = prebuilt.join(file_name(target));
        let ready = is_package.then_some(&*ready);
        if let Some(runtime) = runtime(target, &runtime_dir, ready, &out_dir)? {
            let Target { arch, .. } = target;
            let Runtime {
                file_name,
                sha256,
                rustc,
            } = runtime;
            writeln!(
                rows,
                "    RuntimeObject {{ arch: Arch::{arch}, bytes: include_bytes!({file_name:?}), \
                 sha256: {sha256:?}, rustc: {rustc:?} }},"
            )
            .map_err(|error| error.to_string())?;
        }
    }
    let generated = format!("&[\n{rows}]\n");
    write(&out_dir.join("runtime_objects.rs"), generated.as_bytes())
}

/// Builds, or takes from elsewhere, the runtime object of a target; `None` without `core` for it.
/// `prebuilt` is where it lies in a package.
fn runtime(
    target: &Target,
    runtime_dir: &Path,
    prebuilt: Option<&Path>,
    out_dir: &Path,
) -> Result<Option<Runtime>> {
    let file_name = file_name(target);
    let object = out_dir.join(&file_name);
    let ready = target_variable(target, "OBJECT");
    let ready = ready.or_else(|| prebuilt.map(|path| path.as_os_str().to_owned()));
    if let Some(ready) = ready {
        if ready == "none"
            || prebuilt.is_some_and(|path| path.as_os_str() == ready && !path.exists())
        {
            return Ok(None);
        }
        println!("cargo:rerun-if-changed={}", Path::new(&ready).display());
        let bytes = read(Path::new(&ready))?;
        check_object(&bytes, target).map_err(|error| format!("{}: {error}", ready.display()))?;
        write(&object, &bytes)?;
        return Ok(Some(Runtime {
            file_name,
            sha256: sha256(&bytes),
            rustc: String::from("unknown (built elsewhere)"),
        }));
    }

    let Some((rustc, sysroot)) = find_rustc(target, runtime_dir)? else {
        return Ok(None);
    };
    let archive = build(target, &rustc, &sysroot, runtime_dir, out_dir)?;
    let bytes =
        extract(&archive, target).map_err(|error| format!("{}: {error}", archive.display()))?;
    write(&object, &bytes)?;
    Ok(Some(Runtime {
        file_name,
        sha256: sha256(&bytes),
        rustc: rustc_says(&rustc, &["-V"])?,
    }))
}

fn file_name(target: &Target) -> String {
    format!("runtime-{}.o", target.triple)
}

/// A rustc whose sysroot has `core` for the target, and that sysroot.
fn find_rustc(target: &Target, runtime_dir: &Path) -> Result<Option<(OsString, String)>> {
    let mut candidates = Vec::new();
    match target_variable(target, "RUSTC") {
        Some(rustc) => candidates.push(rustc),
        None => {
            candidates.push(variable("RUSTC")?);
            let prepared = target
                .prepared_rustc
                .map(|path| runtime_dir.with_file_name(path))
                .filter(|path| path.exists());
            if let Some(path) = prepared {
                println!("cargo:rerun-if-changed={}", path.display());
                candidates.push(path.into());
            }
        }
    }
    for rustc in candidates {
        let sysroot = rustc_says(&rustc, &["--print", "sysroot"])?;
        if has_core(Path::new(&sysroot), target.triple) {
            return Ok(Some((rustc, sysroot)));
        }
    }
    Ok(None)
}

/// Whether the sysroot has `core` for the target.
fn has_core(sysroot: &Path, triple: &str) -> bool {
    let Ok(entries) = fs::read_dir(sysroot.join("lib/rustlib").join(triple).join("lib")) else {
        return false;
    };
    entries.flatten().any(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.starts_with("libcore-") && name.ends_with(".rlib")
    })
}

/// Runs the nested cargo; the path of the static library.
fn build(
    target: &Target,
    rustc: &OsStr,
    sysroot: &str,
    runtime_dir: &Path,
    out_dir: &Path,
) -> Result<PathBuf> {
    let target_dir = out_dir.join("runtime-target");
    let mut command = Command::new(variable("CARGO")?);
    remove_outer_build(&mut command);
    command
        .current_dir(runtime_dir)
        .args(["build", "--release", "--locked", "--lib"])
        .args(["--target", target.triple])
        .arg("--target-dir")
        .arg(&target_dir)
        .env("RUSTC", rustc)
        // Empty rather than removed, so that wrappers in cargo's configuration are off as well.
        .env("RUSTC_WRAPPER", "")
        .env("RUSTC_WORKSPACE_WRAPPER", "")
        .env(
            "CARGO_ENCODED_RUSTFLAGS",
            rustflags(sysroot, runtime_dir).join("\u{1f}"),
        )
        .envs(PROFILE.iter().copied())
        .stdin(Stdio::null())
        // Cargo would take what we write there for instructions.
        .stdout(Stdio::null());
    let status = command
        .status()
        .map_err(|error| format!("failed to run cargo: {error}"))?;
    if !status.success() {
        return Err(format!(
            "the runtime does not build for {} ({status}); WASMC_RUNTIME_{}_OBJECT=none builds \
             wasmc without it",
            target.triple, target.variable
        ));
    }
    Ok(target_dir
        .join(target.triple)
        .join("release/libwasmc_runtime.a"))
}

/// Removes what the outer build set: flags, wrappers, profile, target and job server. What says how
/// to reach registries stays.
fn remove_outer_build(command: &mut Command) {
    const KEPT: &[&str] = &[
        "CARGO_HOME",
        "CARGO_HTTP_",
        "CARGO_NET_",
        "CARGO_REGISTRIES_",
        "CARGO_REGISTRY_",
        "CARGO_SOURCE_",
    ];
    const REMOVED: &[&str] = &[
        "RUSTFLAGS",
        "RUSTDOCFLAGS",
        "MAKEFLAGS",
        "MFLAGS",
        "TARGET",
        "HOST",
        "PROFILE",
        "OPT_LEVEL",
        "DEBUG",
        "NUM_JOBS",
    ];
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        let is_cargo = text.starts_with("CARGO_") || text.starts_with("__CARGO");
        let is_kept = KEPT.iter().any(|prefix| text.starts_with(prefix));
        if REMOVED.contains(&&*text) || (is_cargo && !is_kept) {
            command.env_remove(&name);
        }
    }
}

/// The flags for the runtime's crates, with every path of this machine mapped to a fixed name.
fn rustflags(sysroot: &str, runtime_dir: &Path) -> Vec<String> {
    let mut flags: Vec<String> = RUSTFLAGS.iter().map(|flag| flag.to_string()).collect();
    let mut remap = |from: &Path, to: &str| {
        flags.push(format!("--remap-path-prefix={}={to}", from.display()));
    };
    // The last prefix that matches wins, hence from the outside in.
    if let Some(home) = env::home_dir() {
        remap(&home.join(".cargo"), "/cargo");
    }
    if let Some(cargo_home) = env::var_os("CARGO_HOME") {
        remap(Path::new(&cargo_home), "/cargo");
    }
    remap(Path::new(sysroot), "/rust");
    remap(runtime_dir, "/wasmc/runtime-lib");
    flags
}

/// The archive's member that is the runtime.
fn extract(archive: &Path, target: &Target) -> Result<Vec<u8>> {
    let bytes = read(archive)?;
    let file = ArchiveFile::parse(&*bytes).map_err(|error| error.to_string())?;
    for member in file.members() {
        let data = member
            .and_then(|member| member.data(&*bytes))
            .map_err(|error| error.to_string())?;
        let Ok(object) = object::File::parse(data) else {
            continue;
        };
        if defines(&object, START) {
            check_object(data, target)?;
            return without_tables(data);
        }
    }
    Err(format!("no member defines `{START}`"))
}

/// The object without what nothing reads in an executable, or only a debugger of the runtime:
/// line tables of `core`, unwind tables and the compiler's name.
fn without_tables(bytes: &[u8]) -> Result<Vec<u8>> {
    const NAMES: &[&[u8]] = &[b".comment", b".debug_", b".eh_frame"];
    let mut object = Builder::read(bytes).map_err(|error| error.to_string())?;
    for section in &mut object.sections {
        let name = section.name.as_slice();
        let name = name.strip_prefix(b".rela").unwrap_or(name);
        section.delete = NAMES.iter().any(|prefix| name.starts_with(prefix));
    }
    relax_got_loads(&mut object);
    // LLVM keeps the names of sections in `.strtab`; the writer wants a section for them.
    let names = object.sections.add();
    names.name = ".shstrtab".into();
    names.sh_type = object::elf::SHT_STRTAB;
    names.sh_addralign = 1;
    names.data = SectionData::SectionString;
    let mut out = Vec::new();
    object.write(&mut out).map_err(|error| error.to_string())?;
    Ok(out)
}

/// Lets the linker turn loads of addresses from the GOT into addresses.
///
/// LLVM calls `memcpy` and its like through the GOT, with relocations that the linker must take
/// literally unless they say otherwise. The instructions are of the forms that the x86-64 psABI
/// lets a linker relax ("Optimize GOTPCRELX Relocations"), so the relocations may say so. Without
/// GOT entries nothing in the executable is relocated at start.
fn relax_got_loads(object: &mut Builder<'_>) {
    use object::elf::{R_X86_64_GOTPCREL, R_X86_64_GOTPCRELX, R_X86_64_REX_GOTPCRELX};
    if object.header.e_machine != object::elf::EM_X86_64 {
        return;
    }
    let mut relaxed = Vec::new();
    for section in &object.sections {
        let (SectionData::Relocation(relocations), Some(code)) =
            (&section.data, section.sh_info_section)
        else {
            continue;
        };
        let SectionData::Data(code) = &object.sections.get(code).data else {
            continue;
        };
        for (index, relocation) in relocations.iter().enumerate() {
            let at = relocation.r_offset as usize;
            let r_type = match code.as_slice().get(at.saturating_sub(3)..at) {
                Some([_, 0xff, 0x15 | 0x25]) => R_X86_64_GOTPCRELX,
                Some([0x48..=0x4f, 0x8b, _]) => R_X86_64_REX_GOTPCRELX,
                _ => continue,
            };
            if relocation.r_type == R_X86_64_GOTPCREL {
                relaxed.push((section.id(), index, r_type));
            }
        }
    }
    for (section, index, r_type) in relaxed {
        if let SectionData::Relocation(relocations) = &mut object.sections.get_mut(section).data {
            relocations[index].r_type = r_type;
        }
    }
}

/// Whether the object is a whole runtime: it starts a program and needs nothing that is not there.
fn check_object(bytes: &[u8], target: &Target) -> Result<()> {
    let object = object::File::parse(bytes).map_err(|error| error.to_string())?;
    if object.architecture() != target.architecture {
        return Err(format!(
            "the object is for {:?}, not for {}",
            object.architecture(),
            target.triple
        ));
    }
    if !defines(&object, START) {
        return Err(format!("`{START}` is not defined"));
    }
    let mut undefined: Vec<_> = object
        .symbols()
        .filter(|symbol| symbol.is_undefined())
        .filter_map(|symbol| symbol.name().ok())
        .filter(|name| !name.is_empty() && !MAY_BE_UNDEFINED.contains(name))
        .collect();
    undefined.sort_unstable();
    if undefined.is_empty() {
        return Ok(());
    }
    Err(format!(
        "the runtime's object needs symbols that it does not define: {}; it must define memcpy and \
         its kin, and use nothing of compiler_builtins",
        undefined.join(", ")
    ))
}

fn defines(object: &object::File<'_>, name: &str) -> bool {
    object
        .symbols()
        .any(|symbol| symbol.is_global() && symbol.is_definition() && symbol.name() == Ok(name))
}

/// What a rustc prints, without the newline.
fn rustc_says(rustc: &OsStr, args: &[&str]) -> Result<String> {
    let failed = |reason: &dyn std::fmt::Display| {
        format!(
            "failed to run `{} {}`: {reason}",
            rustc.display(),
            args.join(" ")
        )
    };
    let output = Command::new(rustc)
        .args(args)
        .output()
        .map_err(|error| failed(&error))?;
    if !output.status.success() {
        return Err(failed(&output.status));
    }
    let text = String::from_utf8(output.stdout).map_err(|error| failed(&error))?;
    Ok(text.trim_end().to_owned())
}

/// The variable of a target with this suffix, if it is set and not empty.
fn target_variable(target: &Target, suffix: &str) -> Option<OsString> {
    let name = format!("WASMC_RUNTIME_{}_{suffix}", target.variable);
    println!("cargo:rerun-if-env-changed={name}");
    env::var_os(name).filter(|value| !value.is_empty())
}

fn variable(name: &str) -> Result<OsString> {
    env::var_os(name).ok_or_else(|| format!("`{name}` is not set"))
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| format!("failed to read {}: {error}", path.display()))
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    fs::write(path, bytes).map_err(|error| format!("failed to write {}: {error}", path.display()))
}
