"""One table of every construct's reliability: each measure with its interval and how that was made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.errors import DataError, Problem, closest
from servicefx.measurement.reliability.block import Block, block_of
from servicefx.measurement.reliability.influence import bootstrap_interval
from servicefx.measurement.reliability.item_covariance import correlations_of
from servicefx.measurement.reliability.measures import MEASURES, drawn_measures
from servicefx.measurement.reliability.rho_a import mode_a_weights, rho_a_of
from servicefx.measurement.reliability.table_rows import (
    Kind,
    Row,
    empty_row,
    measure_row,
    ordinal_rows,
    with_draws,
)
from servicefx.moments.resample import resampled_covariances
from servicefx.moments.resample_index import resample_blocks

__all__ = ["reliability_table"]

Floats = NDArray[np.float64]
_FEW_ANSWERS = 7
"""With ``ordinal="auto"`` items of at most this many different answers are taken as ordered categories."""


def reliability_table(
    items: pd.DataFrame,
    constructs: Mapping[str, Sequence[str]],
    *,
    level: float = 0.95,
    draws: int = 0,
    seed: int = 0,
    analysis_id: str = "reliability",
    weights: pd.Series | None = None,
    clusters: pd.Series | None = None,
    ordinal: bool | Literal["auto"] = False,
    kind: Kind = "bca",
) -> pd.DataFrame:
    """Reliability of the sum score of every construct, by every measure.

    Parameters
    ----------
    items : DataFrame, shape (n, p)
        Answers, one row a person, reversed items turned. A construct uses the rows that answer all its
        items, ``rho_a`` those that answer all items.
    constructs : mapping of str to sequence of str
        Construct -> its columns.
    level : float
        Of the intervals, strictly between 0 and 1.
    draws : int
        Bootstrap resamples; 0 for intervals by formula.
    seed : int
        Of the resamples.
    analysis_id : str
        Name of the resamples' stream: the data file's, if draws are to line up with other analyses.
    weights : Series, length n, optional
        Survey weights, > 0. Not used by, and therefore not offered for, the ordinal measures.
    clusters : Series, length n, optional
        Dependence group of each row, for errors and resamples.
    ordinal : bool or "auto"
        Whether the ordinal measures are added; ``"auto"``: where no item of the construct has more than 7
        different answers.
    kind : {"bca", "percentile"}
        Of the bootstrap intervals.

    Returns
    -------
    DataFrame
        One row a construct and measure: ``construct, measure, estimate, std_error, conf_low, conf_high,
        n_items, n_obs, n_draws, interval, flag, undefined``; dimensionless, at most 1. Measures: ``alpha``,
        ``alpha_standardised``, ``omega``, ``composite_reliability``, ``rho_a``, ``split_half`` (odd against
        even items, stepped up), ``lambda6``; ordinal: ``ordinal_alpha``, ``ordinal_omega``,
        ``categorical_omega``. ``interval`` says how the interval was made, ``flag`` what the reader should
        know (an item that loads negatively, loadings held equal), ``undefined`` why a number is NaN: one
        item, an item that does not vary, a Heywood case, ….

    Raises
    ------
    DataError
        If a column is not in the data.

    Notes
    -----
    Without draws alpha has Feldt's interval, unless rows are weighted or clustered; all other intervals are
    delta-method ones from distribution-free influence values (Maydeu-Olivares, Coffman & Hartmann 2007,
    Psychol. Methods 12, 157-176; for omega the robust errors of maximum likelihood), symmetric in
    log(1 - reliability). With draws ``std_error`` is the standard deviation of the draws; draws in which a
    measure does not exist (a Heywood case) are not counted in ``n_draws``. ``rho_a`` takes PLS Mode A weights
    with every construct tied to every other, and has an interval only with draws, without acceleration
    (``BC``). The ordinal measures keep their delta interval.
    """
    if kind not in ("bca", "percentile"):
        raise ValueError(f"kind '{kind}' is not one of 'bca', 'percentile'")
    _check_columns(items, constructs)
    _check_rows(items, weights, clusters)
    blocks = {name: block_of(items[list(columns)], weights, clusters) for name, columns in constructs.items()}
    usable = [name for name, block in blocks.items() if not block.undefined]
    together = block_of(items[[item for name in usable for item in constructs[name]]], weights, clusters)
    tied = together if len(usable) > 1 and not together.undefined else None
    covariances, joint = _resampled(items, blocks, tied, draws, seed, analysis_id, clusters)
    drawn = {name: drawn_measures(covariances[name]) for name in covariances}
    rho = _rho_a(blocks, usable, tied, together.undefined, joint, level, kind)
    rows: list[Row] = []
    for name, block in blocks.items():
        own = drawn.get(name, {})
        rows += [measure_row(name, block, measure, own.get(measure), level, kind) for measure in MEASURES]
        rows.append(rho(name, block))
        if ordinal is True or (ordinal == "auto" and block.most_answers <= _FEW_ANSWERS):
            rows += ordinal_rows(name, block, level)
    order = ["alpha", "alpha_standardised", "omega", "composite_reliability", "rho_a"]
    place = {measure: at for at, measure in enumerate(order)}
    of_construct = {name: at for at, name in enumerate(constructs)}
    rows.sort(key=lambda row: (of_construct[row["construct"]], place.get(row["measure"], len(order))))
    return pd.DataFrame(rows, columns=list(Row.__annotations__))


def _check_columns(items: pd.DataFrame, constructs: Mapping[str, Sequence[str]]) -> None:
    known = [str(name) for name in items.columns]
    problems = [
        Problem(
            f"construct '{name}', item '{item}'", f"not in the data{closest(str(item), known)}", "Correct it."
        )
        for name, columns in constructs.items()
        for item in columns
        if item not in items.columns
    ]
    problems += [
        Problem(f"construct '{name}'", "has no items", "Name its items.")
        for name, columns in constructs.items()
        if not len(columns)
    ]
    if problems:
        raise DataError(*problems)


def _check_rows(items: pd.DataFrame, weights: pd.Series | None, clusters: pd.Series | None) -> None:
    for role, series in (("weights", weights), ("clusters", clusters)):
        if series is None:
            continue
        if len(series) != len(items):
            raise ValueError(f"{len(items)} rows need as many {role}, not {len(series)}")
        gaps = int(series.isna().sum())
        if gaps:
            found = f"{gaps} of {len(series)} rows have none"
            raise DataError(Problem(role, found, "Fill the column, or drop these rows."))


def _resampled(
    items: pd.DataFrame,
    blocks: Mapping[str, Block],
    tied: Block | None,
    draws: int,
    seed: int,
    analysis_id: str,
    clusters: pd.Series | None,
) -> tuple[dict[str, Floats], Floats | None]:
    """Covariances of every construct's items in every resample, and of all items."""
    if not draws:
        return {}, None
    usable = {name: block for name, block in blocks.items() if not block.undefined}
    parts: dict[str, list[Floats]] = {name: [] for name in usable}
    joint: list[Floats] = []
    for resamples in resample_blocks(len(items), draws, seed, analysis_id, clusters):
        counts = resamples.counts()
        for name, block in usable.items():
            chosen = counts[:, block.rows].astype(np.float32)
            parts[name].append(resampled_covariances(block.values, chosen, block.weights))
        if tied is not None:
            chosen = counts[:, tied.rows].astype(np.float32)
            joint.append(resampled_covariances(tied.values, chosen, tied.weights))
    whole = np.concatenate(joint) if joint else None
    return {name: np.concatenate(part) for name, part in parts.items()}, whole


