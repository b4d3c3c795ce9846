"""Structural equation models beside semopy and, where R is installed, lavaan: ratios from one run.

Every fit has its ``.parameters`` (standardised solution and its errors) and ``.measures`` read inside the
timing. One BLAS thread everywhere. ``python benchmarks/sem.py [--quick]``; the last column is the least
acceptable ratio. Last come the moments of a file of a million rows, with their peak memory (`moments.py`).
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import numpy as np
import pandas as pd

from servicefx import sem
from servicefx.moments.product_moments import ProductMoments
from servicefx.moments.resample_index import resample_blocks

CONSTRUCTS = {
    "IMAGE": 5,
    "EXPECT": 4,
    "QUALITY": 4,
    "VALUE": 4,
    "SATIS": 4,
    "COMPLAIN": 4,
    "LOYAL": 4,
    "SPEAK": 4,
}
PATHS = {
    "EXPECT": ["IMAGE"],
    "QUALITY": ["EXPECT", "IMAGE"],
    "VALUE": ["EXPECT", "QUALITY", "IMAGE"],
    "SATIS": ["IMAGE", "EXPECT", "QUALITY", "VALUE"],
    "COMPLAIN": ["SATIS", "QUALITY"],
    "LOYAL": ["IMAGE", "SATIS", "COMPLAIN"],
    "SPEAK": ["SATIS", "LOYAL", "IMAGE"],
}
DRAWS = 5000


def model_text(constructs: dict[str, int], paths: dict[str, list[str]]) -> str:
    lines = [f"{c} =~ " + " + ".join(f"{c}{j + 1}" for j in range(k)) for c, k in constructs.items()]
    return "\n".join(lines + [f"{outcome} ~ " + " + ".join(terms) for outcome, terms in paths.items()])


def answers(
    n: int, constructs: dict[str, int] = CONSTRUCTS, paths: dict[str, list[str]] = PATHS, *, points: int = 10
) -> pd.DataFrame:
    """Answers on a scale of so many points, drawn from a chain of constructs."""
    rng = np.random.default_rng(20261123)
    scores: dict[str, np.ndarray] = {}
    columns: dict[str, np.ndarray] = {}
    for construct, items in constructs.items():
        terms = paths.get(construct, [])
        own = rng.standard_normal(n) * (0.7 if terms else 1.0)
        scores[construct] = own + sum(0.35 * scores[term] for term in terms)
        for item in range(items):
            answer = scores[construct] * (1 - 0.05 * item) + 0.8 * rng.standard_normal(n)
            middle, width = (points + 1) / 2, points / 5.5
            columns[f"{construct}{item + 1}"] = np.clip(np.round(middle + width * answer), 1, points)
    return pd.DataFrame(columns)


def median_seconds(work: Callable[[], object], repeats: int) -> float:
    begun = time.perf_counter()
    work()
    while time.perf_counter() - begun < 0.5:  # until caches, allocator and clock are at work
        work()
    seconds = []
    for _ in range(repeats):
        begun = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begun)
    return statistics.median(seconds)


def read_all(fitted: sem.SemFit) -> None:
    _ = fitted.parameters, fitted.measures


def by_semopy(text: str, data: pd.DataFrame, repeats: int) -> float:
    import semopy

    def work() -> None:
        model = semopy.Model(text)
        model.fit(data)
        model.inspect(std_est=True)
        semopy.calc_stats(model)

    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        return median_seconds(work, repeats)


def by_lavaan(task: str, text: str, data: pd.DataFrame, repeats: int) -> float | None:
    """Seconds; None where R or lavaan is not installed."""
    rscript = shutil.which("Rscript")
    if rscript is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        data.to_csv(Path(folder) / "data.csv", index=False)
        (Path(folder) / "model.lav").write_text(text, encoding="utf-8")
        script = Path(__file__).with_name("sem.R")
        done = subprocess.run(
            [rscript, str(script), task, f"{folder}/data.csv", f"{folder}/model.lav", str(repeats)],
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        print(f"lavaan did not run: {done.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
        return None
    return float(done.stdout.split()[-1])


def gaps(data: pd.DataFrame, share: float) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    return data.mask(rng.random(data.shape) < share)


def gemm_floor(data: pd.DataFrame, draws: int) -> float:
    """The bootstrap's matrix product alone, single precision."""
    values = data.to_numpy()
    p = values.shape[1]
    i, j = np.tril_indices(p)
    centred = (values - np.round(np.median(values, axis=0))).astype(np.float32)
    products = np.hstack([centred, centred[:, i] * centred[:, j]])
    counts = np.random.default_rng(1).poisson(1.0, (200, len(values))).astype(np.float32)
    return median_seconds(lambda: counts @ products, 3) * draws / 200


