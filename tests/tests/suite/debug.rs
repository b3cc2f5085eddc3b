//! Debugging information: backtraces with files and lines, what `-g` makes, and what becomes of it
//! when it is malformed.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use wasmc_compiler::grants::{Grant, Grants, TrapEnd};
use wasmc_compiler::symbolize::{ExecutableSymbols, NativeFrame, Symbolizer};
use wasmc_compiler::{Arch, Artifact, BranchProtection, DebugLevel, Options, Target, compile};
use wasmc_tests::process::{Executable, Launch, Outcome};
use wasmc_tests::target::say;
use wasmc_tests::{dwarf, expected};

/// What the backtrace says under the line of the trap, offsets left out.
const LINES: &str = concat!(
    "    0: - demo::ratio(int) (inlined)\n",
    "             at /src/a.c:8\n",
    "         demo::divide(int)\n",
    "             at /src/a.c:4\n",
    "    1: - _start\n",
    "             at /src/a.c:21\n",
);
/// The same without what debugging information says.
const NAMES: &str = "    0: - demo::divide(int)\n    1: - _start\n";

fn run(executable: &[u8], env: &[(&str, &str)]) -> Outcome {
    let launch = Launch {
        env: env
            .iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect(),
        ..Launch::default()
    };
    let executable = Executable::new(executable).unwrap();
    executable.run(&launch, Duration::from_secs(30)).unwrap()
}

/// The backtrace without the offsets in the module, and with its first line taken off.
fn backtrace(outcome: &Outcome) -> String {
    let text = String::from_utf8_lossy(&outcome.stderr);
    let (first, rest) = text.split_once('\n').unwrap_or((&text, ""));
    assert_eq!(first, "wasm trap: integer divide by zero");
    rest.split_inclusive('\n')
        .map(|line| match (line.find("0x"), line.find(" - ")) {
            (Some(start), Some(end)) => format!("{}{}", &line[..start], &line[end + 1..]),
            _ => line.to_owned(),
        })
        .collect()
}

fn build(module: &[u8], options: &Options) -> Artifact {
    let artifact = compile(module, options).unwrap();
    assert_eq!(artifact.warnings, [""; 0]);
    artifact
}

#[test]
fn a_trap_names_files_lines_and_inlined_calls() {
    for version in [4, 5] {
        let executable = build(&dwarf::module(version), &Options::default()).bytes;
        let outcome = run(&executable, &[]);
        assert_eq!(outcome.code(), Some(134));
        assert_eq!(backtrace(&outcome), LINES, "version {version}");
    }
}

#[test]
fn names_are_demangled_unless_they_are_not_to_be() {
    let outcome = run(
        &build(&dwarf::plain_module(), &Options::default()).bytes,
        &[],
    );
    assert_eq!(backtrace(&outcome), NAMES);
    let options = Options::default().demangle(false);
    let outcome = run(&build(&dwarf::plain_module(), &options).bytes, &[]);
    let mangled = NAMES.replace("demo::divide(int)", "_ZN4demo6divideEi");
    assert_eq!(backtrace(&outcome), mangled);
}

#[test]
fn a_stripped_program_is_symbolized_from_its_module() {
    let module = dwarf::module(4);
    let options = Options::default().strip(true);
    let executable = build(&module, &options).bytes;
    // But for the digest of the module it is as if there were no debugging information.
    let plain = build(&dwarf::plain_module(), &options).bytes;
    assert_eq!(plain.len(), executable.len());
    let outcome = run(&executable, &[]);
    assert_eq!(backtrace(&outcome), NAMES);
    let symbolizer = Symbolizer::new(&module, None).unwrap();
    assert_eq!(symbolizer.warning, None);
    let text = String::from_utf8(outcome.stderr.clone()).unwrap();
    let lines = symbolizer.rewrite(&text);
    // As if the program had said so itself, also the second time.
    let own = run(&build(&module, &Options::default()).bytes, &[]);
    assert_eq!(lines, String::from_utf8_lossy(&own.stderr));
    assert_eq!(symbolizer.rewrite(&lines), lines);
    // The lines may be another module's.
    let external = Symbolizer::new(&dwarf::plain_module(), Some(&module)).unwrap();
    assert_eq!(external.rewrite(&text), lines);
}

