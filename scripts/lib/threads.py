"""The pool of threads of `examples/threads`: a module of wasi-threads without a C library (zig's has no
threads), and a native program over pthreads."""

import c_programs
import paths


def _program():
    folder = paths.EXAMPLES / "threads"
    return c_programs.CProgram("threads-pool", folder / "pool.c", own=(folder / "threads.h",))


def _build_wasm():
    flags = ("-target", "wasm32-freestanding",
             "-mcpu=generic+atomics+bulk_memory+mutable_globals", "-nostdlib", "-Wl,--no-entry",
             "-Wl,--shared-memory,--import-memory,--max-memory=16777216", "-Wl,--export=_start")
    return c_programs._compile(_program(), paths.WASM / "threads-pool.wasm", flags)


def _build_native():
    # The sum is exact: without fused multiply-add.
    flags = ("-DNATIVE", "-pthread", "-ffp-contract=off")
    return c_programs._compile(_program(), paths.NATIVE / "threads-pool", flags)


def steps():
    return [
        ("threads", "wasm/threads-pool.wasm", _build_wasm),
        ("threads", "native/threads-pool", _build_native),
    ]
