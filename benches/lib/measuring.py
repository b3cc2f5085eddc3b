"""Running and timing commands in turns, and what is made of the samples."""

import math
import os
import platform
import shutil
import statistics
import sys
import time
from pathlib import Path

import paths
import tools

OUTPUT = paths.BUILD / "bench" / "stdout"
PEAK = paths.BUILD / "bench" / "peak"


def execute(line, extra_env):
    """Runs a command to its end: (stdout, wall seconds, CPU seconds, ru_maxrss in KiB)."""
    env = {"PATH": os.environ.get("PATH", ""), "HOME": os.environ.get("HOME", ""), **extra_env}
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(OUTPUT), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644),
    ]
    start = time.perf_counter()
    child = os.posix_spawn(line[0], line, env, file_actions=actions)
    _, status, usage = os.wait4(child, 0)
    wall = time.perf_counter() - start
    if status != 0:
        raise SystemExit(f"error: wait status {status:#x} of: {' '.join(map(str, line))}")
    return OUTPUT.read_bytes(), wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss


def execute_for_peak(launcher, line, extra_env):
    """The same under a launcher that reads the exact peak memory: (stdout, peak in KiB)."""
    PEAK.unlink(missing_ok=True)
    output = execute([str(launcher), "peak", str(PEAK), *line], extra_env)[0]
    return output, int(PEAK.read_text())


def launcher():
    """The launcher, compiled statically."""
    command, env = tools.zig_cc()
    output = paths.BUILD / "bench" / "launch"
    output.parent.mkdir(parents=True, exist_ok=True)
    tools.run([*command, "-O2", "-target", "x86_64-linux-musl", "-static",
               paths.ROOT / "benches" / "launch.c", "-o", output], env=env)
    return output


class Placing:
    """Copies of the files that commands consist of, made anew for each round.

    In which pages of memory the system happens to hold an executable decides up to 10 % of its run
    time, for as long as it is held: rounds of one file agree with each other, and not with those of
    a copy.
    """

    def __init__(self, folder):
        self.folder = folder
        self.copies = {}

    def begin(self):
        """Forgets the copies: a round begins."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.copies = {}

    def place(self, command):
        """The command with copies in the place of its program and of compiled modules."""
        return [str(self._copy(Path(word))) if self._is_code(at, word) else word
                for at, word in enumerate(map(str, command))]

    @staticmethod
    def _is_code(at, word):
        path = Path(word)
        return path.is_absolute() and path.is_file() and (at == 0 or path.suffix == ".cwasm")

    def _copy(self, path):
        if path not in self.copies:
            copy = self.folder / f"{len(self.copies)}-{path.name}"
            shutil.copy(path, copy)
            self.copies[path] = copy
        return self.copies[path]


def geometric_mean(values):
    return math.exp(sum(map(math.log, values)) / len(values)) if values else float("nan")


def median_interval(samples):
    """The median and an interval between order statistics that contains the true one in 95 of 100
    cases, or the whole range when there are fewer than six samples."""
    ordered = sorted(samples)
    count, at, tail = len(ordered), 0, 0.0
    for candidate in range(count // 2):
        tail += math.comb(count, candidate) / 2 ** count
        if 2 * tail > 0.05:
            break
        at = candidate
    return statistics.median(ordered), ordered[at], ordered[count - 1 - at]


def machine():
    model = next((line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.machine())
    return f"{model}, {os.cpu_count()} CPUs, Linux {platform.release()}"


class Load:
    """Notices what other programs did meanwhile."""

    def __init__(self):
        self.start, self.busy, self.own = time.perf_counter(), self._busy(), self._own()

    @staticmethod
    def _busy():
        fields = [int(word) for word in Path("/proc/stat").read_text().split("\n")[0].split()[1:]]
        user, nice, system, _, _, irq, softirq, *_ = fields
        return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")

    @staticmethod
    def _own():
        return sum(os.times()[:4])

    def others(self):
        """How many processors others used, on average."""
        elapsed = time.perf_counter() - self.start
        return max(0.0, (self._busy() - self.busy - (self._own() - self.own)) / elapsed)


def say(text):
    print(text, file=sys.stderr, flush=True)


def table(rows):
    """Markdown: the first row is the heading; columns after the first are numbers."""
    widths = [max(len(str(row[i])) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for number, row in enumerate(rows):
        cells = [str(cell).ljust(widths[i]) if i == 0 else str(cell).rjust(widths[i])
                 for i, cell in enumerate(row)]
        lines.append("| " + " | ".join(cells) + " |")
        if number == 0:
            lines.append("|" + "|".join("-" * (w + 2) if i == 0 else "-" * (w + 1) + ":"
                                        for i, w in enumerate(widths)) + "|")
    return "\n".join(lines)