#[test]
fn the_user_says_how_much_of_a_backtrace_to_print() {
    let executable = build(&dwarf::module(4), &Options::default()).bytes;
    let of = |value| backtrace(&run(&executable, &[("WASMC_BACKTRACE", value)]));
    assert_eq!(of("0"), "");
    assert_eq!(of("short"), LINES);
    assert_eq!(of("full"), LINES);
    let deep = r#"(module
      (func $down (param i32)
        (if (i32.eqz (local.get 0)) (then (drop (i32.div_s (i32.const 1) (local.get 0)))))
        (call $down (i32.sub (local.get 0) (i32.const 1))))
      (func (export "_start") (call $down (i32.const 199))))"#;
    let executable = build(&wat::parse_str(deep).unwrap(), &Options::default()).bytes;
    let of = |value| backtrace(&run(&executable, &[("WASMC_BACKTRACE", value)]));
    assert_eq!(of("short").lines().count(), 65);
    assert_eq!(of("full").lines().count(), 201);
}

#[test]
fn a_trap_can_end_a_program_by_a_signal() {
    let executable = build(&dwarf::module(4), &Options::default()).bytes;
    let outcome = run(&executable, &[("WASMC_OPTIONS", "--trap=abort")]);
    assert_eq!(outcome.describe(), "killed by signal 6");
    assert_eq!(backtrace(&outcome), LINES);
    // Last of all by the runtime itself, and by a time-out.
    let options = Options::default().grants(Grants::new().with(Grant::Trap(TrapEnd::Abort)));
    for (text, trap) in [
        (
            r#"(module (func (export "_start") (loop (br 0))))"#,
            "wasm trap: interrupt\n",
        ),
        (
            r#"(module (tag $t) (func (export "_start") (throw $t)))"#,
            "wasm trap: uncaught exception of tag `t`\n",
        ),
        (
            r#"(module (func $f (export "_start") (call $f)))"#,
            "wasm trap: call stack exhausted\n",
        ),
        (
            r#"(module (memory 1) (func (export "_start")
                (drop (i32.load (i32.const 1000000)))))"#,
            "wasm trap: out of bounds memory access\n",
        ),
    ] {
        let executable = build(&wat::parse_str(text).unwrap(), &options).bytes;
        // The report of a deep stack takes longer than that.
        let timeout = if text.contains("loop") {
            "--timeout=100ms"
        } else {
            ""
        };
        let outcome = run(&executable, &[("WASMC_OPTIONS", timeout)]);
        assert_eq!(outcome.describe(), "killed by signal 6", "{text}");
        let stderr = String::from_utf8_lossy(&outcome.stderr);
        assert!(stderr.starts_with(trap), "{stderr}");
        let exit = format!("{timeout} --trap=exit");
        let outcome = run(&executable, &[("WASMC_OPTIONS", &exit)]);
        assert_eq!(outcome.code(), Some(134), "{text}");
    }
}

#[test]
fn the_first_process_of_a_namespace_ends_too() {
    let unshare = ["unshare", "--user", "--map-root-user", "--pid", "--fork"];
    let can = Command::new(unshare[0])
        .args(&unshare[1..])
        .arg("true")
        .output();
    if !can.is_ok_and(|output| output.status.success()) {
        say("SKIPPED: traps of process 1: no PID namespace can be made here");
        return;
    }
    let executable = build(&dwarf::module(4), &Options::default()).bytes;
    let executable = Executable::new(&executable).unwrap();
    let launch = Launch {
        wrapper: unshare.iter().map(|word| word.into()).collect(),
        env: vec![("WASMC_OPTIONS".into(), "--trap=abort".into())],
        ..Launch::default()
    };
    let outcome = executable.run(&launch, Duration::from_secs(30)).unwrap();
    assert_eq!(outcome.code(), Some(134));
    assert_eq!(backtrace(&outcome), LINES);
}

