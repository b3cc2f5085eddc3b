"""Programs in C and C++ with debugging information, for the tests of debuggers, by zig's compiler."""

from pathlib import Path

import paths
import stamps
import tools

SOURCES = paths.ROOT / "tests" / "debugging"
FOLDER = paths.MATERIAL / "debugging"

# Without C++'s library, which takes minutes to build.
CPP = ("-fno-exceptions", "-fno-rtti", "-nostdlib++")

# Name, source, flags. The paths in them are the same on every machine.
C_PROGRAMS = [
    ("a.O0", "a.c", ("-O0",)),
    ("a.O2", "a.c", ("-O2",)),
    # The libc comes with version 4: a module of both.
    ("a.dwarf5", "a.c", ("-O0", "-gdwarf-5")),
    ("b.O0", "b.cc", (*CPP, "-O0")),
    ("b.O2", "b.cc", (*CPP, "-O2")),
]


def build_c(name, source, flags):
    output = FOLDER / f"{name}.wasm"
    command, env = tools.zig_cc()
    flags = ["-target", "wasm32-wasi", "-g", "-fno-sanitize=undefined", *flags]
    key = stamps.key_of(tools.ZIGLANG, flags, SOURCES / source, Path(__file__))
    if stamps.is_current(output, key):
        return False
    output.parent.mkdir(parents=True, exist_ok=True)
    # In the sources' folder, so that debuggers started there find them.
    tools.run([*command, *flags, source, "-o", output], cwd=SOURCES, env=env)
    output.chmod(0o644)
    stamps.mark(output, key)
    return True


def steps():
    return [
        ("debugging", f"debugging/{name}.wasm", lambda row=(name, source, flags): build_c(*row))
        for name, source, flags in C_PROGRAMS
    ]
