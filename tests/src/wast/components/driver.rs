//! A component that calls the functions of another, and compares what they return.
//!
//! ```text
//! (component
//!   (component $tested …)
//!   (component $driver  imports the functions, calls them from core code)
//!   instantiates both, exports `wasi:cli/run` of the driver)
//! ```
//!
//! It exits with 0 when all has come as expected, else with 1 more than the number of the first call
//! that returned something else.

use std::fmt::Write as _;

use anyhow::{Context as _, Result, anyhow, bail};
use wasmparser::component_types::ComponentEntityType;
use wasmparser::{Validator, WasmFeatures};
use wast::component::WastVal;

use super::values::{Checks, Core, Image, Type};

/// A call of an exported function.
#[derive(Debug)]
pub struct Call<'s> {
    /// The function's name.
    pub function: &'s str,
    /// The arguments.
    pub args: Vec<&'s WastVal<'s>>,
    /// What it must return; `None` when that does not matter.
    pub expected: Option<Option<&'s WastVal<'s>>>,
}

/// The type of a function.
#[derive(Debug)]
struct Signature {
    params: Vec<(String, Type)>,
    result: Option<Type>,
}

/// Most core values that parameters are passed as.
const MAX_PARAMS: usize = 16;
/// Where values lie in the driver's memory.
const IMAGE: u32 = 1024;

