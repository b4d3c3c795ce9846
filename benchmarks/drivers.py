"""Relative importance of 8 drivers with 2,000 resamples beside a plain loop over statsmodels, in one run.

``python benchmarks/drivers.py [--quick]``; the loop fits all 255 models of a few resamples, and its time is
scaled to all of them. Both sides give the same numbers, which is checked. One BLAS thread.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from itertools import combinations
from math import comb

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import numpy as np
import pandas as pd
from statsmodels.regression.linear_model import OLS

from servicefx.models.drivers import dominance, importance_performance, penalty_reward, relative_importance
from servicefx.moments.resample_index import resample_counts

ROWS, DRIVERS, DRAWS, SEED = 6000, 8, 2000, 1
MOST_SECONDS, LEAST_RATIO = 5.0, 200.0


def survey(n: int, p: int) -> pd.DataFrame:
    """Answers with one common factor."""
    rng = np.random.default_rng(SEED)
    scores = rng.normal(size=(n, p)) + rng.normal(size=(n, 1))
    frame = pd.DataFrame(scores, columns=[f"x{at}" for at in range(p)])
    return frame.assign(y=scores @ np.linspace(0.1, 0.5, p) + 2 * rng.normal(size=n))


def plain_loop(values: np.ndarray) -> np.ndarray:
    """LMG of one sample, outcome last, from an OLS fit of every subset."""
    p = values.shape[1] - 1
    y, ones = values[:, -1], np.ones((len(values), 1))
    explained = {(): 0.0}
    for size in range(1, p + 1):
        for chosen in combinations(range(p), size):
            explained[chosen] = OLS(y, np.hstack([values[:, chosen], ones])).fit().rsquared
    answer = np.zeros(p)
    for chosen, r2 in explained.items():
        for driver in set(range(p)) - set(chosen):
            gain = explained[tuple(sorted((*chosen, driver)))] - r2
            answer[driver] += gain / comb(p - 1, len(chosen)) / p
    return answer


def main() -> int:
    """Print seconds and ratios; 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="one timing of each instead of the median of five"
    )
    times = 1 if parser.parse_args().quick else 5
    frame = survey(ROWS, DRIVERS)
    names = list(frame.columns[:-1])
    values = frame.to_numpy(copy=True)
    counts = resample_counts(ROWS, 2, SEED, "data").astype(int)
    start = time.perf_counter()
    looped = [plain_loop(np.repeat(values, count, axis=0)) for count in counts]
    loop = (time.perf_counter() - start) / len(counts) * DRAWS
    ours = relative_importance(frame, "y", names, draws=2, seed=SEED)
    bounds = np.quantile(looped, [0.025, 0.975], axis=0)
    apart = float(np.abs(ours[["conf_low", "conf_high"]].to_numpy().T - bounds).max())
    tasks = {
        "relative importance, 2,000 draws": lambda: relative_importance(
            frame, "y", names, draws=DRAWS, seed=SEED
        ),
        "the same by Johnson": lambda: relative_importance(
            frame, "y", names, "johnson", draws=DRAWS, seed=SEED
        ),
        "dominance, 2,000 draws": lambda: dominance(frame, "y", names, DRAWS, SEED),
        "priority map, 2,000 draws": lambda: importance_performance(
            frame, "y", names, draws=DRAWS, seed=SEED
        ),
        "penalty and reward": lambda: penalty_reward(frame, "y", names),
    }
    print(f"{'task':34} {'seconds':>8}")
    first = 0.0
    for name, task in tasks.items():
        taken = []
        for _ in range(times):
            start = time.perf_counter()
            task()
            taken.append(time.perf_counter() - start)
        first = first or statistics.median(taken)
        print(f"{name:34} {statistics.median(taken):8.2f}")
    print(f"{'plain loop, 2,000 x 255 fits':34} {loop:8.0f}   (two resamples, scaled)")
    print(f"largest difference {apart:.1e}; {loop / first:.0f} times as fast (at least {LEAST_RATIO:.0f})")
    print(f"target: relative importance in at most {MOST_SECONDS:.0f} s")
    return int(first > MOST_SECONDS or loop / first < LEAST_RATIO or apart > 1e-10)


if __name__ == "__main__":
    sys.exit(main())
