//! The module `spectest` that the suite's scripts import from.

use wasmc_compiler::features::Features;

use super::level;

/// The import module name.
pub(super) const NAME: &str = "spectest";

/// Entities that need a proposal: name, proposal, and text.
const OPTIONAL: &[(&str, &str, &str)] = &[
    (
        "table64",
        "memory64",
        r#"(table (export "table64") i64 10 20 funcref)"#,
    ),
    (
        "shared_memory",
        "threads",
        r#"(memory (export "shared_memory") 1 2 shared)"#,
    ),
];

/// The module's bytes, with all of it that `features` allow.
pub(super) fn module(features: Features) -> Vec<u8> {
    let mut text = String::from(
        r#"(module $spectest
  (func (export "print"))
  (func (export "print_i32") (param i32))
  (func (export "print_i64") (param i64))
  (func (export "print_f32") (param f32))
  (func (export "print_f64") (param f64))
  (func (export "print_i32_f32") (param i32 f32))
  (func (export "print_f64_f64") (param f64 f64))
  (global (export "global_i32") i32 (i32.const 666))
  (global (export "global_i64") i64 (i64.const 666))
  (global (export "global_f32") f32 (f32.const 666.6))
  (global (export "global_f64") f64 (f64.const 666.6))
  (table (export "table") 10 20 funcref)
  (memory (export "memory") 1 2)
"#,
    );
    for (name, _, item) in OPTIONAL {
        if left_out(name, features).is_none() {
            text.push_str(item);
        }
    }
    text.push(')');
    wat::parse_str(text).expect("the text above is a module")
}

/// The proposal for want of which the module lacks this item.
pub(super) fn left_out(item: &str, features: Features) -> Option<&'static str> {
    let (_, proposal, _) = OPTIONAL.iter().find(|(name, _, _)| *name == item)?;
    (!level::has(features, proposal)).then_some(*proposal)
}
