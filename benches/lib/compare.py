"""Do two runs of `benches/run` agree? Their geometric means beside each other."""

import json
from pathlib import Path

from measuring import table

# How much two runs on the same machine may differ.
AGREEMENT = 0.02


def compare(first_file, second_file):
    """Markdown, and the difference of each ratio; ends the process when one is too large."""
    first, second = _means_of(first_file), _means_of(second_file)
    common = [name for name in first if name in second]
    if not common:
        raise SystemExit("error: the two runs have no ratio in common")
    differences = {name: second[name] / first[name] - 1 for name in common}
    rows = [["geometric mean", "first", "second", "difference"]]
    rows += [[name, f"{first[name]:.3f}", f"{second[name]:.3f}", f"{differences[name]:+.1%}"]
             for name in common]
    lonely = [name for name in [*first, *second] if name not in common]
    text = "\n\n".join([table(rows), *(f"SKIPPED {name}: in one run only" for name in lonely)])
    apart = [name for name in common if abs(differences[name]) > AGREEMENT]
    if apart:
        print(text, flush=True)
        raise SystemExit(f"error: further apart than {AGREEMENT:.0%}: {', '.join(apart)}")
    return text, differences


def _means_of(file):
    """The geometric means in a JSON file of `run` or `all`."""
    try:
        results = json.loads(Path(file).read_text())
    except (OSError, ValueError) as error:
        raise SystemExit(f"error: cannot read {file}: {error}") from error
    results = results if isinstance(results, list) else [results]
    found = [result["geometric_means"] for result in results if result.get("kind") == "run"]
    if not found:
        raise SystemExit(f"error: {file} has no run times")
    return found[-1]
