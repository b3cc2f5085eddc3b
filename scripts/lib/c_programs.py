"""The C programs: kernels and drivers of ours, real libraries out of crates; each is built as a
WebAssembly module, as a native executable, and through wasm2c."""

from dataclasses import dataclass, field
from pathlib import Path

import paths
import stamps
import tools
import wasm_sections


@dataclass
class CProgram:
    """One program. `crate` is the crate whose sources `folder` and `sources` are relative to."""

    name: str
    main: Path
    crate: str | None = None
    folder: str = ""
    sources: tuple = ()
    flags: tuple = ()
    wasi_flags: tuple = ()
    own: tuple = field(default_factory=tuple)  # further files of ours the build reads

    def library(self):
        """The library's folder and source files."""
        if not self.crate:
            return None, []
        folder = tools.crate_folder(self.crate) / self.folder
        files = [file for pattern in self.sources for file in sorted(folder.glob(pattern))]
        if not files:
            raise tools.Missing(f"no sources in crate {self.crate}")
        return folder, files


_DRIVER = paths.PROGRAMS / "driver.h"
_COMPRESSOR = paths.PROGRAMS / "compressor.h"
_EMULATED = [f"-D_WASI_EMULATED_{n}" for n in ("GETPID", "MMAN", "SIGNAL", "PROCESS_CLOCKS")]
_EMULATED_LIBS = [f"-lwasi-emulated-{n}" for n in ("getpid", "mman", "signal", "process-clocks")]

# No threads, no loadable extensions, no memory maps and so no WAL: what WASI has not.
_SQLITE_FLAGS = (
    "-DSQLITE_THREADSAFE=0", "-DSQLITE_OMIT_LOAD_EXTENSION", "-DSQLITE_OMIT_WAL",
    "-DSQLITE_MAX_MMAP_SIZE=0", "-DSQLITE_TEMP_STORE=3", "-DSQLITE_DEFAULT_MEMSTATUS=0",
    "-DSQLITE_ENABLE_FTS5", "-DSQLITE_ENABLE_RTREE", "-DSQLITE_ENABLE_MATH_FUNCTIONS",
)


def kernels():
    return [
        CProgram(file.stem, file, own=(paths.KERNELS / "kernel.h",))
        for file in sorted(paths.KERNELS.glob("*.c"))
    ]


def libraries():
    return [
        CProgram(
            "sqlite", paths.PROGRAMS / "sqlite_driver.c", "libsqlite3-sys", "sqlite3",
            ("sqlite3.c",), _SQLITE_FLAGS, (*_EMULATED, *_EMULATED_LIBS), (_DRIVER,),
        ),
        CProgram(
            "lua", paths.PROGRAMS / "lua_driver.c", "lua-src", "lua-5.4.9", ("*.c",),
            ("-include", str(paths.PROGRAMS / "lua_without_setjmp.h"), "-Wno-return-type"),
            (*_EMULATED, *_EMULATED_LIBS),
            (_DRIVER, paths.PROGRAMS / "lua_without_setjmp.h"),
        ),
        CProgram(
            "zstd", paths.PROGRAMS / "zstd_driver.c", "zstd-sys", "zstd/lib",
            ("common/*.c", "compress/*.c", "decompress/*.c"),
            ("-DZSTD_DISABLE_ASM=1", "-DZSTD_LEGACY_SUPPORT=0", "-DXXH_NAMESPACE=ZSTD_"),
            (), (_DRIVER, _COMPRESSOR),
        ),
        CProgram(
            "bzip2", paths.PROGRAMS / "bzip2_driver.c", "bzip2-sys", "bzip2-1.0.8",
            tuple(f"{n}.c" for n in ("blocksort", "bzlib", "compress", "crctable", "decompress",
                                     "huffman", "randtable")),
            ("-DBZ_NO_STDIO",), (), (_DRIVER, _COMPRESSOR),
        ),
    ]


def hello():
    return CProgram("hello", paths.EXAMPLES / "hello.c")


def http_server():
    folder = paths.EXAMPLES / "http-server"
    return CProgram("http-server", folder / "server.c", own=(folder / "net.h",))


def io():
    return CProgram("io", paths.ROOT / "benches" / "io.c")


def _compile(program, output, target_flags, link_flags=()):
    """Runs zig's C compiler over all sources of a program, unless the output is current."""
    command, env = tools.zig_cc()
    folder, files = program.library()
    flags = ["-O3", *target_flags, *program.flags, *link_flags]
    own = [program.main, *program.own]
    key = stamps.key_of(tools.ZIGLANG, flags, folder or "", *own, Path(__file__))
    if stamps.is_current(output, key):
        return False
    output.parent.mkdir(parents=True, exist_ok=True)
    partial = output.with_name(output.name + ".partial")
    includes = ["-I", folder] if folder else []
    tools.run([*command, *flags, *includes, program.main, *files, "-o", partial], env=env)
    if output.suffix == ".wasm":
        # Debug sections come from libc's own build; names are kept.
        partial.write_bytes(wasm_sections.strip_debug(partial.read_bytes()))
        partial.chmod(0o644)
    partial.rename(output)
    stamps.mark(output, key)
    return True


def build_wasm(program):
    flags = ("-target", "wasm32-wasi")
    return _compile(program, paths.WASM / f"{program.name}.wasm", flags, program.wasi_flags)


def build_native(program):
    """For the host's libc and CPU: what the same compiler makes of the same source."""
    return _compile(program, paths.NATIVE / program.name, (), ("-lm",))


def build_static_hello():
    """The yardsticks of process start: a static musl hello, stripped, at a fixed address and as a
    PIE, whose addresses are random as those of wasmc's executables are."""
    flags = ("-target", "x86_64-linux-musl", "-static", "-s")
    _compile(hello(), paths.NATIVE / "hello-static-musl", flags)
    _compile(hello(), paths.NATIVE / "hello-static-pie-musl", (*flags, "-pie"))


def build_wasm2c(program):
    """The module through wasm2c and gcc -O2, with our small WASI."""
    module = paths.WASM / f"{program.name}.wasm"
    output = paths.WASM2C / program.name
    shim = paths.ROOT / "benches" / "wasm2c_wasi.c"
    if not module.exists():
        raise tools.Missing(f"no {module.relative_to(paths.ROOT)}")
    command, include, runtime = tools.wasm2c()
    gcc = tools.program("gcc")
    key = stamps.key_of(module, shim, Path(__file__))
    if stamps.is_current(output, key):
        return False
    folder = paths.BUILD / "wasm2c" / program.name
    folder.mkdir(parents=True, exist_ok=True)
    output.parent.mkdir(parents=True, exist_ok=True)
    tools.run([command, module, "-n", "guest", "-o", folder / "guest.c"])
    partial = output.with_name(output.name + ".partial")
    tools.run([gcc, "-O2", "-w", "-fno-strict-aliasing", "-I", folder, "-I", include, "-I", runtime,
               folder / "guest.c", shim, runtime / "wasm-rt-impl.c", "-lm", "-o", partial])
    partial.rename(output)
    stamps.mark(output, key)
    return True
