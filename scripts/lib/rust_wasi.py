"""Rust's std for wasm32-wasip1, without a downloaded target: Debian's rustc-web, its source and
wasi-libc are unpacked into the material folder, std is built from that source, and the rust-lld of
the installed toolchain links."""

import shutil
from pathlib import Path

import paths
import stamps
import tools
import wasm_sections

PACKAGES = ["rustc-web", "libstd-rust-web-1.96", "libstd-rust-web-dev", "libllvm22",
            "rust-web-src", "wasi-libc"]
RUSTC_VERSION = "1.96.0"


def _rust_lld():
    sysroot = Path(tools.run([tools.program("rustc"), "--print", "sysroot"], capture=True).strip())
    for lld in sorted(sysroot.glob("lib/rustlib/*/bin/rust-lld")):
        return lld
    raise tools.Missing("no rust-lld in the Rust toolchain")


def _source_in_sysroot(root):
    """Puts the library source where cargo's build-std looks for it, below the sysroot."""
    place = root / "usr/lib/rustlib/src/rust"
    if not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(root / f"usr/src/rustc-{RUSTC_VERSION}")
    if not (place / "library/Cargo.lock").exists():
        raise tools.Missing(f"rust-web-src does not hold rustc-{RUSTC_VERSION}'s library")


def build():
    output = paths.WASM / "rust-wasi.wasm"
    return _build(paths.EXAMPLES / "rust-wasi", paths.BUILD / "rust-wasi", [output])


# The programs that are only measured: a project whose programs are named as their modules are.
BENCHES = paths.ROOT / "benches" / "rust"


def bench_names():
    return sorted(file.stem for file in (BENCHES / "src" / "bin").glob("*.rs"))


def build_benches():
    outputs = [paths.WASM / f"{name}.wasm" for name in bench_names()]
    return _build(BENCHES, paths.BUILD / "rust-benches", outputs)


def build_native_benches():
    """The same programs for this machine, by the installed toolchain."""
    outputs = [paths.NATIVE / name for name in bench_names()]
    key = stamps.key_of(BENCHES / "src", BENCHES / "Cargo.toml", BENCHES / "Cargo.lock", Path(__file__))
    if all(stamps.is_current(output, key) for output in outputs):
        return False
    build = paths.BUILD / "rust-benches-native"
    env = {"CARGO_TARGET_DIR": str(build), "RUSTFLAGS": "-Ctarget-cpu=native"}
    tools.run([tools.program("cargo"), "build", "--release", "--locked"], cwd=BENCHES, env=env)
    for output in outputs:
        output.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(build / "release" / output.name, output)
        stamps.mark(output, key)
    return True


def _build(project, build, outputs):
    """Compiles a cargo project; each output is the module of its program of the same name."""
    key = stamps.key_of(project / "src", project / "Cargo.toml", *PACKAGES, RUSTC_VERSION,
                        Path(__file__))
    if all(stamps.is_current(output, key) for output in outputs):
        return False
    cargo, lld = tools.program("cargo"), _rust_lld()
    root = tools.debian_packages("rust-web", PACKAGES)
    _source_in_sysroot(root)
    libc = root / "usr/lib/wasm32-wasi"
    library_path = ":".join(str(p) for p in (root / "usr/lib/x86_64-linux-gnu", root / "usr/lib"))
    flags = ["-Clinker=" + str(lld), "-Clinker-flavor=wasm-ld", "-Clink-self-contained=no",
             f"-Clink-arg=-L{libc}", "-Clink-arg=-lc", f"-Clink-arg={libc}/crt1-command.o"]
    # A wrapper, so that only this compiler, and not cargo, gets the unpacked libraries.
    wrapper = paths.BUILD / "rustc-web"
    wrapper.parent.mkdir(parents=True, exist_ok=True)
    wrapper.write_text(f'#!/bin/sh\nLD_LIBRARY_PATH="{library_path}" exec "{root}/usr/bin/rustc" "$@"\n')
    wrapper.chmod(0o755)
    env = {
        "RUSTC": str(wrapper), "RUSTC_BOOTSTRAP": "1", "CARGO_TARGET_DIR": str(build),
        "CARGO_ENCODED_RUSTFLAGS": "\x1f".join(flags), "RUSTC_WRAPPER": "",
    }
    tools.run([cargo, "build", "--release", "--target", "wasm32-wasip1",
               "-Zbuild-std=std,panic_abort", "-Zbuild-std-features="], cwd=project, env=env)
    for output in outputs:
        output.parent.mkdir(parents=True, exist_ok=True)
        module = (build / "wasm32-wasip1/release" / output.name).read_bytes()
        output.write_bytes(wasm_sections.strip_debug(module))
        stamps.mark(output, key)
    return True
