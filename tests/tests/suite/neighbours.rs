//! Do functions that use no proposal pay for those of the same program that do?
//!
//! A program is compiled with a neighbour that needs a proposal, and with one that does nothing:
//! the machine code of all other functions is the same.

use std::collections::BTreeMap;

use wasmc_compiler::features::{Features, PROPOSALS, Status};
use wasmc_compiler::testing::{Command, compile_driver};
use wasmc_compiler::{Emit, InstanceSpec, Options, validate};

/// What the functions below use, and they themselves: WebAssembly 1.0.
const OTHERS: &str = r#"
  (type $binary (func (param i32 i32) (result i32)))
  (memory 1 4)
  (table $table funcref (elem $sum $divide))
  (global $count (mut i32) (i32.const 0))
  (func $sum (export "sum") (type $binary) (local $sum i32)
    (loop $next
      (local.set $sum (i32.add (local.get $sum) (i32.load offset=8 (local.get 0))))
      (local.set 0 (i32.add (local.get 0) (i32.const 4)))
      (br_if $next (i32.lt_u (local.get 0) (local.get 1))))
    (local.get $sum))
  (func $divide (export "divide") (type $binary) (i32.div_s (local.get 0) (local.get 1)))
  (func (export "direct") (type $binary)
    (i32.mul
      (call $sum (local.get 0) (local.get 1))
      (call $divide (local.get 1) (local.get 0))))
  (func (export "indirect") (param i32) (result i32)
    (call_indirect $table (type $binary) (i32.const 0) (i32.const 64) (local.get 0)))
  (func (export "global") (result i32)
    (global.set $count (i32.add (global.get $count) (i32.const 1)))
    (global.get $count))
  (func (export "floats") (param f64 f32) (result f64)
    (f64.store (i32.const 16) (f64.sqrt (f64.add (local.get 0) (f64.promote_f32 (local.get 1)))))
    (f64.load (i32.const 16)))
  (func (export "branches") (param i32) (result i64)
    (block $b (block $a (br_table $a $b (local.get 0))) (return (i64.const 1)))
    (i64.extend_i32_u (memory.grow (i32.const 1))))
"#;

/// Neighbours: the proposal, imports, and the rest, which exports `neighbour`.
const NEIGHBOURS: &[(&str, &str, &str)] = &[
    (
        "mutable-global",
        "",
        r#"(global (export "g") (mut i32) (i32.const 1)) (func (export "neighbour"))"#,
    ),
    (
        "saturating-float-to-int",
        "",
        r#"(func (export "neighbour") (param f32) (result i32) (i32.trunc_sat_f32_u (local.get 0)))"#,
    ),
    (
        "sign-extension",
        "",
        r#"(func (export "neighbour") (param i32) (result i32) (i32.extend8_s (local.get 0)))"#,
    ),
    (
        "multi-value",
        "",
        r#"(func (export "neighbour") (result i32 i64) (i32.const 1) (i64.const 2))"#,
    ),
    (
        "bulk-memory",
        "",
        r#"(data $data "passive")
           (func (export "neighbour") (param i32)
             (memory.init $data (local.get 0) (i32.const 0) (i32.const 7))
             (memory.copy (local.get 0) (i32.const 9) (i32.const 100)))"#,
    ),
    (
        "reference-types",
        "",
        r#"(table $other 1 9 externref)
           (func (export "neighbour") (param externref) (result i32)
             (table.grow $other (local.get 0) (i32.const 1)))"#,
    ),
    (
        "extended-const",
        "",
        r#"(global $sum i32 (i32.add (i32.const 1) (i32.const 2)))
           (func (export "neighbour") (result i32) (global.get $sum))"#,
    ),
    (
        "tail-call",
        "",
        r#"(func (export "neighbour") (param i32 i32) (result i32)
             (return_call $sum (local.get 1) (local.get 0)))"#,
    ),
    (
        "multi-memory",
        "",
        r#"(memory $other 1)
           (func (export "neighbour") (param i32) (result i32) (i32.load $other (local.get 0)))"#,
    ),
    (
        "simd",
        "",
        r#"(func (export "neighbour") (param i32)
             (v128.store (local.get 0) (i32x4.add (v128.load (local.get 0)) (v128.const i64x2 1 2))))"#,
    ),
    (
        "relaxed-simd",
        "",
        r#"(func (export "neighbour") (param i32)
             (v128.store (local.get 0)
               (f32x4.relaxed_min (v128.load (local.get 0)) (v128.const i64x2 1 2))))"#,
    ),
    (
        "memory64",
        "",
        r#"(memory $other i64 1 4)
           (func (export "neighbour") (param i64) (result i64)
             (drop (memory.grow $other (local.get 0)))
             (i64.load $other (local.get 0)))"#,
    ),
    (
        "function-references",
        "",
        r#"(func (export "neighbour") (param (ref $binary)) (result i32)
             (call_ref $binary (i32.const 1) (i32.const 2) (local.get 0)))"#,
    ),
    (
        "gc",
        "",
        r#"(rec (type $a (func (param (ref null $b)))) (type $b (func (param (ref null $a)))))
           (func (export "neighbour") (result nullfuncref) (ref.null nofunc))"#,
    ),
    (
        "exception-handling",
        "",
        r#"(tag $tag (param i32 f64))
           (func (export "neighbour") (param i32) (result i32)
             (block $caught (result i32 f64)
               (try_table (catch $tag $caught)
                 (if (call $sum (i32.const 1) (i32.const 2))
                   (then (throw $tag (i32.const 5) (f64.const 6)))))
               (return (i32.const 0)))
             (drop))"#,
    ),
    (
        "legacy-exceptions",
        "",
        r#"(tag $tag (param i32 f64))
           (func (export "neighbour") (param i32) (result i32)
             try (result i32)
               (call $sum (i32.const 1) (i32.const 2))
             catch_all
               (rethrow 0) end)"#,
    ),
    (
        "threads",
        "",
        r#"(memory $other 1 1 shared)
           (func (export "neighbour") (param i32) (result i32)
             (drop (memory.atomic.notify $other (local.get 0) (i32.const 1)))
             (i32.atomic.rmw.add $other (local.get 0) (i32.const 1)))"#,
    ),
    (
        "wide-arithmetic",
        "",
        r#"(func (export "neighbour") (param i64 i64) (result i64 i64)
             (i64.mul_wide_u (local.get 0) (local.get 1)))"#,
    ),
    (
        "custom-page-sizes",
        "",
        r#"(memory $other 7 9 (pagesize 1))
           (func (export "neighbour") (param i32) (result i32) (i32.load $other (local.get 0)))"#,
    ),
    (
        "compact-import-section",
        r#"(import "wasi_snapshot_preview1"
             (item "sched_yield" (func $yield (result i32)))
             (item "fd_close" (func (param i32) (result i32))))"#,
        r#"(func (export "neighbour") (result i32) (call $yield))"#,
    ),
];