/// The text of a component that makes these calls of a component, in order. The inner error is why
/// there is none, although nothing is wrong.
pub fn driver(component: &[u8], calls: &[Call<'_>]) -> Result<Result<String, String>> {
    let tested = wasmprinter::print_bytes(component).context("the component is not printed")?;
    let (tested, id) = named_text(&tested)?;
    let mut functions: Vec<&str> = calls.iter().map(|call| call.function).collect();
    functions.sort_unstable();
    functions.dedup();
    let signatures = match signatures(component, &functions) {
        Ok(signatures) => signatures,
        Err(error) => return Ok(Err(format!("{error:#}"))),
    };
    let mut named = Vec::new();
    let (mut imports, mut lowers, mut core_imports) = (String::new(), String::new(), String::new());
    let (mut with, mut core_with) = (String::new(), String::new());
    for (name, (signature, number)) in functions.iter().zip(signatures.iter().zip(0..)) {
        let mut ty = String::new();
        for (name, param) in &signature.params {
            let _ = write!(ty, " (param \"{name}\" {})", param.text(&mut named));
        }
        if let Some(result) = &signature.result {
            let _ = write!(ty, " (result {})", result.text(&mut named));
        }
        let _ = writeln!(imports, "(import \"f{number}\" (func $f{number}{ty}))");
        let _ = writeln!(
            lowers,
            "(core func $f{number} (canon lower (func $f{number}) \
             (memory (core memory $memory \"memory\")) \
             (realloc (core func $memory \"realloc\"))))"
        );
        let _ = writeln!(
            core_imports,
            "(import \"\" \"f{number}\" (func $f{number} {}))",
            core_signature(signature)
        );
        let _ = writeln!(with, "(with \"f{number}\" (func $instance \"{name}\"))");
        let _ = writeln!(core_with, "(export \"f{number}\" (func $f{number}))");
    }
    let mut image = Image::new(IMAGE);
    let (mut code, mut locals) = (String::new(), 0);
    for (number, call) in calls.iter().enumerate() {
        let function = functions
            .binary_search(&call.function)
            .map_err(|_| anyhow!("no function"))?;
        let _ = writeln!(code, "(global.set $call (i32.const {}))", number + 1);
        let more = write_call(&mut code, call, function, &signatures[function], &mut image)?;
        locals = locals.max(more);
    }
    let (mut outer_types, mut inner_types) = (String::new(), String::new());
    for (number, text) in named.iter().enumerate() {
        let _ = writeln!(outer_types, "(type $t{number} {text})");
        let _ = writeln!(
            inner_types,
            "(type $t{number}' {})\n(import \"t{number}\" (type $t{number} (eq $t{number}')))",
            text
        );
        let _ = writeln!(with, "(with \"t{number}\" (type $t{number}))");
    }
    let mut data = String::new();
    for byte in &image.bytes {
        let _ = write!(data, "\\{byte:02x}");
    }
    let free = image.end().next_multiple_of(16);
    let pages = image.end() / 65536 + 64;
    let mut local_list = String::new();
    for local in 0..locals {
        let _ = write!(local_list, " (local $l{local} i32)");
    }
    Ok(Ok(format!(
        r#"(component
{tested}
{outer_types}
(import "wasi:cli/exit@0.2.12" (instance $exit
  (export "exit-with-code" (func (param "status-code" u8)))))
(component $driver
  {inner_types}
  (import "exit" (func $exit (param "status-code" u8)))
  {imports}
  (core func $exit (canon lower (func $exit)))
  (core module $memory
    (memory (export "memory") {pages})
    (global $free (mut i32) (i32.const {free}))
    (data (i32.const {IMAGE}) "{data}")
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (global.set $free (i32.and
        (i32.add (global.get $free) (i32.sub (local.get 2) (i32.const 1)))
        (i32.sub (i32.const 0) (local.get 2))))
      (global.get $free)
      (global.set $free (i32.add (global.get $free) (local.get 3)))))
  (core instance $memory (instantiate $memory))
  {lowers}
  (core module $main
    (import "" "memory" (memory 1))
    (import "" "exit" (func $exit (param i32)))
    {core_imports}
    (global $call (mut i32) (i32.const 0))
    (func $fail (call $exit (global.get $call)) unreachable)
    (func $same (param i32 i32)
      (if (i32.ne (local.get 0) (local.get 1)) (then (call $fail))))
    (func $same64 (param i64 i64)
      (if (i64.ne (local.get 0) (local.get 1)) (then (call $fail))))
    (func $nan (param f32) (if (f32.eq (local.get 0) (local.get 0)) (then (call $fail))))
    (func $nan64 (param f64) (if (f64.eq (local.get 0) (local.get 0)) (then (call $fail))))
    (func $bytes (param $at i32) (param $len i32) (param $other i32) (param $expected i32)
      (call $same (local.get $len) (local.get $expected))
      (loop $next
        (if (local.get $len) (then
          (local.set $len (i32.sub (local.get $len) (i32.const 1)))
          (call $same
            (i32.load8_u (i32.add (local.get $at) (local.get $len)))
            (i32.load8_u (i32.add (local.get $other) (local.get $len))))
          (br $next)))))
    (func (export "run") (result i32) (local $r i32){local_list}
      {code}
      (call $exit (i32.const 0))
      (i32.const 0)))
  (core instance $main (instantiate $main (with "" (instance
    (export "memory" (memory $memory "memory"))
    (export "exit" (func $exit))
    {core_with}))))
  (func (export "run") (result (result)) (canon lift (core func $main "run"))))
(instance $instance (instantiate {id}))
(instance $driver (instantiate $driver
  (with "exit" (func $exit "exit-with-code"))
  {with}))
(instance $command (export "run" (func $driver "run")))
(export "wasi:cli/run@0.2.12" (instance $command)))
"#
    )))
}

/// The text of a component, and its name; `$tested` if it has none.
fn named_text(text: &str) -> Result<(String, &str)> {
    let Some(rest) = text.trim_start().strip_prefix("(component") else {
        bail!("the text is no component");
    };
    match rest.strip_prefix(" $") {
        // Parts of it may refer to it by its name.
        Some(named) => {
            let end = named.find(|c: char| c.is_whitespace() || c == ')');
            let len = " $".len() + end.unwrap_or(named.len());
            Ok((text.to_owned(), rest[..len].trim_start()))
        }
        None => Ok((format!("(component $tested{rest}"), "$tested")),
    }
}

