"""The tolerated wait with all its resamples beside a plain loop over statsmodels, in one run.

``python benchmarks/waiting.py [--quick]``; the loop fits each threshold of a grid by OLS for a few resamples,
and its time is scaled to all. Both find the same threshold to the grid's step, which is checked.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import numpy as np
import pandas as pd
from statsmodels.regression.linear_model import OLS

from servicefx.models.waiting import fit_threshold
from servicefx.moments.resample_index import resample_counts

ROWS, HELD, DRAWS, SEED, GRID = 6000, 5, 1000, 1, 100
MOST_SECONDS, LEAST_RATIO = 10.0, 5.0


def survey(n: int) -> pd.DataFrame:
    """Satisfaction that falls beyond 24 hours, with other drivers."""
    rng = np.random.default_rng(SEED)
    held = rng.normal(size=(n, HELD))
    hours = rng.gamma(2.0, 12.0, n)
    satisfaction = 5 + held.sum(axis=1) * 0.2 - 0.03 * np.maximum(hours - 24, 0) + rng.normal(0, 0.7, n)
    frame = pd.DataFrame(held, columns=[f"x{at}" for at in range(HELD)])
    return frame.assign(hours=hours, satisfaction=satisfaction)


def plain_loop(frame: pd.DataFrame, grid: np.ndarray) -> float:
    """The threshold of a grid that leaves the least sum of squares."""
    hours, y = frame["hours"].to_numpy(copy=True), frame["satisfaction"].to_numpy(copy=True)
    held = frame[[f"x{at}" for at in range(HELD)]].to_numpy(copy=True)
    ones = np.ones((len(frame), 1))
    squares = [
        OLS(y, np.column_stack([np.minimum(hours, at), np.maximum(hours - at, 0), held, ones])).fit().ssr
        for at in grid
    ]
    return float(grid[int(np.argmin(squares))])


def main() -> int:
    """Print seconds and the ratio; 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one timing instead of the median of five")
    times = 1 if parser.parse_args().quick else 5
    frame = survey(ROWS)
    held = [f"x{at}" for at in range(HELD)]
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        fit = fit_threshold(frame, "satisfaction", "hours", held, draws=DRAWS, seed=SEED)
        taken.append(time.perf_counter() - start)
    grid = np.linspace(*fit.search, GRID)
    counts = resample_counts(ROWS, 2, SEED, "data").astype(int)
    start = time.perf_counter()
    for count in counts:
        plain_loop(frame.loc[np.repeat(np.arange(ROWS), count)], grid)
    loop = (time.perf_counter() - start) / len(counts) * DRAWS
    apart = abs(plain_loop(frame, grid) - fit.threshold.estimate)
    first = statistics.median(taken)
    print(f"{'threshold: test, interval, 1,000 draws, forms':48} {first:8.2f} s")
    print(
        f"{'plain loop, 1,000 x 100 fits (its resamples alone)':48} {loop:8.0f} s   (two resamples, scaled)"
    )
    print(
        f"{loop / first:.0f} times as fast (at least {LEAST_RATIO:.0f}); thresholds {apart:.2f} hours apart"
    )
    print(f"target: at most {MOST_SECONDS:.0f} s")
    return int(first > MOST_SECONDS or loop / first < LEAST_RATIO or apart > grid[1] - grid[0])


if __name__ == "__main__":
    sys.exit(main())