fn with_debug(level: DebugLevel) -> Options {
    Options::default().debug(level)
}

/// What of an executable is loaded: addresses and contents. The file's header, which says where the
/// sections are, is left out.
fn loaded(executable: &[u8]) -> Vec<(u64, Vec<u8>)> {
    use object::{Object as _, ObjectSegment as _};
    const HEADER: usize = 64;
    let file = object::File::parse(executable).unwrap();
    let segments = file.segments().map(|segment| {
        let data = segment.data().unwrap();
        let is_first = segment.address() == 0;
        let data = if is_first { &data[HEADER..] } else { data };
        (segment.address(), data.to_vec())
    });
    segments.collect()
}

#[test]
fn debugging_information_changes_nothing_that_is_loaded_but_slots() {
    for version in [4, 5] {
        let module = dwarf::module(version);
        for level in [DebugLevel::Frame, DebugLevel::Full] {
            let executable = build(&module, &with_debug(level)).bytes;
            assert_eq!(backtrace(&run(&executable, &[])), LINES);
            let split = with_debug(level).debug_file(Some("app.debug".to_owned()));
            let split = build(&module, &split);
            assert!(loaded(&split.bytes) == loaded(&executable), "{version}");
            assert!(split.debug_file.is_some());
            assert!(split.bytes.len() < executable.len());
        }
    }
}

#[test]
fn lines_for_profilers_change_nothing_that_is_loaded() {
    for version in [4, 5] {
        let module = dwarf::module(version);
        let executable = build(&module, &with_debug(DebugLevel::Lines)).bytes;
        let plain = build(&module, &Options::default()).bytes;
        assert!(loaded(&executable) == loaded(&plain), "{version}");
        assert!(executable.len() > plain.len());
    }
}

#[test]
fn addresses_of_code_are_functions_and_lines() {
    use object::{Object as _, ObjectSymbol as _};
    let executable = build(&dwarf::module(5), &with_debug(DebugLevel::Lines)).bytes;
    let symbols = ExecutableSymbols::read(&executable).unwrap();
    let file = object::File::parse(&*executable).unwrap();
    let divide = file
        .symbols()
        .find(|symbol| symbol.name() == Ok("_ZN4demo6divideEi"))
        .unwrap();
    let addresses = divide.address()..divide.address() + divide.size();
    let frames: Vec<_> = addresses.map(|at| symbols.frames(at)).collect();
    let frame = |name: &str, line, inlined| NativeFrame {
        name: name.to_owned(),
        place: Some(("/src/a.c".to_owned(), line)),
        inlined,
    };
    assert_eq!(frames[0], [frame("demo::divide(int)", 3, false)]);
    let inlined = [
        frame("demo::ratio(int)", 8, true),
        frame("demo::divide(int)", 4, false),
    ];
    assert!(frames.iter().any(|found| *found == inlined), "{frames:?}");
    // Without lines there are functions, and no module need have any.
    let plain = build(&dwarf::plain_module(), &Options::default()).bytes;
    let symbols = ExecutableSymbols::read(&plain).unwrap();
    let file = object::File::parse(&*plain).unwrap();
    for symbol in file.symbols().filter(|symbol| symbol.size() > 0) {
        if symbol.kind() == object::SymbolKind::Text {
            let frames = symbols.frames(symbol.address());
            assert_eq!(frames.len(), 1);
            assert_eq!(frames[0].place, None);
        }
    }
}

#[test]
fn threads_change_no_byte() {
    let module = dwarf::module(5);
    let build = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.unwrap()
            .install(|| build(&module, &with_debug(DebugLevel::Full)).bytes)
    };
    assert_eq!(build(1), build(4));
}