/// The types of exported functions.
fn signatures(component: &[u8], functions: &[&str]) -> Result<Vec<Signature>> {
    let types = Validator::new_with_features(WasmFeatures::all()).validate_all(component)?;
    let types = types.as_ref();
    let signature = |name: &&str| {
        let item = types
            .component_item_for_export(name)
            .with_context(|| format!("there is no export `{name}`"))?;
        let ComponentEntityType::Func(id) = item.ty else {
            bail!("the export `{name}` is no function");
        };
        let ty = &types[id];
        if ty.async_ {
            bail!("`{name}` is asynchronous");
        }
        let params = ty.params.iter();
        let params = params.map(|(name, ty)| Ok((name.to_string(), Type::read(types, *ty)?)));
        Ok(Signature {
            params: params.collect::<Result<_>>()?,
            result: ty.result.map(|ty| Type::read(types, ty)).transpose()?,
        })
    };
    functions.iter().map(signature).collect()
}

impl Signature {
    /// The core values that parameters are passed as; `None` when they lie in memory.
    fn flat_params(&self) -> Option<Vec<Core>> {
        let flat: Vec<_> = self.params.iter().flat_map(|(_, ty)| ty.flat()).collect();
        (flat.len() <= MAX_PARAMS).then_some(flat)
    }

    /// The core value that is returned; `None` when there is none, or the result lies in memory.
    fn flat_result(&self) -> Option<Core> {
        match self.result.as_ref()?.flat()[..] {
            [core] => Some(core),
            _ => None,
        }
    }

    fn returns_in_memory(&self) -> bool {
        self.result.is_some() && self.flat_result().is_none()
    }
}

fn core_signature(signature: &Signature) -> String {
    let mut text = "(param".to_owned();
    for core in signature.flat_params().unwrap_or(vec![Core::I32]) {
        let _ = write!(text, " {}", core.name());
    }
    if signature.returns_in_memory() {
        text.push_str(" i32");
    }
    text.push(')');
    if let Some(core) = signature.flat_result() {
        let _ = write!(text, " (result {})", core.name());
    }
    text
}

/// Writes code for a call: how many locals it uses.
fn write_call(
    code: &mut String,
    call: &Call<'_>,
    function: usize,
    signature: &Signature,
    image: &mut Image,
) -> Result<usize> {
    if call.args.len() != signature.params.len() {
        bail!("`{}` has another number of parameters", call.function);
    }
    let mut words = String::new();
    let args = signature.params.iter().zip(&call.args);
    if signature.flat_params().is_some() {
        for ((_, ty), value) in args {
            for (core, bits) in image.flat(ty, value)? {
                let _ = match core {
                    Core::I32 => write!(words, " (i32.const {})", bits as u32),
                    Core::I64 => write!(words, " (i64.const {bits})"),
                    Core::F32 => {
                        write!(words, " (f32.reinterpret_i32 (i32.const {}))", bits as u32)
                    }
                    Core::F64 => write!(words, " (f64.reinterpret_i64 (i64.const {bits}))"),
                };
            }
        }
    } else {
        let types = signature.params.iter().map(|(_, ty)| ty.clone()).collect();
        let all = Type::Tuple(types);
        let (size, align) = all.layout();
        let at = image.allocate(size, align);
        let mut offset = 0_u32;
        for ((_, ty), value) in args {
            let (size, align) = ty.layout();
            offset = offset.next_multiple_of(align);
            image.store(ty, value, at + offset)?;
            offset += size;
        }
        let _ = write!(words, " (i32.const {at})");
    }
    let Some(result) = &signature.result else {
        let _ = writeln!(code, "(call $f{function}{words})");
        return Ok(0);
    };
    let (size, align) = result.layout();
    let place = image.allocate(size, align);
    let _ = match signature.returns_in_memory() {
        true => writeln!(code, "(call $f{function}{words} (i32.const {place}))"),
        false => writeln!(
            code,
            "({} (i32.const {place}) (call $f{function}{words}))",
            result.store()
        ),
    };
    let _ = writeln!(code, "(local.set $r (i32.const {place}))");
    let mut checks = Checks {
        code: String::new(),
        locals: 0,
        image,
    };
    // The suite leaves out results that do not matter.
    if let Some(Some(value)) = call.expected {
        checks.check(result, value, "$r", 0)?;
    }
    code.push_str(&checks.code);
    Ok(checks.locals)
}