def _rho_a(
    blocks: Mapping[str, Block],
    usable: list[str],
    tied: Block | None,
    untied: str,
    joint: Floats | None,
    level: float,
    kind: Kind,
) -> Callable[[str, Block], Row]:
    """Rows of rho_A, whose weights need all constructs at once."""
    sizes = np.cumsum([0, *(blocks[name].p for name in usable)])
    places = tuple(np.arange(low, high) for low, high in pairwise(sizes))

    def of(covariances: Floats) -> dict[str, Floats]:
        R = np.asarray(correlations_of(covariances), dtype=np.float64)
        weights = mode_a_weights(R, places)
        return {
            name: rho_a_of(R[:, at[:, None], at], weights[:, at])
            for name, at in zip(usable, places, strict=True)
        }

    found = {} if tied is None else of(tied.covariance[None])
    drawn = {} if joint is None else of(joint)

    def row(name: str, block: Block) -> Row:
        if block.undefined:
            return empty_row(name, block, "rho_a", block.undefined)
        if tied is None:
            reason = "its weights come from the correlations with another construct"
            reason = f"all constructs together: {untied}" if untied and len(usable) > 1 else reason
            return empty_row(name, block, "rho_a", reason)
        made = empty_row(name, block, "rho_a", "")
        made["n_obs"], made["estimate"] = tied.n_obs, float(found[name][0])
        made["flag"] = block.flag("rho_a")
        if not np.isfinite(made["estimate"]):
            made["undefined"] = "its weights did not settle, or leave nothing between its items"
        elif name not in drawn:
            made["undefined"] = "interval: needs resamples"
        else:
            plain: Literal["bc", "percentile"] = "bc" if kind == "bca" else "percentile"
            low, high = bootstrap_interval(drawn[name], made["estimate"], plain, level, np.zeros(1))
            how = "bootstrap BC" if kind == "bca" else "bootstrap percentile"
            return with_draws(made, drawn[name], low, high, how)
        return made

    return row
