"""Modules that Binaryen's fuzzer makes (`wasm-opt -ttf`), each as a program: a driver calls every
function that needs no arguments, and what a module logs is printed. Most end with a trap before long:
with N arguments the first N functions are left out. Binaryen emits the older encoding of exceptions
and translates it to the newer one, so each program exists in both."""

import random
import re
from pathlib import Path

import paths
import stamps
import tools

VERSION = "132.0.0"
SEEDS = range(1, 9)
# What the oracle knows too; relaxed vectors and NaNs may differ between engines.
FEATURES = ("--mvp-features", *(f"--enable-{name}" for name in (
    "mutable-globals", "nontrapping-float-to-int", "sign-ext", "bulk-memory", "bulk-memory-opt",
    "reference-types", "multivalue", "simd", "tail-call", "exception-handling", "extended-const",
    "multimemory")))

_IMPORT = re.compile(r'^ \(import "([^"]+)" "([^"]+)" \((func|global|tag|memory|table)(.*)\)\)$', re.M)
_INVOKER = re.compile(r'^ \(export "([^"]+_invoker|hangLimitInitializer)" \(func', re.M)
_ZERO = {"i32": "(i32.const 0)", "i64": "(i64.const 0)", "f32": "(f32.const 0)",
         "f64": "(f64.const 0)", "v128": "(v128.const i64x2 0 0)"}

_DRIVER = """(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args (param i32 i32) (result i32)))
  (memory $output (export "memory") 1)
  (global $first (mut i32) (i32.const 0))
  ;; A line of a letter and 16 hexadecimal digits.
  (func $print (export "print") (param $letter i32) (param $bits i64)
    (local $at i32) (local $digit i32)
    (i32.store8 (i32.const 16) (local.get $letter))
    (local.set $at (i32.const 32))
    (loop $next
      (local.set $digit (i32.wrap_i64 (i64.and (local.get $bits) (i64.const 15))))
      (i32.store8 (local.get $at) (i32.add (local.get $digit)
        (select (i32.const 48) (i32.const 87) (i32.lt_u (local.get $digit) (i32.const 10)))))
      (local.set $bits (i64.shr_u (local.get $bits) (i64.const 4)))
      (br_if $next (i32.gt_u (local.tee $at (i32.sub (local.get $at) (i32.const 1)))
        (i32.const 16))))
    (i32.store8 (i32.const 33) (i32.const 10))
    (i32.store (i32.const 0) (i32.const 16))
    (i32.store (i32.const 4) (i32.const 18))
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))
"""
# How a value becomes the letter and the bits that are printed.
_LOG = {
    "log-i32": '(i32.const 105) (i64.extend_i32_u (local.get 0))',
    "log-i64": '(i32.const 73) (local.get 0)',
    "log-f32": '(i32.const 102) (i64.extend_i32_u (i32.reinterpret_f32 (local.get 0)))',
    "log-f64": '(i32.const 70) (i64.reinterpret_f64 (local.get 0))',
    "log-v128": '(i32.const 118) (i64x2.extract_lane 0 (local.get 0))',
}


def _zero(type_):
    return _ZERO.get(type_) or f"(ref.null {type_.removesuffix('ref')})"


def _support(text, module):
    """A module that offers what the fuzzer's module imports from `module`."""
    lines = ['(module (import "driver" "print" (func $print (param i32 i64)))']
    for found, name, kind, rest in _IMPORT.findall(text):
        if found != module:
            continue
        if kind == "func":
            results = " ".join(re.findall(r"\(result ([^)]*)\)", rest)).split()
            signature = " ".join(re.findall(r"\((?:param|result) [^)]*\)", rest))
            body = (f"(call $print {_LOG[name]})" if name in _LOG
                    else " ".join(_zero(result) for result in results))
            lines.append(f'(func (export "{name}") {signature} {body})')
        elif kind == "global":
            declared = rest.split(maxsplit=1)[1]
            type_ = re.sub(r"\(mut (.*)\)", r"\1", declared)
            lines.append(f'(global (export "{name}") {declared} {_zero(type_)})')
        elif kind == "tag":
            params = " ".join(re.findall(r"\(param [^)]*\)", rest))
            lines.append(f'(tag (export "{name}") {params})')
        else:
            raise ValueError(f"an import of a {kind}: {name}")
    return "\n".join([*lines, ")"])


def _driver(text):
    invokers = _INVOKER.findall(text)
    limit = "hangLimitInitializer"
    lines = [_DRIVER]
    lines += [f'(import "fuzz" "{name}" (func ${name}))' for name in invokers]
    # Imports come first.
    head, tail = lines[0].split("  (memory", 1)
    lines = [head, *lines[1:], "  (memory" + tail, '(func (export "_start")',
             "(drop (call $args (i32.const 0) (i32.const 4)))",
             "(global.set $first (i32.sub (i32.load (i32.const 0)) (i32.const 1)))"]
    for number, name in enumerate(name for name in invokers if name != limit):
        refill = f"(call ${limit})" if limit in invokers else ""
        lines.append(f"(if (i32.le_u (global.get $first) (i32.const {number})) (then"
                     f" (call $print (i32.const 35) (i64.const {number})) {refill} (call ${name})))")
    return "\n".join([*lines, "))"])


def build(seed):
    legacy = paths.WASM / f"binaryen-{seed}-legacy.wasm"
    exnref = paths.WASM / f"binaryen-{seed}-exnref.wasm"
    key = stamps.key_of(VERSION, FEATURES, seed, Path(__file__))
    if stamps.is_current(legacy, key) and exnref.exists():
        return False
    node = tools.program("node")
    programs = tools.npm_packages("binaryen", {"binaryen": VERSION}) / "binaryen" / "bin"

    def run(name, *args, capture=False):
        return tools.run([node, programs / name, *args, *FEATURES], cwd=work, capture=capture)

    work = paths.BUILD / "binaryen" / str(seed)
    work.mkdir(parents=True, exist_ok=True)
    (work / "random").write_bytes(random.Random(seed).randbytes(20_000))
    run("wasm-opt", "-ttf", "random", "--no-fuzz-oob", "--denan", "-o", "fuzz.wasm")
    text = run("wasm-dis", "fuzz.wasm", capture=True)
    (work / "driver.wat").write_text(_driver(text))
    names = {found for found, *_ in _IMPORT.findall(text)}
    others = []
    for name in sorted(names):
        (work / f"{name}.wat").write_text(_support(text, name))
        others += [f"{name}.wat", name]
    run("wasm-merge", "driver.wat", "driver", *others, "fuzz.wasm", "fuzz",
        "--skip-export-conflicts", "-o", "merged.wasm")
    # What the driver does not reach goes.
    run("wasm-metadce", "merged.wasm", "--graph-file", _graph(work), "-o", "legacy.wasm")
    run("wasm-opt", "legacy.wasm", "--emit-exnref", "-o", "exnref.wasm")
    legacy.parent.mkdir(parents=True, exist_ok=True)
    for encoding, output in (("legacy", legacy), ("exnref", exnref)):
        (work / f"{encoding}.wasm").replace(output)
    stamps.mark(legacy, key)
    return True


def _graph(work):
    """The roots of the program: its start and its memory."""
    roots = [f'{{"name": "{name}", "root": true, "export": "{name}"}}' for name in ("_start", "memory")]
    (work / "graph.json").write_text(f"[{', '.join(roots)}]")
    return "graph.json"


def steps():
    """The rows of `scripts/material`."""
    for seed in SEEDS:
        yield ("binaryen", f"wasm/binaryen-{seed}-legacy.wasm", lambda s=seed: build(s))
