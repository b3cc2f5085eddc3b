//! Bad input: a thousand mutations of real modules, byte flips and truncations. None may make the
//! compiler panic or hang, and none may leave a part of an output.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use wasmc_compiler::{Emit, OptLevel, Options, compile};

/// Mutations of all modules together, unless the variable `MUTATIONS` says another number.
const MUTATIONS: usize = 1000;
/// Modules beyond this size take too long a thousand times.
const MAX_MODULE: u64 = 100 << 10;
/// One mutation takes milliseconds.
const DEADLINE: Duration = Duration::from_secs(30);

#[test]
fn no_mutation_makes_the_compiler_panic_or_hang() {
    let modules = modules();
    let mutations = std::env::var("MUTATIONS").map_or(MUTATIONS, |n| n.parse().unwrap());
    let pool = rayon::ThreadPoolBuilder::new()
        .stack_size(16 << 20)
        .build()
        .unwrap();
    let (send, receive) = mpsc::channel();
    let names: Vec<_> = modules.iter().map(|(name, _)| name.clone()).collect();
    thread::spawn(move || {
        for number in 0..mutations {
            let module = mutate(&modules[number % modules.len()].1, number);
            let options = options(number);
            let run = || pool.install(|| compile(&module, &options));
            let result = catch_unwind(AssertUnwindSafe(run));
            if send.send(result.map(|result| result.err())).is_err() {
                return;
            }
        }
    });
    let mut rejected = 0;
    let mut panicked = Vec::new();
    for number in 0..mutations {
        let name = &names[number % names.len()];
        match receive.recv_timeout(DEADLINE) {
            Ok(Ok(None)) => {}
            Ok(Ok(Some(error))) => {
                assert!(!error.to_string().is_empty(), "mutation {number} of {name}");
                rejected += 1;
            }
            Ok(Err(_)) => panicked.push((number, name)),
            Err(_) => panic!("mutation {number} of {name} hangs"),
        }
    }
    assert!(panicked.is_empty(), "these panic: {panicked:?}");
    assert!(rejected > mutations / 2, "only {rejected} were rejected");
}

#[test]
fn the_binary_writes_all_or_nothing() {
    let modules = modules();
    for number in 0..24 {
        let (name, module) = &modules[number % modules.len()];
        let folder = tempfile::tempdir().unwrap();
        let input = folder.path().join("app.wasm");
        std::fs::write(&input, mutate(module, number)).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_wasmc"))
            .args(["compile", "app.wasm", "-O", "none"])
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let files = std::fs::read_dir(folder.path()).unwrap().count();
        let stderr = String::from_utf8_lossy(&output.stderr);
        match output.status.code() {
            Some(0) => assert_eq!((files, &*stderr), (2, ""), "mutation {number} of {name}"),
            Some(1) => {
                assert_eq!(files, 1, "mutation {number} of {name}");
                assert!(stderr.starts_with("error: failed to "), "{stderr}");
            }
            status => panic!("mutation {number} of {name}: status {status:?}: {stderr}"),
        }
    }
}

/// Most mutations are compiled as fast as possible; some go the whole way.
fn options(number: usize) -> Options {
    Options::default()
        .emit(if number.is_multiple_of(10) {
            Emit::Exe
        } else {
            Emit::Obj
        })
        .opt_level(if number.is_multiple_of(7) {
            OptLevel::Speed
        } else {
            OptLevel::None
        })
        .verify_ir(number.is_multiple_of(3))
}

/// Cuts the module off, flips bits, overwrites or repeats bytes, by turns.
fn mutate(module: &[u8], number: usize) -> Vec<u8> {
    let mut random = Random(0x9e37_79b9_7f4a_7c15 ^ number as u64);
    let mut bytes = module.to_vec();
    match number % 4 {
        0 => bytes.truncate(random.below(bytes.len())),
        1 => {
            for _ in 0..=random.below(3) {
                let at = random.below(bytes.len());
                bytes[at] ^= 1 << random.below(8);
            }
        }
        2 => {
            let at = random.below(bytes.len());
            let interesting = [0x00, 0x01, 0x0b, 0x40, 0x7f, 0x80, 0xff, 0xfc];
            bytes[at] = interesting[random.below(interesting.len())];
        }
        _ => {
            let from = random.below(bytes.len());
            let len = random.below(16.min(bytes.len() - from));
            let repeated = bytes[from..from + len].to_vec();
            let at = random.below(bytes.len());
            bytes.splice(at..at, repeated);
        }
    }
    bytes
}

/// SplitMix64: the same mutations each time.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % bound.max(1) as u64) as usize
    }
}

/// The text modules beside the tests of this crate, and the small ones of the real programs that
/// the repository's scripts fetch or build, if they are there.
fn modules() -> Vec<(String, Vec<u8>)> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut paths = Vec::new();
    collect(&tests.join("cli"), "wat", &mut paths);
    collect(&tests.join("mutated"), "wat", &mut paths);
    let components = tests.join("../../tests/programs/components");
    collect(&components, "wat", &mut paths);
    collect(&tests.join("../../.material"), "wasm", &mut paths);
    paths
        .into_iter()
        .map(|path| {
            let module = wat::parse_file(&path).unwrap();
            (
                path.file_name().unwrap().to_string_lossy().into_owned(),
                module,
            )
        })
        .collect()
}

fn collect(folder: &Path, extension: &str, paths: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    let mut entries: Vec<_> = entries.map(|entry| entry.unwrap()).collect();
    entries.sort_by_key(std::fs::DirEntry::path);
    for entry in entries {
        let path = entry.path();
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            collect(&path, extension, paths);
        } else if kind.is_file()
            && path.extension().is_some_and(|found| found == extension)
            && entry.metadata().unwrap().len() <= MAX_MODULE
        {
            paths.push(path);
        }
    }
}
