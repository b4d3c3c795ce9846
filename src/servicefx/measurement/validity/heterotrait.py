"""Heterotrait-monotrait ratios: whether the items of two constructs go together as if they were one."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from servicefx.errors import DataError, Problem, ServicefxWarning
from servicefx.measurement.rules import Judged, judge
from servicefx.measurement.validity.item_blocks import ItemBlocks, item_blocks, negative_in
from servicefx.moments.moments import Moments
from servicefx.moments.resample import resampled_covariances
from servicefx.moments.resample_index import resample_blocks
from servicefx.pls.heterotrait import heterotrait_monotrait_ratios

__all__ = [
    "heterotrait_monotrait",
    "heterotrait_monotrait_geometric",
    "heterotrait_monotrait_intervals",
    "judged_ratios",
]

Floats = NDArray[np.float64]
MEASURES = {"htmt": False, "htmt2": True}
"""Measure -> whether its means are geometric."""
_COUNT_BYTES = 64_000_000
"""Counts held at once: the more, the fewer times the products of the rows are made."""
_DEFINED = 0.95
"""Share of resamples in which a ratio must exist to have an interval: fewer, and those left are a choice."""


def heterotrait_monotrait(
    items: pd.DataFrame | Moments, constructs: Mapping[str, Sequence[str]]
) -> pd.DataFrame:
    r"""Ratio of between- to within-construct correlation (HTMT), for each pair of constructs.

    Near 1 the two constructs cannot be told apart by these items.

    Parameters
    ----------
    items : DataFrame, shape (n, >= p), or Moments
        Answers on the study's scale, reversed items already turned. Rows with a gap are not used.
    constructs : mapping of str to sequence of str
        Construct id -> its columns. At least two items each.

    Returns
    -------
    DataFrame
        One row a pair: ``left, right, ratio``; dimensionless, in [0, inf).

    Raises
    ------
    DataError
        If a construct has fewer than two items, an item is not in the data, stands in two constructs, is
        constant or collinear with others, or there are not more complete rows than items.

    Warns
    -----
    ServicefxWarning
        Naming items that go against the others of their construct (`negative_items`), since absolute values
        hide them.

    Notes
    -----
    With mean absolute correlations :math:`r_{AB}` between and :math:`r_A, r_B` within,
    :math:`\mathrm{HTMT} = r_{AB} / \sqrt{r_A r_B}`. Henseler et al. average the correlations themselves;
    the absolute values are those of Ringle et al. (2023), of semTools and of SmartPLS 4. Both agree where no
    correlation used is negative; correlations scattered about zero are averaged upwards. Consistent for the
    construct correlation if items are tau-equivalent; for congeneric items see
    `heterotrait_monotrait_geometric`.

    References
    ----------
    Henseler, Ringle & Sarstedt (2015), J. Acad. Mark. Sci. 43, 115-135. doi:10.1007/s11747-014-0403-8.
    Ringle, Sarstedt, Sinkovics & Sinkovics (2023), Data in Brief 48, 109074. doi:10.1016/j.dib.2023.109074

    Examples
    --------
    >>> R = np.full((4, 4), 0.3) + np.kron(np.eye(2), np.full((2, 2), 0.2))
    >>> np.fill_diagonal(R, 1.0)
    >>> printed = Moments.from_correlation(R, np.ones(4), 200, names=["q1", "q2", "s1", "s2"])
    >>> pairs = heterotrait_monotrait(printed, {"quality": ["q1", "q2"], "satisfaction": ["s1", "s2"]})
    >>> round(float(pairs.ratio.max()), 2)
    0.6
    """
    read = item_blocks(items, constructs, least=2)
    _warn_of_negative(read)
    ratios = heterotrait_monotrait_ratios(read.correlation[None], read.blocks)[0]
    return pd.DataFrame(list(_pairs(read)), columns=["left", "right"]).assign(ratio=ratios)


def heterotrait_monotrait_geometric(
    items: pd.DataFrame | Moments, constructs: Mapping[str, Sequence[str]]
) -> pd.DataFrame:
    """HTMT2: the ratio of geometric means, consistent for congeneric items, for each pair of constructs.

    Parameters
    ----------
    items, constructs
        As `heterotrait_monotrait`.

    Returns
    -------
    DataFrame
        One row a pair: ``left, right, ratio, undefined``; dimensionless, in [0, inf). NaN with its reason
        where a correlation used is not positive.

    Raises
    ------
    DataError
        As `heterotrait_monotrait`.

    Warns
    -----
    ServicefxWarning
        As `heterotrait_monotrait`.

    Notes
    -----
    A geometric mean needs positive correlations. semTools takes absolute values instead, which makes a ratio
    of correlations that differ in sign; it is refused here.

    References
    ----------
    Roemer, Schuberth & Henseler (2021), Ind. Manag. Data Syst. 121, 2637-2650. doi:10.1108/IMDS-02-2021-0082
    """
    read = item_blocks(items, constructs, least=2)
    _warn_of_negative(read)
    ratios = heterotrait_monotrait_ratios(read.correlation[None], read.blocks, geometric=True)[0]
    frame = pd.DataFrame(list(_pairs(read)), columns=["left", "right"]).assign(ratio=ratios)
    return frame.assign(undefined=_reasons(read, "htmt2", ratios))


def heterotrait_monotrait_intervals(
    items: pd.DataFrame,
    constructs: Mapping[str, Sequence[str]],
    *,
    draws: int = 1000,
    seed: int = 0,
    analysis_id: str = "data",
    level: float = 0.95,
    weights: ArrayLike | pd.Series | None = None,
    clusters: ArrayLike | pd.Series | None = None,
) -> pd.DataFrame:
    """HTMT and HTMT2 of each pair of constructs with percentile bootstrap intervals.

    Parameters
    ----------
    items : DataFrame, shape (n, >= p)
        Answers, reversed items turned. Rows with a gap are not used, but take part in the draw.
    constructs : mapping of str to sequence of str
        Construct id -> its columns. A construct of one item has no ratio, with its reason.
    draws : int
        Resamples.
    seed : int
        The study's seed.
    analysis_id : str
        Name of the data file, so that draws line up with those of other analyses of its rows.
    level : float
        Strictly between 0 and 1.
    weights : array_like or Series, shape (n,), optional
        Survey weights > 0.
    clusters : array_like, shape (n,), optional
        Whole clusters are drawn where given.

    Returns
    -------
    DataFrame
        ``measure`` ("htmt", "htmt2"), ``left, right, ratio, conf_low, conf_high, n_draws, undefined``;
        dimensionless. No interval where a ratio exists in fewer than 95 % of the resamples; ``n_draws``
        counts those in which it does.

    Raises
    ------
    DataError
        As `heterotrait_monotrait`; also if the items are moments, which cannot be resampled.

    Notes
    -----
    A two-sided interval of level .95 below 1 is a one-sided test at .025. For a ratio near 0 the absolute
    values of HTMT keep the interval above it; near the thresholds of .85 to 1 they play no part.

    References
    ----------
    Henseler, Ringle & Sarstedt (2015) (HTMT inference); Franke & Sarstedt (2019), Internet
    Research 29, 430-447 (interval against .85 and .90).
    """
    if isinstance(items, Moments):
        found = "moments cannot be resampled, rows expected"
        raise DataError(Problem("items", found, "Give the rows, or use heterotrait_monotrait."))
    if not 0 < level < 1:
        raise ValueError(f"level must lie strictly between 0 and 1, not {level!r}")
    read = item_blocks(items, constructs, weights=weights)
    drawn = _resampled_ratios(read, draws, seed, analysis_id, clusters)
    frames = []
    for measure, geometric in MEASURES.items():
        ratios = heterotrait_monotrait_ratios(read.correlation[None], read.blocks, geometric=geometric)[0]
        frame = pd.DataFrame(list(_pairs(read)), columns=["left", "right"])
        frame.insert(0, "measure", measure)
        reasons = _reasons(read, measure, ratios)
        low, high, counts = _percentiles(drawn[measure], ratios, level)
        short = np.isfinite(ratios) & np.isnan(low)
        for at in np.flatnonzero(short):
            reasons[at] = f"the ratio exists in {counts[at]} of {draws} resamples, too few for an interval"
        frames.append(
            frame.assign(ratio=ratios, conf_low=low, conf_high=high, n_draws=counts, undefined=reasons)
        )
    return pd.concat(frames, ignore_index=True)


def judged_ratios(frame: pd.DataFrame) -> list[Judged]:
    """Each ratio held against .85, .90 and 1.

    Parameters
    ----------
    frame : DataFrame
        Of `heterotrait_monotrait_intervals`.

    Returns
    -------
    list of Judged
        Three rows a ratio: the interval's upper end is compared, or the ratio itself where it has none.
    """
    return [
        judge(
            f"{row['measure']}_{rule}", f"{row['left']}, {row['right']}", row["ratio"], row["conf_low"],
            row["conf_high"], against=row["conf_high"] if np.isfinite(row["conf_high"]) else row["ratio"],
        )
        for row in frame.to_dict("records")
        for rule in ("strict", "lenient", "inference")
    ]  # fmt: skip


def _pairs(read: ItemBlocks) -> Iterator[tuple[str, str]]:
    return combinations(read.constructs, 2)


def _warn_of_negative(read: ItemBlocks) -> None:
    for problem in negative_in(read):
        warnings.warn(f"{problem.found}. {problem.remedy}", ServicefxWarning, stacklevel=3)


def _reasons(read: ItemBlocks, measure: str, ratios: Floats) -> list[str]:
    """Why a ratio does not exist, for every pair; "" where it does."""
    pairs = combinations(range(len(read.blocks)), 2)
    return [
        "" if np.isfinite(ratio) else _reason(read, measure, a, b)
        for (a, b), ratio in zip(pairs, ratios, strict=True)
    ]


def _reason(read: ItemBlocks, measure: str, a: int, b: int) -> str:
    R, blocks = read.correlation, read.blocks
    single = [read.constructs[at] for at in (a, b) if len(blocks[at]) == 1]
    if single:
        named = " and ".join(f"'{name}'" for name in single)
        return f"one item measures {named}{_of_single(read, measure, a, b)}"
    chosen = [*combinations(blocks[a], 2), *combinations(blocks[b], 2)]
    chosen += [(i, j) for i in blocks[a] for j in blocks[b]]
    i, j = min(chosen, key=lambda pair: float(R[pair]))
    if measure == "htmt2" and R[i, j] <= 0:
        return (
            f"'{read.items[i]}' and '{read.items[j]}' correlate {R[i, j]:.2f}, and a geometric mean needs"
            " positive correlations"
        )
    return "no correlation among the items of a construct"


def _of_single(read: ItemBlocks, measure: str, a: int, b: int) -> str:
    """What seminr and SmartPLS report: the correlation within a single item taken as 1."""
    means = []
    for left, right in ((a, b), (a, a), (b, b)):
        rows, columns = read.blocks[left], read.blocks[right]
        part = read.correlation[np.ix_(rows, columns)]
        used = part[~np.eye(len(rows), dtype=bool)] if left == right else part.ravel()
        if measure == "htmt2":
            if (used <= 0).any():
                return ""
            means.append(float(np.exp(np.log(used).mean())) if used.size else 1.0)
        else:
            means.append(float(np.abs(used).mean()) if used.size else 1.0)
    ratio = means[0] / np.sqrt(means[1] * means[2])
    return f"; with its answers taken as free of error the ratio would be {ratio:.3f}"


def _resampled_ratios(
    read: ItemBlocks, draws: int, seed: int, analysis_id: str, clusters: ArrayLike | pd.Series | None
) -> dict[str, Floats]:
    """Ratios of every resample, shape (draws, n_pairs), by measure."""
    if read.values is None or read.used is None:
        raise ValueError("items without rows")
    pairs = len(list(_pairs(read)))
    drawn = {measure: np.full((draws, pairs), np.nan) for measure in MEASURES}
    parts = resample_blocks(len(read.used), draws, seed, analysis_id, clusters)
    step = max(1, _COUNT_BYTES // (4 * parts[0].draws * len(read.used)))
    start = 0
    for first in range(0, len(parts), step):
        together = [part.counts()[:, read.used] for part in parts[first : first + step]]
        counts = np.concatenate(together).astype(np.float32)
        covariance = resampled_covariances(read.values, counts, read.weights)
        sd = np.sqrt(np.maximum(np.einsum("bii->bi", covariance), 0.0))
        sd = np.where(sd > 1e-8 * np.sqrt(np.diag(read.moments.cov)), sd, np.nan)
        correlation = covariance / (sd[:, :, None] * sd[:, None, :])
        for measure, geometric in MEASURES.items():
            drawn[measure][start : start + len(counts)] = heterotrait_monotrait_ratios(
                correlation, read.blocks, geometric=geometric
            )
        start += len(counts)
    return drawn


def _percentiles(drawn: Floats, ratios: Floats, level: float) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """Ends of the interval and the draws behind them, for every pair."""
    counts = np.isfinite(drawn).sum(axis=0)
    low, high = np.full(len(ratios), np.nan), np.full(len(ratios), np.nan)
    for at in np.flatnonzero(np.isfinite(ratios) & (counts >= _DEFINED * len(drawn))):
        known = drawn[np.isfinite(drawn[:, at]), at]
        low[at], high[at] = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return low, high, counts