#[test]
fn other_functions_stay_as_they_are() {
    for options in [Options::default(), Options::default().bounds_checks(true)] {
        let alone = code_of_others(&module("", r#"(func (export "neighbour"))"#), &options);
        assert_eq!(alone.len(), 7, "every other function was found");
        for &(proposal, imports, neighbour) in NEIGHBOURS {
            let module = module(imports, neighbour);
            let mut without = Features::complete();
            without.set(proposal, false).expect("it can be turned off");
            assert!(
                validate(&module, without).is_err(),
                "the neighbour needs no {proposal}"
            );
            let beside = code_of_others(&module, &options);
            for (name, code) in &alone {
                assert_eq!(&beside[name], code, "`{name}` beside {proposal}");
            }
        }
    }
}

#[test]
fn every_proposal_has_its_neighbour() {
    // A component has functions of modules, and none of its own.
    let of_modules = |name| name != "component-model";
    for proposal in PROPOSALS
        .iter()
        .filter(|proposal| of_modules(proposal.name))
    {
        assert_eq!(
            proposal.status != Status::NotYet,
            NEIGHBOURS.iter().any(|&(name, ..)| name == proposal.name),
            "{}",
            proposal.name
        );
    }
}

fn module(imports: &str, neighbour: &str) -> Vec<u8> {
    wat::parse_str(format!("(module {imports} {OTHERS} {neighbour})")).expect("it is a module")
}

/// The machine code of every exported function but the neighbour, by name. Where things lie in the
/// state is left out.
fn code_of_others(module: &[u8], options: &Options) -> BTreeMap<String, String> {
    let options = options
        .clone()
        .features(Features::complete())
        .emit(Emit::Asm);
    let instance = InstanceSpec::new("", module);
    let names = [
        "sum",
        "divide",
        "direct",
        "indirect",
        "global",
        "floats",
        "branches",
        "neighbour",
    ];
    let commands: Vec<_> = names
        .iter()
        .map(|&export| Command::Invoke {
            instance: 0,
            export: export.to_owned(),
            args: Vec::new(),
        })
        .collect();
    let artifact = compile_driver(&[instance], &commands, &options).expect("it compiles");
    let text = String::from_utf8(artifact.bytes).expect("assembly is text");
    let functions = text.split("\n\n").filter_map(|part| {
        let (head, code) = part.split_once('\n')?;
        let name = head.strip_prefix(";; function ")?.split('`').nth(1)?;
        Some((name.to_owned(), without_places(code)))
    });
    functions.filter(|(name, _)| name != "neighbour").collect()
}

/// The code without the numbers of symbols and the offsets from them.
fn without_places(code: &str) -> String {
    let mut parts = code.split("userextname");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit() || c == '+');
        text + "symbol" + rest
    })
}