#[test]
fn unwind_tables_describe_each_function() {
    use gimli::{BaseAddresses, EndianSlice, LittleEndian, UnwindContext, UnwindSection as _};
    use object::{Object as _, ObjectSection as _, ObjectSymbol as _};
    let options = |arch, branch_protection| {
        Options::default()
            .target(Target::new(arch))
            .branch_protection(branch_protection)
            .unwind_tables(true)
    };
    for (arch, protection) in [
        (Arch::X86_64, BranchProtection::None),
        (Arch::Aarch64, BranchProtection::None),
        (Arch::Aarch64, BranchProtection::Standard),
    ] {
        let executable = build(&dwarf::module(4), &options(arch, protection)).bytes;
        let file = object::File::parse(&*executable).unwrap();
        let section = file.section_by_name(".eh_frame").unwrap();
        let frames = gimli::EhFrame::new(section.data().unwrap(), LittleEndian);
        let bases = BaseAddresses::default().set_eh_frame(section.address());
        let mut context = UnwindContext::new();
        let names = ["_ZN4demo6divideEi", "_start"];
        let mut found = 0;
        for symbol in file.symbols() {
            // The runtime has a global `_start`, which is none of the guest's.
            let is_guests = symbol.is_local();
            if !is_guests || !symbol.name().is_ok_and(|name| names.contains(&name)) {
                continue;
            }
            found += 1;
            let end = symbol.address() + symbol.size();
            // A landing pad stands before what is described.
            let start = symbol.address() + 4;
            for address in (start..end).step_by(4) {
                type Frames<'a> = gimli::EhFrame<EndianSlice<'a, LittleEndian>>;
                let row = frames
                    .unwind_info_for_address(&bases, &mut context, address, Frames::cie_from_offset)
                    .unwrap();
                if address < symbol.address() + 16 {
                    continue;
                }
                // The frame pointer, and two words above it the caller's stack.
                let (register, offset) = match *row.cfa() {
                    gimli::CfaRule::RegisterAndOffset { register, offset } => (register, offset),
                    ref rule => panic!("{rule:?}"),
                };
                let pointer = match arch {
                    Arch::X86_64 => gimli::Register(6),
                    _ => gimli::Register(29),
                };
                assert_eq!((register, offset), (pointer, 16), "{arch:?} {address:#x}");
            }
        }
        assert_eq!(found, names.len());
        // A segment of that kind is how other tools find the section.
        assert!(file.section_by_name(".eh_frame_hdr").is_some());
    }
    // Who does not ask for it has none, and the code is the same.
    let with = build(
        &dwarf::module(4),
        &options(Arch::X86_64, BranchProtection::None),
    )
    .bytes;
    let without = Options::default().target(Target::new(Arch::X86_64));
    let without = build(&dwarf::module(4), &without).bytes;
    let file = object::File::parse(&*without).unwrap();
    assert!(file.section_by_name(".eh_frame").is_none());
    if Arch::host() == Some(Arch::X86_64) {
        assert_eq!(backtrace(&run(&with, &[])), LINES);
    }
}

/// Pseudo-random numbers.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % end
    }
}

#[test]
fn malformed_information_is_a_warning_at_most() {
    let plain = dwarf::plain_module();
    let expected = backtrace(&run(&build(&plain, &Options::default()).bytes, &[]));
    assert_eq!(expected, NAMES);
    let start = Instant::now();
    let mut warnings = 0;
    for seed in 0..150 {
        let mut random = Random(seed);
        let mut module = dwarf::module(4 + (seed % 2) as u16);
        // Only the debugging information, which comes last.
        for _ in 0..=random.below(4) {
            let at = plain.len() + 20 + random.below(module.len() - plain.len() - 20);
            module[at] = match random.below(4) {
                0 => 0xff,
                1 => 0x7f,
                2 => 0x80,
                _ => random.below(256) as u8,
            };
        }
        let options = with_debug(match random.below(2) {
            0 => DebugLevel::Frame,
            _ => DebugLevel::Full,
        });
        match compile(&module, &options) {
            Ok(artifact) => {
                warnings += usize::from(!artifact.warnings.is_empty());
            }
            // What surrounds the debugging information was hit.
            Err(error) => assert!(
                wasmparser::validate(&module).is_err(),
                "seed {seed}: {error}"
            ),
        }
        Symbolizer::new(&module, None).ok();
    }
    assert!(warnings > 10, "{warnings} warnings");
    assert!(start.elapsed() < Duration::from_secs(300));
}

