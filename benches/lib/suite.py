"""The programs of `benches/run`: what each is given, and what it stands for."""

from dataclasses import dataclass, field

import c_programs
import paths
import rust_wasi

CORPUS = {"in": paths.DATA / "corpus.bin"}


@dataclass
class Benchmark:
    """One program with its arguments and the files it finds in its folder `/w`."""

    name: str
    group: str
    program: str
    args: list = field(default_factory=list)
    files: dict = field(default_factory=dict)

    def uses_folder(self):
        return any(arg.startswith("/w/") for arg in self.args)


def _of(group, program, args=(), files=None, name=None):
    return Benchmark(name or program, group, program, list(args), files or {})


def benchmarks():
    """All of them, in the order of the tables."""
    rows = [_of("kernel", program.name) for program in c_programs.kernels()]
    rows.append(_of("kernel", "simd"))
    scripts = {"bench.lua": paths.EXAMPLES / "lua" / "bench.lua"}
    javascript = {"bench.js": paths.PROGRAMS / "quickjs_bench.js"}
    rows += [
        _of("library", "sqlite", ["bench", "/w/bench.db", "60000"]),
        _of("library", "lua", ["/w/bench.lua", "3"], scripts),
        _of("library", "quickjs", ["/w/bench.js", "5"], javascript),
        _of("library", "zstd", ["round", "/w/in", "6", "2"], CORPUS),
        _of("library", "bzip2", ["round", "/w/in", "9", "1"], CORPUS),
        _of("library", "lz4", ["round", "/w/in", "0", "14"], CORPUS),
        _of("library", "lz4", ["round", "/w/in", "9", "1"], CORPUS, name="lz4-hc"),
        _of("library", "blake3", ["/w/in", "50"], CORPUS),
    ]
    rows += [_of("rust", name) for name in rust_wasi.bench_names()]
    rows.append(_of("assemblyscript", "collections"))
    return rows


# What `--quick` keeps: one of each kind.
QUICK = ("crc", "fannkuch", "calls", "simd", "sqlite", "lua", "rust_json", "collections")
