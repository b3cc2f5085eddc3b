"""A rustc with `core` for aarch64, where rustup cannot download the target: Debian's rustc-web and its
arm64 std are unpacked into the material folder, nothing is installed. `compiler/build.rs` looks for
the compiler there when the toolchain at hand has no `core` for aarch64."""

import os
import shutil
from pathlib import Path

import paths
import stamps
import tools

STD_VERSION = "1.96"
PACKAGES = ["rustc-web", f"libstd-rust-web-{STD_VERSION}", "libstd-rust-web-dev", "libllvm22",
            "libstd-rust-web-dev:arm64"]
FOLDER = paths.TOOLS / "rust-aarch64"
# Where build.rs looks.
RUSTC = FOLDER / "rustc"
BUILD_SCRIPT = paths.ROOT / "compiler" / "build.rs"

# The compiler's libraries are found from where the wrapper lies.
WRAPPER = """#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
LD_LIBRARY_PATH="$here/usr/lib/x86_64-linux-gnu:$here/usr/lib" exec "$here/usr/bin/rustc" "$@"
"""


def _private_apt(folder):
    """Options with which apt knows arm64 packages too, without a change of the system."""
    (folder / "lists/partial").mkdir(parents=True, exist_ok=True)
    (folder / "cache/archives/partial").mkdir(parents=True, exist_ok=True)
    options = [f"Dir::State::lists={folder}/lists", f"Dir::Cache={folder}/cache",
               "APT::Architectures::=amd64", "APT::Architectures::=arm64"]
    return [word for option in options for word in ("-o", option)]


def build():
    key = stamps.key_of(*PACKAGES, WRAPPER)
    if stamps.is_current(RUSTC, key):
        return False
    if os.uname().machine != "x86_64":
        raise tools.Missing("Debian's packages are for x86-64 here; use `rustup target add`")
    apt, dpkg = tools.program("apt-get"), tools.program("dpkg-deb")
    scratch = paths.BUILD / "rust-aarch64"
    shutil.rmtree(scratch, ignore_errors=True)
    packages = scratch / "packages"
    packages.mkdir(parents=True)
    options = _private_apt(scratch / "apt")
    try:
        tools.run([apt, "update", *options])
        tools.run([apt, "download", *options, *PACKAGES], cwd=packages)
    except tools.subprocess.CalledProcessError as error:
        raise tools.Missing(f"apt-get cannot download rustc-web: {tools.last_line(error)}") from error
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    for package in sorted(packages.glob("*.deb")):
        tools.run([dpkg, "-x", package, FOLDER])
    shutil.rmtree(scratch)
    RUSTC.write_text(WRAPPER)
    RUSTC.chmod(0o755)
    sysroot = Path(tools.run([RUSTC, "--print", "sysroot"], capture=True).strip())
    if not list(sysroot.glob("lib/rustlib/aarch64-unknown-linux-gnu/lib/libcore-*.rlib")):
        raise tools.Missing("Debian's packages hold no `core` for aarch64 any more")
    # A build that ran before did not know of this compiler; the next one must ask again.
    BUILD_SCRIPT.touch()
    stamps.mark(RUSTC, key)
    return True
