"""C with setjmp and C++ with exceptions, each in both encodings of WebAssembly exceptions.

zig's clang compiles them. Its C library has longjmp; its C++ library is built without exceptions, so
the parts that throw and unwind are compiled here, from the sources that zig bundles."""

import re
from pathlib import Path

import c_programs
import paths
import stamps
import tools
import wasm_sections

# What LLVM's switch for the older encoding (`try`, `catch`) must say.
ENCODINGS = {"exnref": "false", "legacy": "true"}
SOURCES = paths.EXAMPLES / "exceptions"
TAGS = SOURCES / "tags.c"

_TARGET = ("-target", "wasm32-wasi", "-O2", "-w", "-mexception-handling")
_JUMPS = ("-mllvm", "-wasm-enable-sjlj")
_THROWS = ("-fexceptions", "-mllvm", "-wasm-enable-eh", "-Xclang", "-exception-model=wasm",
           "-std=c++23")
_LIBRARY = ("-D_LIBCXXABI_HAS_NO_THREADS", "-D_LIBCXXABI_BUILDING_LIBRARY",
            "-D_LIBCPP_BUILDING_LIBRARY", "-DLIBCXX_BUILDING_LIBCXXABI",
            "-DLIBCXXABI_NON_DEMANGLING_TERMINATE")
_ABI = ("abort_message", "cxa_aux_runtime", "cxa_default_handlers", "cxa_exception",
        "cxa_exception_storage", "cxa_guard", "cxa_handlers", "cxa_personality", "cxa_vector",
        "cxa_virtual", "fallback_malloc", "private_typeinfo", "stdlib_exception",
        "stdlib_new_delete", "stdlib_stdexcept", "stdlib_typeinfo")
_LIBCXX = ("exception", "memory", "new_handler", "new_helpers", "stdexcept", "string", "vector",
           "verbose_abort")


def _encoding_flags(encoding):
    return ("-mllvm", f"-wasm-use-legacy-eh={ENCODINGS[encoding]}")


def _zig(language):
    """zig's compiler for `cc` or `c++`, its environment, and the folder of its libraries."""
    (*command, _), env = tools.zig_cc()
    facts = tools.run([*command, "env"], env=env, capture=True)
    found = re.search(r'lib_dir"?\s*[=:]\s*"([^"]+)"', facts)
    if not found:
        raise tools.Missing("zig does not say where its libraries lie")
    return [*command, language], env, Path(found[1])


def _finish(partial, output, key):
    partial.write_bytes(wasm_sections.strip_debug(partial.read_bytes()))
    partial.chmod(0o644)
    partial.rename(output)
    stamps.mark(output, key)
    return True


def _begin(output):
    output.parent.mkdir(parents=True, exist_ok=True)
    return output.with_name(output.name + ".partial")


def _build_c(name, encoding, sources, flags=(), link_flags=(), inputs=()):
    """Compiles C that jumps."""
    output = paths.WASM / f"{name}-{encoding}.wasm"
    flags = (*_TARGET, *_JUMPS, *_encoding_flags(encoding), *flags)
    key = stamps.key_of(tools.ZIGLANG, flags, *inputs, TAGS, Path(__file__))
    if stamps.is_current(output, key):
        return False
    command, env, _ = _zig("cc")
    partial = _begin(output)
    tools.run([*command, *flags, *sources, TAGS, *link_flags, "-o", partial], env=env)
    return _finish(partial, output, key)


def build_jumps(encoding):
    source = SOURCES / "jumps.c"
    return _build_c("jumps", encoding, [source], inputs=[source])


def build_lua(encoding):
    """Lua with its errors: `pcall` catches, coroutines yield."""
    (lua,) = (program for program in c_programs.libraries() if program.name == "lua")
    folder, files = lua.library()
    libraries = [flag for flag in lua.wasi_flags if flag.startswith("-l")]
    defines = [flag for flag in lua.wasi_flags if not flag.startswith("-l")]
    return _build_c("lua", encoding, [lua.main, *files], ("-I", str(folder), *defines), libraries,
                    [lua.main, *lua.own, folder])


def _cxx_library(encoding):
    """The objects of what throws, for one encoding."""
    command, env, lib = _zig("c++")
    c_command, _, _ = _zig("cc")
    folder = paths.BUILD / "exceptions" / encoding
    key = stamps.key_of(tools.ZIGLANG, encoding, Path(__file__))
    done = folder / "complete"
    if not stamps.is_current(done, key):
        folder.mkdir(parents=True, exist_ok=True)
        flags = (*_TARGET, *_encoding_flags(encoding))
        includes = [word for place in ("libcxx/src", "libcxxabi/include", "libcxxabi/src",
                                       "libunwind/include") for word in ("-I", lib / place)]
        sources = [lib / "libcxxabi/src" / f"{name}.cpp" for name in _ABI]
        sources += [lib / "libcxx/src" / f"{name}.cpp" for name in _LIBCXX]
        for source in sources:
            name = f"{source.parents[1].name}-{source.stem}.o"
            tools.run([*command, *flags, *_THROWS, *_LIBRARY, *includes, "-c", source,
                       "-o", folder / name], env=env)
        throws = [flag for flag in _THROWS if not flag.startswith("-std")]
        tools.run([*c_command, *flags, *throws, "-D_LIBUNWIND_HIDE_SYMBOLS", *includes, "-c",
                   lib / "libunwind/src/Unwind-wasm.c", "-o", folder / "libunwind.o"], env=env)
        done.write_text("")
        stamps.mark(done, key)
    return sorted(folder.glob("lib*.o"))


def build_cxx(encoding):
    output = paths.WASM / f"exceptions-{encoding}.wasm"
    source = SOURCES / "exceptions.cpp"
    key = stamps.key_of(tools.ZIGLANG, encoding, source, TAGS, Path(__file__))
    if stamps.is_current(output, key):
        return False
    library = _cxx_library(encoding)
    command, env, _ = _zig("c++")
    program = paths.BUILD / "exceptions" / encoding / "program.o"
    tools.run([*command, *_TARGET, *_encoding_flags(encoding), *_THROWS, "-c", source,
               "-o", program], env=env)
    # Linked as C: the C++ library that does not throw stays away.
    command, env, _ = _zig("cc")
    partial = _begin(output)
    tools.run([*command, *_TARGET, program, *library, TAGS, "-o", partial], env=env)
    return _finish(partial, output, key)


def steps():
    """The rows of `scripts/material`."""
    for encoding in ENCODINGS:
        for name, build in (("jumps", build_jumps), ("lua", build_lua), ("exceptions", build_cxx)):
            yield ("exceptions", f"wasm/{name}-{encoding}.wasm", lambda b=build, e=encoding: b(e))