/// Whether gdb is here.
fn has_gdb() -> bool {
    let found = Command::new("gdb").arg("--version").output();
    let found = found.is_ok_and(|output| output.status.success());
    if !found {
        say("SKIPPED: sessions of gdb: it is not installed");
    }
    found
}

#[test]
fn gdb_shows_lines_and_variables() {
    if !has_gdb() {
        return;
    }
    for version in [4, 5] {
        let executable = build(&dwarf::module(version), &with_debug(DebugLevel::Frame)).bytes;
        let executable = Executable::new(&executable).unwrap();
        let mut commands = String::new();
        for command in [
            "break divide",
            "run",
            "print counter",
            "print sizeof(pointer)",
            "print &counter",
            "set var counter = 70",
            "print counter",
            "continue",
            "backtrace",
            "print n",
            "kill",
        ] {
            let _ = writeln!(commands, "{command}");
        }
        let script = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(script.path(), commands).unwrap();
        let output = Command::new("gdb")
            .args(["-nx", "-batch", "-x"])
            .arg(script.path())
            .arg(executable.folder().join("program"))
            .env("DEBUGINFOD_URLS", "")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        for part in [
            "Breakpoint 1, ",
            "$1 = 7",
            "$2 = 4",
            "$4 = 70",
            // The instruction that traps is the first of an inlined call: gdb shows the caller.
            "a.c:4",
            "divide (n=0) at",
            "a.c:21",
            "$5 = 0",
        ] {
            assert!(text.contains(part), "version {version}, {part}: {text}");
        }
    }
}

/// The core file that a program leaves, if the system writes such files where the program is.
fn core_of(executable: &Executable) -> Option<PathBuf> {
    let pattern = std::fs::read_to_string("/proc/sys/kernel/core_pattern").unwrap_or_default();
    if pattern.starts_with(['|', '/']) {
        say("SKIPPED: core files: the system has them elsewhere (kernel.core_pattern)");
        return None;
    }
    let launch = Launch::by(&["sh", "-c", r#"ulimit -c unlimited && exec "$0""#]);
    let outcome = executable.run(&launch, Duration::from_secs(30)).unwrap();
    assert_eq!(outcome.describe(), "killed by signal 6");
    let files = std::fs::read_dir(executable.folder()).unwrap();
    let mut files = files.map(|entry| entry.unwrap().path());
    let core = files.find(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("core")
    });
    if core.is_none() {
        say("SKIPPED: core files: the system writes none");
    }
    core
}

#[test]
fn a_core_file_shows_the_instruction_that_trapped() {
    if !has_gdb() {
        return;
    }
    for (name, body) in [
        (
            "division",
            "(drop (i32.div_s (i32.const 1) (global.get $zero)))",
        ),
        ("access", "(drop (i32.load (i32.const 10000000)))"),
        ("unreachable", "unreachable"),
        ("overflow", "(call $work)"),
        (
            "bulk",
            "(memory.copy (i32.const 0) (i32.const 65000) (i32.const 65000))",
        ),
        ("indirect", "(call_indirect (global.get $zero))"),
    ] {
        let text = format!(
            r#"(module (memory 1) (table 1 funcref) (global $zero (mut i32) (i32.const 0))
              (func $work {body})
              (func $main (export "_start") (call $work) (global.set $zero (i32.const 1))))"#
        );
        let options =
            with_debug(DebugLevel::Frame).grants(Grants::new().with(Grant::Trap(TrapEnd::Abort)));
        let executable = compile(&wat::parse_str(text).unwrap(), &options).unwrap();
        let executable = Executable::new(&executable.bytes).unwrap();
        let Some(core) = core_of(&executable) else {
            return;
        };
        // The memory has 64 KiB, and room for 4 GiB.
        let size = core.metadata().unwrap().len();
        assert!(size < 32 << 20, "{name}: {size} bytes");
        let output = Command::new("gdb")
            .args(["-nx", "-batch", "-ex", "backtrace 12"])
            .arg(executable.folder().join("program"))
            .arg(&core)
            .env("DEBUGINFOD_URLS", "")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let innermost = text.lines().find(|line| line.starts_with("#0 "));
        let in_work = |line: &str| line.contains("in work ()") || line.contains("  work ()");
        assert!(innermost.is_some_and(in_work), "{name}: {text}");
    }
}