def row(task: str, ours: float, semopy: float | None, lavaan: float | None, least: str) -> None:
    def ratio(peer: float | None) -> str:
        return "–" if peer is None else f"{peer / ours:,.1f}×"

    def shown(seconds: float | None) -> str:
        return "–" if seconds is None else f"{seconds * 1000:,.1f}"

    cells = (task, shown(ours), shown(semopy), shown(lavaan), ratio(semopy), ratio(lavaan), least)
    print(f"| {' | '.join(cells)} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer repeats; leaves out the slowest peers")
    quick = parser.parse_args().quick
    text = model_text(CONSTRUCTS, PATHS)
    small, large = answers(1000), answers(100_000)
    heads = ("33 items", "servicefx ms", "semopy ms", "lavaan ms", "to semopy", "to lavaan", "least")
    print(f"| {' | '.join(heads)} |")
    print("|---|---|---|---|---|---|---|")
    ours = median_seconds(lambda: read_all(sem.fit(text, small)), 31)
    row("ML, n = 1,000", ours, by_semopy(text, small, 7), by_lavaan("ml", text, small, 11), "6× / 12×")
    ours = median_seconds(lambda: read_all(sem.fit(text, small, estimator="mlr")), 31)
    row("MLR, n = 1,000", ours, None, by_lavaan("mlr", text, small, 7), "– / 40×")
    ours = median_seconds(lambda: read_all(sem.fit(text, large, estimator="mlr")), 7)
    row("MLR, n = 100,000", ours, None, None if quick else by_lavaan("mlr", text, large, 1), "– / 70×")
    holes = gaps(small, 0.05)
    ours = median_seconds(lambda: read_all(sem.fit(text, holes, missing="fiml")), 11)
    row("FIML, 5 % missing", ours, None, None if quick else by_lavaan("fiml", text, holes, 1), "– / 300×")
    ordinal = answers(1000, points=5)
    names = list(ordinal.columns)
    ours = median_seconds(lambda: read_all(sem.fit(text, ordinal, estimator="wlsmv", ordered=names)), 11)
    row("WLSMV, 5 categories", ours, None, by_lavaan("wlsmv", text, ordinal, 3), "– / 40×")
    bootstrap_rows(text, small, quick=quick)
    many = {f"F{k:02d}": 7 if k < 10 else 6 for k in range(15)}
    chain = {f"F{k:02d}": [f"F{k - 1:02d}"] for k in range(1, 15)}
    wide, wide_text = answers(1000, many, chain), model_text(many, chain)
    ours = median_seconds(lambda: read_all(sem.fit(wide_text, wide)), 5)
    peer = None if quick else by_lavaan("ml", wide_text, wide, 1)
    row("ML, 100 items, 15 constructs", ours, None if quick else by_semopy(wide_text, wide, 1), peer, "works")
    print(flush=True)
    subprocess.run([sys.executable, str(Path(__file__).with_name("moments.py"))], check=True)


def bootstrap_rows(text: str, small: pd.DataFrame, *, quick: bool) -> None:
    """5,000 resamples; lavaan's time is scaled from 50 of them."""
    fitted = sem.fit(text, small)
    ours = median_seconds(lambda: sem.bootstrap(fitted, small, draws=DRAWS, seed=1), 3)
    peer = by_lavaan("bootstrap", text, small, 50)
    row(
        "5,000 bootstrap refits, n = 1,000",
        ours,
        None,
        None if peer is None else peer * DRAWS / 50,
        "– / 150×",
    )
    middle = answers(10_000)
    fitted = sem.fit(text, middle)
    ours = median_seconds(lambda: sem.bootstrap(fitted, middle, draws=DRAWS, seed=1), 1)
    peer = None if quick else by_lavaan("bootstrap", text, middle, 20)
    row(
        "5,000 bootstrap refits, n = 10,000",
        ours,
        None,
        None if peer is None else peer * DRAWS / 20,
        "– / 150×",
    )
    floor = gemm_floor(middle, DRAWS)
    begun = time.perf_counter()
    moments = ProductMoments(middle.to_numpy())
    for block in resample_blocks(len(middle), DRAWS, 1, "benchmark"):
        moments.moments(block.counts())
    resampled = time.perf_counter() - begun
    print(
        f"| … over its matrix product alone ({floor:.2f} s; with counts {resampled:.2f} s) "
        f"| {ours / floor:.1f}× | | | | | at most 3× |"
    )


if __name__ == "__main__":
    main()
