"""What only `benches/run` needs: more C programs out of crates, and every C program once more as other
compilers and other alignments of functions make it.

Where code lies decides a few percent of its speed. So that this luck does not decide a comparison,
programs are built with functions aligned to 16, 32 and 64 bytes, and `benches/run` goes through the
builds from round to round."""

import c_programs
import paths
import rust_wasi
import stamps
import tools
from c_programs import CProgram

# What `wasmc compile --function-alignment` and the C compilers' -falign-functions are given.
ALIGNMENTS = (16, 32, 64)

GCC = paths.MATERIAL / "gcc"  # the C programs by gcc -O3
VARIANTS = paths.MATERIAL / "alignments"  # the same programs with other alignments

_COMPRESSOR = (paths.PROGRAMS / "driver.h", paths.PROGRAMS / "compressor.h")
_QUICKJS_WASI = tuple(f"-D_WASI_EMULATED_{name}" for name in ("SIGNAL", "PROCESS_CLOCKS", "GETPID"))
_QUICKJS_LIBS = tuple(f"-lwasi-emulated-{name}" for name in ("signal", "process-clocks", "getpid"))


def libraries():
    """The programs that are only measured."""
    return [
        CProgram("lz4", paths.PROGRAMS / "lz4_driver.c", "lz4-sys", "liblz4/lib",
                 ("lz4.c", "lz4hc.c"), (), (), _COMPRESSOR),
        CProgram("blake3", paths.PROGRAMS / "blake3_driver.c", "blake3", "c",
                 ("blake3.c", "blake3_dispatch.c", "blake3_portable.c"),
                 # The portable code everywhere: vector code has a program of its own.
                 ("-DBLAKE3_NO_SSE2", "-DBLAKE3_NO_SSE41", "-DBLAKE3_NO_AVX2", "-DBLAKE3_NO_AVX512"),
                 (), (paths.PROGRAMS / "driver.h",)),
        CProgram("quickjs", paths.PROGRAMS / "quickjs_driver.c", "rquickjs-sys", "quickjs",
                 ("dtoa.c", "libregexp.c", "libunicode.c", "quickjs.c"),
                 ("-D_GNU_SOURCE", "-w"), (*_QUICKJS_WASI, *_QUICKJS_LIBS, "-Wl,-z,stack-size=1048576"),
                 (paths.PROGRAMS / "driver.h",)),
        CProgram("simd", paths.PROGRAMS / "simd_driver.c", flags=(), wasi_flags=("-msimd128",),
                 own=(paths.KERNELS / "kernel.h",)),
    ]


def modules():
    """Modules that are not made of C but can become C: only their names matter here."""
    return [CProgram(name, paths.ROOT) for name in (*rust_wasi.bench_names(), "collections")]


def all_programs():
    return [*c_programs.kernels(), *c_programs.libraries(), *libraries()]


def _place(folder, program, alignment):
    if alignment is None:
        return folder / program.name
    return VARIANTS / f"{folder.name}-{alignment}" / program.name


def executable(folder, program, alignment=None):
    """The executable of this alignment when it was built, else the ordinary one."""
    variant = VARIANTS / f"{folder.name}-{alignment}" / program
    return variant if alignment and variant.exists() else folder / program


def _align(alignment):
    return () if alignment is None else (f"-falign-functions={alignment}",)


def build_native(program, alignment=None):
    """zig cc -O3 for this machine."""
    output = _place(paths.NATIVE, program, alignment)
    return c_programs._compile(program, output, _align(alignment), ("-lm",))


def build_gcc(program, alignment=None):
    """gcc -O3 for this machine."""
    output = _place(GCC, program, alignment)
    gcc = tools.program("gcc")
    folder, files = program.library()
    # Exact results: no contraction of products and sums, as with the other compilers.
    flags = ["-O3", "-march=native", "-ffp-contract=off", "-w", *_align(alignment), *program.flags]
    key = stamps.key_of("gcc", flags, folder or "", program.main, *program.own)
    if stamps.is_current(output, key):
        return False
    includes = ["-I", folder] if folder else []
    return _link([gcc, *flags, *includes, program.main, *files, "-lm"], output, key)


def build_wasm2c(program, alignment=None):
    """wasm2c and gcc -O2, from the C that the ordinary build has left, or as that build does."""
    if program.name == "simd":
        raise tools.Missing("wasm2c 1.0.32 has no vector instructions")
    if alignment is None:
        return c_programs.build_wasm2c(program)
    module = paths.WASM / f"{program.name}.wasm"
    if not module.exists():
        raise tools.Missing(f"no {module.relative_to(paths.ROOT)}")
    output = _place(paths.WASM2C, program, alignment)
    shim = paths.ROOT / "benches" / "wasm2c_wasi.c"
    command, include, runtime = tools.wasm2c()
    gcc = tools.program("gcc")
    key = stamps.key_of("wasm2c", module, shim, alignment)
    if stamps.is_current(output, key):
        return False
    folder = paths.BUILD / "wasm2c" / program.name
    folder.mkdir(parents=True, exist_ok=True)
    includes = ["-I", folder, "-I", include, "-I", runtime]
    tools.run([command, module, "-n", "guest", "-o", folder / "guest.c"])
    return _link([gcc, "-O2", "-w", "-fno-strict-aliasing", *_align(alignment), *includes,
                  folder / "guest.c", shim, runtime / "wasm-rt-impl.c", "-lm"], output, key)


def _link(command, output, key):
    output.parent.mkdir(parents=True, exist_ok=True)
    partial = output.with_name(output.name + ".partial")
    tools.run([*command, "-o", partial])
    partial.rename(output)
    stamps.mark(output, key)
    return True


def steps():
    """Rows for `scripts/material`: (target, output, function)."""
    rows = []
    for program in libraries():
        rows.append((program.name, f"wasm/{program.name}.wasm",
                     lambda p=program: c_programs.build_wasm(p)))
    for program in libraries():
        rows.append(("native", f"native/{program.name}", lambda p=program: build_native(p)))
    for program in libraries():
        rows.append(("wasm2c", f"wasm2c/{program.name}", lambda p=program: build_wasm2c(p)))
    for program in all_programs():
        rows.append(("gcc", f"gcc/{program.name}", lambda p=program: build_gcc(p)))
    for program in modules():
        rows.append(("wasm2c", f"wasm2c/{program.name}", lambda p=program: build_wasm2c(p)))
    makers = {"native": build_native, "gcc": build_gcc, "wasm2c": build_wasm2c}
    for program in all_programs():
        for kind, maker in makers.items():
            for alignment in ALIGNMENTS:
                rows.append(("alignments", f"alignments/{kind}-{alignment}/{program.name}",
                             lambda m=maker, p=program, a=alignment: m(p, a)))
    return rows
