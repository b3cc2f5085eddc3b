//! `wasmc run --profile`: what is in profiles, and that a profiled program is as any other.

use std::collections::BTreeMap;
use std::fs;

use crate::support::Sandbox;

/// A program that spends three times as long in `$hot` as in `$warm`.
const HOT: &str = r#"(module
  (memory (export "memory") 1)
  (func $work (param $turns i32) (result i32) (local $x i32)
    (loop $again
      (local.set $x (i32.rem_u
        (i32.add (i32.mul (local.get $x) (i32.const 1103515245)) (local.get $turns))
        (i32.const 1000003)))
      (br_if $again (local.tee $turns (i32.sub (local.get $turns) (i32.const 1)))))
    local.get $x)
  (func $hot (result i32)
    (i32.add (call $work (i32.const 30000000)) (call $work (i32.const 30000000))))
  (func $warm (result i32) (i32.add (call $work (i32.const 20000000)) (i32.const 1)))
  (func (export "_start")
    (i32.store (i32.const 0) (call $hot))
    (i32.store (i32.const 4) (call $warm))))"#;

/// The lines of a folded profile: stacks and microseconds.
fn folded(sandbox: &Sandbox, name: &str) -> BTreeMap<String, u64> {
    let text = fs::read_to_string(sandbox.path(name)).unwrap();
    let line = |line: &str| {
        let (stack, time) = line.rsplit_once(' ').unwrap();
        (stack.to_owned(), time.parse().unwrap())
    };
    text.lines().map(line).collect()
}

/// What share of the time was spent in stacks with this in them.
fn share(profile: &BTreeMap<String, u64>, part: &str) -> f64 {
    let all: u64 = profile.values().sum();
    let of = profile.iter().filter(|(stack, _)| stack.contains(part));
    of.map(|(_, time)| *time as f64).sum::<f64>() / all as f64
}

/// Ways to take samples that work on this machine.
fn methods(sandbox: &Sandbox) -> Vec<&'static str> {
    sandbox.write("none.wat", br#"(module (func (export "_start")))"#);
    let works = |method: &&str| {
        let line = format!("wasmc run --profile-method {method} --profile none.folded none.wat");
        let outcome = sandbox.sh(&line);
        if outcome.status != 0 {
            println!("SKIPPED: profiles by {method}: {}", outcome.stderr);
            let refused = "the kernel refuses to let programs be watched";
            assert!(outcome.stderr.contains(refused), "{outcome:?}");
            assert!(outcome.stderr.contains("hint: "), "{outcome:?}");
        }
        outcome.status == 0
    };
    ["perf", "ptrace"].into_iter().filter(works).collect()
}

#[test]
fn shares_are_those_of_the_functions() {
    let sandbox = Sandbox::with(&[("hot.wat", HOT)]);
    for method in methods(&sandbox) {
        let line = format!("wasmc run --profile-method {method} --profile out.folded hot.wat");
        sandbox.sh(&line).ok();
        let profile = folded(&sandbox, "out.folded");
        let (hot, warm) = (share(&profile, ";hot;work"), share(&profile, ";warm;work"));
        assert!((0.55..0.9).contains(&hot), "{method}: {profile:?}");
        assert!((0.1..0.45).contains(&warm), "{method}: {profile:?}");
        assert!(share(&profile, "_start;") > 0.85, "{method}: {profile:?}");
    }
}

#[test]
fn every_form_has_the_functions() {
    let sandbox = Sandbox::with(&[("hot.wat", HOT)]);
    if methods(&sandbox).is_empty() {
        return;
    }
    let profile = |name: &str| {
        sandbox
            .sh(&format!(
                "wasmc run --profile-rate 500 --profile {name} hot.wat"
            ))
            .ok();
        fs::read(sandbox.path(name)).unwrap()
    };
    let svg = String::from_utf8(profile("out.svg")).unwrap();
    assert!(svg.starts_with("<?xml "));
    assert!(svg.contains("<title>hot ("), "{svg}");
    let json: serde_json::Value = serde_json::from_slice(&profile("out.json")).unwrap();
    let names = json["shared"]["stringArray"].as_array().unwrap();
    assert!(names.iter().any(|name| name == "hot"), "{names:?}");
    let stacks = json["threads"][0]["samples"]["stack"].as_array().unwrap();
    assert!(stacks.len() > 20, "{}", stacks.len());
    for name in ["out.pb.gz", "out.pprof"] {
        assert!(profile(name).starts_with(&[0x1f, 0x8b]), "{name}");
    }
}

