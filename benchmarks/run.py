"""What a run of each study costs beyond the bare imports of the libraries it uses: time and memory.

`make bench` runs it; benchmarks/README.md says how it measures.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
TARGET_SECONDS = {"ecsi_mobile": 4.0, "after_sales": 15.0}
TARGET_MEBIBYTES = 600.0
TARGET_FRONT_DOOR = 0.3

RUN = "import sys; from servicefx.cli import main; sys.argv[0] = 'servicefx'; main()"
RECORD = """
import builtins, sys
plain, own = builtins.__import__, {}

def recording(name, globals=None, locals=None, fromlist=(), level=0):
    module = plain(name, globals, locals, fromlist, level)
    importer = (globals or {}).get("__name__", "")
    top = name.partition(".")[0]
    if importer.partition(".")[0] == "servicefx" and level == 0 and top != "servicefx":
        if top not in sys.stdlib_module_names:
            for full in (name, *(f"{name}.{part}" for part in fromlist or ())):
                if full in sys.modules and "._" not in full:  # numpy imports its own parts in our name
                    own.setdefault(full)
    return module

builtins.__import__ = recording
try:
    from servicefx.cli import main
    sys.argv[0] = "servicefx"
    main()
except SystemExit as stop:
    if stop.code:
        raise
with open(RECORD_TO, "w") as file:
    file.write("\\n".join(own))
"""


@dataclass
class Measured:
    """Seconds and peak memory of repeated processes."""

    seconds: list[float] = field(default_factory=list)
    mebibytes: list[float] = field(default_factory=list)

    def add(self, code: str, *arguments: str) -> None:
        """Run a process once more.

        Raises
        ------
        SystemExit
            If it fails.
        """
        start = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-c", code, *arguments], cwd=ROOT, stdout=subprocess.DEVNULL
        )
        _, status, used = os.wait4(process.pid, 0)
        self.seconds.append(time.perf_counter() - start)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            sys.exit(f"the measured process ended with {process.returncode}: {' '.join(arguments) or code}")
        per_mebibyte = (
            2**20 if sys.platform == "darwin" else 2**10
        )  # ru_maxrss is in bytes there, here in KiB
        self.mebibytes.append(used.ru_maxrss / per_mebibyte)


def libraries_of(study: str, folder: Path) -> list[str]:
    """Modules of other projects that servicefx itself imports on a run of the study, in order."""
    listed = folder / f"{study}.txt"
    code = RECORD.replace("RECORD_TO", repr(str(listed)))
    Measured().add(code, "run", f"analyses/{study}", "--out", str(folder / study))
    return listed.read_text().split()


def verdict(value: float, target: float, unit: str) -> str:
    """Value against target, in words."""
    return f"{'met' if value <= target else 'MISSED'} (at most {target:g} {unit})"


def main() -> int:
    """Measure, print the table; 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=5, help="repetitions, interleaved (default 5)")
    times = parser.parse_args().times
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        libraries = {study: libraries_of(study, folder) for study in TARGET_SECONDS}
        runs = {study: Measured() for study in TARGET_SECONDS}
        imports = {study: Measured() for study in TARGET_SECONDS}
        nothing, front_door = Measured(), Measured()
        for _ in range(times):
            nothing.add("pass")
            front_door.add("import servicefx")
            for study in TARGET_SECONDS:
                imports[study].add("\n".join(f"import {library}" for library in libraries[study]))
                runs[study].add(RUN, "run", f"analyses/{study}", "--out", str(folder / study))
    return report(times, libraries, runs, imports, median(front_door.seconds) - median(nothing.seconds))


def report(
    times: int,
    libraries: dict[str, list[str]],
    runs: dict[str, Measured],
    imports: dict[str, Measured],
    front_door: float,
) -> int:
    """Print what was measured; 1 where a target is missed."""
    threads = os.environ.get("OPENBLAS_NUM_THREADS", "not set")
    print(
        f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores, "
        f"OPENBLAS_NUM_THREADS {threads}; medians of {times} runs, interleaved\n"
    )
    head = ("study", "run, s", "imports, s", "difference, s", "target", "peak memory, MiB", "target")
    rows = []
    is_met = front_door <= TARGET_FRONT_DOOR
    for study, target in TARGET_SECONDS.items():
        run, bare = median(runs[study].seconds), median(imports[study].seconds)
        peak = max(runs[study].mebibytes)
        is_met = is_met and run - bare <= target and peak <= TARGET_MEBIBYTES
        rows.append(
            (
                study,
                f"{run:.2f}",
                f"{bare:.2f}",
                f"{run - bare:.2f}",
                verdict(run - bare, target, "s"),
                f"{peak:.0f}",
                verdict(peak, TARGET_MEBIBYTES, "MiB"),
            )
        )
    print("| " + " | ".join(head) + " |")
    print("|---|" + "---:|" * 3 + "---|---:|---|")
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print(f"\nimport servicefx: {front_door:.3f} s, {verdict(front_door, TARGET_FRONT_DOOR, 's')}")
    for study, names in libraries.items():
        print(f"\nlibraries of {study}: {', '.join(names)}")
    return int(not is_met)


if __name__ == "__main__":
    sys.exit(main())
