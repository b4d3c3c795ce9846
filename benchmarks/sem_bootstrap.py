"""Time 5,000 bootstrap refits of 33 items and 8 constructs, against the moments they cannot do without."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
import pandas as pd

from servicefx.moments.product_moments import ProductMoments
from servicefx.moments.resample_index import resample_blocks
from servicefx.sem.bootstrap import bootstrap
from servicefx.sem.estimation import fit
from servicefx.sem.threads import one_thread

SIZES = {"IMAG": 5, "EXPE": 4, "QUAL": 4, "VALU": 4, "SATI": 4, "COMP": 4, "LOYA": 4, "WOMM": 4}
PATHS = {
    "EXPE": ["IMAG"],
    "QUAL": ["EXPE", "IMAG"],
    "VALU": ["EXPE", "QUAL", "IMAG"],
    "SATI": ["IMAG", "EXPE", "QUAL", "VALU"],
    "COMP": ["SATI", "QUAL"],
    "LOYA": ["IMAG", "SATI", "COMP"],
    "WOMM": ["SATI", "LOYA", "IMAG"],
}
MODEL = "\n".join(
    [f"{name} =~ " + " + ".join(f"{name}{k}" for k in range(1, n + 1)) for name, n in SIZES.items()]
    + [f"{target} ~ " + " + ".join(sources) for target, sources in PATHS.items()]
)


def answers(n: int) -> pd.DataFrame:
    """Answers of 1 to 10 points."""
    rng = np.random.default_rng(3)
    construct: dict[str, np.ndarray] = {}
    columns = {}
    for name, items in SIZES.items():
        causes = PATHS.get(name, [])
        construct[name] = rng.normal(size=n) * (0.7 if causes else 1.0)
        for cause in causes:
            construct[name] = construct[name] + 0.35 * construct[cause]
        for k in range(items):
            score = construct[name] * (1 - 0.05 * k) + 0.8 * rng.normal(size=n)
            columns[f"{name}{k + 1}"] = np.clip(np.round(5.5 + 1.8 * score), 1, 10)
    return pd.DataFrame(columns)


def seconds(work: Callable[[], object], repeats: int) -> float:
    """Best of several."""
    best = np.inf
    for _ in range(repeats):
        begun = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - begun)
    return best


def floor(frame: pd.DataFrame, draws: int) -> None:
    """Counts and moments of the resamples, nothing fitted."""
    rows = ProductMoments(frame)
    for block in resample_blocks(len(frame), draws, 1, "data"):
        rows.moments(block.counts())


def main() -> None:
    """Print one line a number of rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=5000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=1)
    chosen = parser.parse_args()
    for n in (1000, 10_000):
        frame = answers(n)
        fitted = fit(MODEL, frame)
        bootstrap(fitted, frame, 200, seed=1)
        with one_thread():
            least = seconds(lambda: floor(frame, chosen.draws), chosen.repeats)  # noqa: B023
        whole = seconds(
            lambda: bootstrap(fitted, frame, chosen.draws, seed=1, jobs=chosen.jobs),  # noqa: B023
            chosen.repeats,
        )
        print(f"n {n}: {chosen.draws} draws {whole:.2f} s, moments alone {least:.2f} s")


if __name__ == "__main__":
    main()
