"""The truth of the simulated after-sales study, gathered: structure, observed scores, interventions."""

from __future__ import annotations

import io
import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pandas as pd

from servicefx.study.after_sales.observed import observed_rows
from servicefx.study.after_sales.plans import PLANS, SPENDING, planned_rows, spent_rows
from servicefx.study.after_sales.scores import score_frame
from servicefx.study.after_sales.structure import TruthRow, structural_rows
from servicefx.study.simulate import simulate

__all__ = ["BLOCKS", "TRUTH_SHA256", "after_sales_truth", "after_sales_truth_file", "block_rows"]

TRUTH_SHA256 = "e6e8fa8da13c2ef728c755c93479231aecddb02da9edb6f8d50e540abd1861ce"
"""Of the committed ``data/raw/after_sales_truth.csv``."""

BLOCKS, BLOCK_CUSTOMERS, BLOCK_FIRMS = 40, 50_000, 500
"""40 worlds of 50,000 customers and 500 firms: 2,000,000 customers and 20,000 firms in all."""

FIRST_BLOCK_SEED = 1_000_000


def block_rows(block: int) -> list[TruthRow]:
    """Observed scores and interventions in one world of 50,000 customers and 500 firms.

    Parameters
    ----------
    block : int
        From 0; no block shares its seed with the committed data.

    Returns
    -------
    list of dict
        Rows of the truth file, ``mc_error`` still 0; the same rows in the same order for every block.
    """
    seed = FIRST_BLOCK_SEED + block
    world = simulate(BLOCK_CUSTOMERS, seed, n_firms=BLOCK_FIRMS)
    scores = score_frame(world.customers)
    rows = observed_rows(world.customers, scores, world.firms)
    for plan in PLANS:
        changed = simulate(BLOCK_CUSTOMERS, seed, {plan.quantity: plan.change}, n_firms=BLOCK_FIRMS)
        rows += planned_rows(plan, scores, score_frame(changed.customers))
    spent = simulate(1, seed, {SPENDING.quantity: SPENDING.change}, n_firms=BLOCK_FIRMS)
    return [*rows, *spent_rows(world.firms, spent.firms)]


def after_sales_truth(blocks: Sequence[int] = range(BLOCKS), jobs: int = 1) -> pd.DataFrame:
    """The truth of the study, per estimand.

    Regressions are fitted in every block and averaged: each block is far larger than any study, so the mean
    is the population value, and its spread over blocks, firms and outlets drawn anew in each, gives the
    Monte Carlo error.

    Parameters
    ----------
    blocks : sequence of int
        Which worlds to use, at least two.
    jobs : int
        Processes that share the work; the result does not depend on it.

    Returns
    -------
    DataFrame
        ``hypothesis, kind, model, outcome, term, columns, estimate, mc_error, unit, estimand``. ``kind`` is
        ``structural`` (latent, exact), ``observed_score`` or ``intervention``; ``mc_error`` is the standard
        error of ``estimate`` that is due to the finite simulation.

    Raises
    ------
    ValueError
        If fewer than two blocks are given.
    """
    if len(blocks) < 2:
        raise ValueError(f"{len(blocks)} block has no spread; give at least 2")
    if jobs > 1:
        with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
            worlds = list(pool.map(block_rows, blocks))
    else:
        worlds = [block_rows(block) for block in blocks]
    values = np.array([[row["estimate"] for row in rows] for rows in worlds], dtype=np.float64)
    found = pd.DataFrame(worlds[0])
    found["estimate"] = values.mean(axis=0)
    found["mc_error"] = values.std(axis=0, ddof=1) / np.sqrt(len(blocks))
    return pd.concat([pd.DataFrame(structural_rows()), found], ignore_index=True)


def after_sales_truth_file(jobs: int = 1) -> bytes:
    """The truth as the CSV that is committed, six significant digits (minutes of work).

    Returns
    -------
    bytes
        UTF-8, every line ended by a line feed alone.
    """
    truth = after_sales_truth(jobs=jobs)
    for column in ("estimate", "mc_error"):
        truth[column] = [f"{value:.6g}" for value in truth[column]]
    text = io.StringIO()
    truth.to_csv(text, index=False, lineterminator="\n")
    return text.getvalue().encode()