#[test]
fn a_profiled_program_is_as_any_other() {
    let sandbox = Sandbox::with(&[
        ("show.wat", crate::support::ARGUMENTS),
        (
            "trap.wat",
            r#"(module (func $f (export "_start") unreachable))"#,
        ),
        (
            "forever.wat",
            r#"(module (func (export "_start") (loop (br 0))))"#,
        ),
    ]);
    for method in methods(&sandbox) {
        let run = |line: &str| {
            let flags = format!("--profile-method {method} --profile out.folded");
            sandbox.sh(&format!("wasmc run {flags} {line}"))
        };
        let outcome = run("show.wat a b");
        assert_eq!(outcome.text(), "show.wat\na\nb\n", "{method}");
        assert_eq!(outcome.status, 7, "{method}");
        let outcome = run("--confine=require trap.wat");
        assert_eq!(outcome.status, 134, "{method}: {outcome:?}");
        assert!(outcome.stderr.starts_with("wasm trap: "), "{outcome:?}");
        // A signal ends wasmc as well: the shell says so.
        let outcome = run("--trap=abort trap.wat");
        assert_eq!(outcome.status, 134, "{method}: {outcome:?}");
        assert!(outcome.stderr.contains("Aborted"), "{method}: {outcome:?}");
        let outcome = run("--timeout 300ms forever.wat");
        assert_eq!(outcome.status, 134, "{method}: {outcome:?}");
        let profile = folded(&sandbox, "out.folded");
        assert!(profile.values().sum::<u64>() > 50_000, "{profile:?}");
        // Who sends wasmc a signal means the program; the profile is there all the same.
        let line = format!(
            "wasmc run --profile-method {method} --profile killed.folded forever.wat & \
             sleep 1; kill $!; wait $! || echo ended"
        );
        assert_eq!(sandbox.sh(&line).text(), "ended\n", "{method}");
        assert!(!folded(&sandbox, "killed.folded").is_empty(), "{method}");
    }
}

#[test]
fn threads_are_told_apart() {
    let threads = r#"(module
      (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
      (memory (import "env" "memory") 1 1 shared)
      (func $work (param $turns i32) (local $x i32)
        (loop $again
          (local.set $x (i32.rem_u
            (i32.add (i32.mul (local.get $x) (i32.const 1103515245)) (local.get $turns))
            (i32.const 1000003)))
          (br_if $again (local.tee $turns (i32.sub (local.get $turns) (i32.const 1)))))
        (i32.store (i32.const 8) (local.get $x)))
      (func (export "wasi_thread_start") (param i32 i32)
        (call $work (i32.const 30000000))
        (i32.atomic.store (i32.const 0) (i32.const 1))
        (drop (memory.atomic.notify (i32.const 0) (i32.const 1))))
      (func (export "_start")
        (drop (call $spawn (i32.const 0)))
        (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))))"#;
    let sandbox = Sandbox::with(&[("threads.wat", threads)]);
    for method in methods(&sandbox) {
        let flags = format!("-W threads --profile-method {method} --profile out.folded");
        sandbox.sh(&format!("wasmc run {flags} threads.wat")).ok();
        let profile = folded(&sandbox, "out.folded");
        let work = profile.iter().filter(|(stack, _)| stack.ends_with(";work"));
        let work: Vec<_> = work.map(|(stack, _)| stack).collect();
        assert!(
            work.iter().any(|stack| stack.contains("wasi_thread_start")),
            "{method}: {profile:?}"
        );
    }
}

#[test]
fn a_profile_has_a_form_and_a_place() {
    let sandbox = Sandbox::with(&[("hot.wat", HOT)]);
    let outcome = sandbox.sh("wasmc run --profile out.txt hot.wat");
    assert_eq!(outcome.status, 2);
    assert!(
        outcome.stderr.contains(".svg, .json, .pb.gz"),
        "{outcome:?}"
    );
    // Known before anything is compiled, or run.
    let outcome = sandbox.sh("wasmc run --profile nowhere/out.svg hot.wat");
    assert_eq!(outcome.status, 1);
    assert!(outcome.stderr.contains("there is no folder `nowhere`"));
    assert!(sandbox.cached().is_empty());
}
