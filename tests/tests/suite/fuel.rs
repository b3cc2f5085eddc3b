//! The same program uses the same fuel, whatever it is compiled for and however.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::time::Duration;

use wasmc_compiler::runtime_object;
use wasmc_compiler::{Arch, OptLevel, Options, Target, compile};
use wasmc_tests::expected;
use wasmc_tests::process::{Executable, Launch, emulator, is_installed};
use wasmc_tests::programs::{Program, named};
use wasmc_tests::wast::Config;

const LIMIT: Duration = Duration::from_secs(60);

/// Programs of `tests/programs` that need nothing, with various instructions.
const PROGRAMS: &[&str] = &[
    "code/address_folding",
    "code/branch_table",
    "code/load_sinking",
    "code/many_results",
    "code/register_pressure",
    "memory/grow",
    "wasi/tail_call",
];

/// A program that counts.
struct Counting {
    executable: Executable,
    launch: Launch,
}

impl Counting {
    fn new(program: &Program, base: &Options) -> Counting {
        let options = program
            .options(base)
            .expect("its options are right")
            .fuel(true);
        let artifact = compile(&program.module, &options).expect("the program compiles");
        Counting {
            executable: Executable::new(&artifact.bytes).expect("it can be written"),
            launch: Launch::on(options.target.arch),
        }
    }

    /// Whether so much fuel is enough. Nothing else may go wrong.
    fn suffices(&self, fuel: u64) -> bool {
        let mut launch = self.launch.clone();
        let value = format!("--fuel={fuel}");
        launch.env.push(("WASMC_OPTIONS".into(), value.into()));
        let outcome = self.executable.run(&launch, LIMIT).expect("it starts");
        let stderr = String::from_utf8_lossy(&outcome.stderr);
        match outcome.code() {
            Some(0) => true,
            Some(134) if stderr.starts_with("wasm trap: all fuel consumed") => false,
            _ => panic!("with {fuel}: {}\n{stderr}", outcome.describe()),
        }
    }

    /// The least fuel that is enough.
    fn needs(&self) -> u64 {
        let (mut low, mut high) = (0, 1 << 20);
        assert!(self.suffices(high), "the programs are small");
        while low < high {
            let middle = (low + high) / 2;
            match self.suffices(middle) {
                true => high = middle,
                false => low = middle + 1,
            }
        }
        low
    }
}

fn programs() -> Vec<(String, Program)> {
    let own = expected::inputs("fuel", "wat").into_iter().map(|path| {
        let program = Program::read(&path).expect("the program can be read");
        (path.display().to_string(), program)
    });
    let shared = PROGRAMS.iter().map(|&name| (name.to_owned(), named(name)));
    own.chain(shared).collect()
}

/// Ways to compile for this machine.
fn ways() -> Vec<Options> {
    let size = Options::default().opt_level(OptLevel::Size);
    vec![
        Config::guarded().options,
        Config::bounds_checks().options,
        Config::unoptimised().options,
        size,
    ]
}

#[test]
fn fuel_is_the_same_however_a_program_is_compiled() {
    let emulated = emulated();
    let mut failures = String::new();
    for (name, program) in programs() {
        let needs: Vec<_> = ways()
            .iter()
            .map(|options| Counting::new(&program, options).needs())
            .collect();
        let need = needs[0];
        if needs.iter().any(|&other| other != need) {
            let _ = writeln!(failures, "{name}: {needs:?}");
        }
        // An emulator takes long to start: two runs show whether it is the same number.
        for options in &emulated {
            let counting = Counting::new(&program, options);
            if !counting.suffices(need) || (need > 0 && counting.suffices(need - 1)) {
                let _ = writeln!(failures, "{name}: not {need} on the other processor");
            }
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}

/// Ways to compile for the other processor, if executables for it can be made and run.
fn emulated() -> Vec<Options> {
    let arch = match Arch::host() {
        Some(Arch::Aarch64) => Arch::X86_64,
        _ => Arch::Aarch64,
    };
    let installed = emulator(arch).is_some_and(is_installed);
    if !installed || runtime_object(arch).is_none() {
        writeln!(
            io::stdout(),
            "SKIPPED: fuel on another processor: no emulator, or no runtime in this wasmc"
        )
        .expect("standard output is open");
        return Vec::new();
    }
    let target = Target::new(arch);
    let checked = Options::default().target(target).bounds_checks(true);
    let unoptimised = checked.clone().opt_level(OptLevel::None);
    vec![checked, unoptimised]
}