#[test]
fn a_memory_that_is_there_twice_grows_when_confined() {
    let text = r#"(module (memory 1 2000)
      (func (export "_start") (local $pages i32)
        (loop $again
          (br_if 1 (i32.eq (memory.grow (i32.const 100)) (i32.const -1)))
          (local.set $pages (i32.sub (memory.size) (i32.const 1)))
          (i32.store (i32.shl (local.get $pages) (i32.const 16)) (i32.const 7))
          (if (i32.ne (i32.load (i32.shl (local.get $pages) (i32.const 16))) (i32.const 7))
            (then unreachable))
          (br $again))))"#;
    let module = wat::parse_str(text).unwrap();
    let executable = compile(&module, &with_debug(DebugLevel::Frame)).unwrap();
    for confine in ["--confine=auto", "--confine=off"] {
        let outcome = run(&executable.bytes, &[("WASMC_OPTIONS", confine)]);
        assert_eq!(outcome.code(), Some(0), "{confine}: {outcome:?}");
    }
}

/// The module of this name, as `scripts/material debugging` builds it.
fn material(name: &str) -> Option<Vec<u8>> {
    let path = format!(".material/debugging/{name}.wasm");
    let module = std::fs::read(expected::repository().join(&path)).ok();
    if module.is_none() {
        say(&format!(
            "SKIPPED: sessions of gdb with {path}: `scripts/material debugging` builds it"
        ));
    }
    module
}

/// What gdb says in a session, without what differs from run to run and from machine to machine.
fn session(script: &Path, executable: &Executable) -> String {
    let program = executable.folder().join("program");
    let output = Command::new("gdb")
        .args(["-nx", "-batch", "-iex", "set debuginfod enabled off"])
        .args(["-iex", "set style enabled off", "-iex", "set width 0"])
        .args([
            "-iex",
            "set print frame-arguments scalars",
            "-iex",
            "set print inferior-events off",
        ])
        .args([
            "-iex",
            "set listsize 1",
            "-iex",
            "set startup-with-shell off",
        ])
        .arg("-x")
        .arg(script)
        .arg(&program)
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let text = text.replace(&*program.to_string_lossy(), "program");
    let mut out = String::new();
    for line in text.lines() {
        // Lines of the source are only shown where the source is.
        let is_source = line.split_once('\t').is_some_and(|(number, _)| {
            !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
        });
        if is_source || line.starts_with("[Inferior") {
            continue;
        }
        let mut rest = line;
        while let Some(at) = rest.find("0x") {
            out.push_str(&rest[..at]);
            out.push_str("0x…");
            rest = rest[at + 2..].trim_start_matches(|c: char| c.is_ascii_hexdigit());
        }
        out.push_str(rest);
        out.push('\n');
    }
    out
}

#[test]
fn gdb_sessions_are_as_expected() {
    if !has_gdb() {
        return;
    }
    let mut failures = String::new();
    for script in expected::inputs("debugging", "gdb") {
        let text = std::fs::read_to_string(&script).unwrap();
        let name = text
            .lines()
            .next()
            .and_then(|line| line.strip_prefix("# module: "));
        let Some(module) = material(name.expect("the first line names a module")) else {
            continue;
        };
        let executable = build(&module, &with_debug(DebugLevel::Frame)).bytes;
        let executable = Executable::new(&executable).unwrap();
        let said = session(&script, &executable);
        if let Err(difference) = expected::check(&script.with_extension("out"), said.as_bytes()) {
            let _ = writeln!(failures, "{difference}");
        }
    }
    assert!(failures.is_empty(), "{failures}");
}
