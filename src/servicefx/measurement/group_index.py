"""The service quality index of everybody and of each group, with its linearised error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.errors import DataError, Problem, closest
from servicefx.measurement.dimension_weights import DimensionWeights
from servicefx.measurement.norms import percentile_norms
from servicefx.values.estimates import critical_value

__all__ = ["SMALL_GROUP", "QualityIndex", "index_scores", "lie_within", "quality_index_of"]

Floats = NDArray[np.float64]
SMALL_GROUP = 30
"""Persons below which a group's index is shown with a caution."""
_GROUP_COLUMNS = (
    "segment", "group", "n_obs", "estimate", "std_error", "conf_low", "conf_high", "caution", "undefined",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class QualityIndex:
    """Importance-weighted service quality on one scale from 0 (worst answer to all) to 100 (best).

    Attributes
    ----------
    index : DataFrame
        ``segment, group, n_obs, estimate, std_error, conf_low, conf_high, caution, undefined``; the first row
        is everybody (segment and group empty), then each group of each segment column. Points of 0-100.
    weights : DataFrame
        ``construct, estimate, std_error, conf_low, conf_high, n_obs``: each dimension's share, in [0, 1], and
        ``mean``, its own mean rescaled to 0-100.
    norms : DataFrame
        Percentiles of the persons' index: see `percentile_norms`.
    weighting : str
        ``"equal"``, ``"stated"``, ``"regression"`` or ``"relative"``.
    dropped : mapping of str to int
        Persons not used, by reason.
    counts : mapping of str to int
        Importance points mended or not used: see `ImportancePoints`.
    problems : tuple of Problem
        What is doubtful about the weights.
    """

    index: pd.DataFrame
    weights: pd.DataFrame
    norms: pd.DataFrame
    weighting: str
    dropped: Mapping[str, int] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


def index_scores(
    scores: pd.DataFrame, scales: Mapping[str, tuple[float, float]], shares: Floats
) -> pd.Series:
    """The index of each person.

    Parameters
    ----------
    scores : DataFrame, shape (n, n_dimensions)
        In points of each dimension's own scale.
    scales : mapping of str to tuple of float
        Dimension -> lowest and highest answer.
    shares : ndarray, shape (n_dimensions,)
        Summing to 1.

    Returns
    -------
    Series, shape (n,)
        In [0, 100]; NaN where a dimension has no score.

    Examples
    --------
    >>> scores = pd.DataFrame({"care": [1.0, 4.0], "speed": [7.0, 4.0]})
    >>> index_scores(scores, {"care": (1, 7), "speed": (1, 7)}, np.array([0.25, 0.75])).tolist()
    [75.0, 50.0]
    """
    return pd.Series(_rescaled(scores, scales) @ shares, index=scores.index, name="index", dtype="float64")


def quality_index_of(
    scores: pd.DataFrame,
    scales: Mapping[str, tuple[float, float]],
    dimension_weights: DimensionWeights,
    *,
    segments: pd.DataFrame | None = None,
    weights: pd.Series | None = None,
    clusters: pd.Series | None = None,
    within: Mapping[str, pd.Series | None] | None = None,
    level: float = 0.95,
) -> QualityIndex:
    """The index from scores and weights of the dimensions, overall and by group.

    Parameters
    ----------
    scores : DataFrame, shape (n, n_dimensions)
        In points of each dimension's own scale; a person counts where every dimension has a score.
    scales : mapping of str to tuple of float
        Dimension -> lowest and highest answer.
    dimension_weights : DimensionWeights
        Of the same rows and dimensions.
    segments : DataFrame, shape (n, m), optional
        Columns whose values are reported one by one; a person without a value is in no group.
    weights, clusters : Series, shape (n,), optional
        Survey weights > 0; dependence groups.
    within : mapping of str to Series or None, optional
        Segment -> dependence groups inside its groups, where those lie inside the clusters (an outlet of a
        firm): the group is what is asked about, so what its members share is part of its index, not error.
        By default rows are independent there.
    level : float
        In (0, 1).

    Returns
    -------
    QualityIndex
        The same weights for every group, so that groups differ by their service and not by their taste.
        Groups of fewer than 30 carry a caution; of fewer than 2, no interval.

    Raises
    ------
    DataError
        If scores and scales do not name the same dimensions.

    Notes
    -----
    With shares w_d and a group's mean rescaled scores m_d the index is the sum of w_d m_d. Its standard error
    is by linearisation: each row contributes its own index less the group's, and the sum of m_d times its
    influence on w_d, summed by cluster. Intervals use t with the number of the group's clusters minus one,
    and end at 0 and 100.

    References
    ----------
    Woodruff (1971), J. Am. Stat. Assoc. 66, 411-414 (linearisation). Fornell et al. (1996), J. Marketing 60,
    7-18 (a weighted index rescaled to 0-100).
    """
    _same_dimensions(scores, scales, dimension_weights)
    values = _rescaled(scores, scales)
    own = values @ dimension_weights.shares
    used: NDArray[np.bool_] = ~np.isnan(own)
    w = np.ones(len(own)) if weights is None else weights.to_numpy(dtype=np.float64)
    codes = None if clusters is None else pd.factorize(clusters)[0].astype(np.intp)
    rows = [
        {"segment": "", "group": ""} | _index_row(values, dimension_weights, used, w, codes, codes, level)
    ]
    for segment, column in segments.items() if segments is not None else ():
        inner = _inner(str(segment), column, clusters, within)
        for value in sorted(column.dropna().unique(), key=_order):
            here = used & (column == value).to_numpy(dtype=bool)
            row = _index_row(values, dimension_weights, here, w, inner, codes, level)
            rows.append({"segment": str(segment), "group": _text(value)} | row)
    person = pd.Series(own, index=scores.index)
    dropped = {"not every dimension answered": int((~used).sum())}
    return QualityIndex(
        index=pd.DataFrame(rows, columns=list(_GROUP_COLUMNS)),
        weights=_weight_rows(values, dimension_weights, used, w, codes, level),
        norms=percentile_norms(person, weights=weights, clusters=clusters, level=level),
        weighting=dimension_weights.weighting,
        dropped={reason: count for reason, count in dropped.items() if count},
        problems=dimension_weights.problems,
    )


def _same_dimensions(
    scores: pd.DataFrame, scales: Mapping[str, tuple[float, float]], weights: DimensionWeights
) -> None:
    names = tuple(str(name) for name in scores.columns)
    for name in names:
        if name not in scales:
            found = f"'{name}' has no scale{closest(name, list(scales))}"
            raise DataError(Problem("scales", found, "State its lowest and highest answer."))
    if names != weights.dimensions or len(scores) != len(weights.influence):
        found = f"weights of {', '.join(weights.dimensions)} for scores of {', '.join(names)}"
        raise DataError(
            Problem("dimension weights", found, "Make the weights from the same rows and columns.")
        )


def _rescaled(scores: pd.DataFrame, scales: Mapping[str, tuple[float, float]]) -> Floats:
    low = np.array([scales[str(name)][0] for name in scores.columns], dtype=np.float64)
    high = np.array([scales[str(name)][1] for name in scores.columns], dtype=np.float64)
    return np.asarray(100 * (scores.to_numpy(dtype=np.float64) - low) / (high - low), dtype=np.float64)


def _inner(
    segment: str,
    column: pd.Series,
    clusters: pd.Series | None,
    within: Mapping[str, pd.Series | None] | None,
) -> NDArray[np.intp] | None:
    """Dependence groups inside the groups of a segment."""
    if clusters is None:
        return None
    if within is not None and segment in within:
        chosen = within[segment]
        return None if chosen is None else pd.factorize(chosen)[0].astype(np.intp)
    return None if lie_within(column, clusters) else pd.factorize(clusters)[0].astype(np.intp)


def lie_within(groups: pd.Series, clusters: pd.Series) -> bool:
    """Whether every group lies inside one cluster, as the outlets of firms do."""
    pairs = pd.DataFrame({"group": groups, "cluster": clusters}).dropna().drop_duplicates()
    return not bool(pairs["group"].duplicated().any())


def _index_row(
    values: Floats,
    weights: DimensionWeights,
    here: NDArray[np.bool_],
    w: Floats,
    inner: NDArray[np.intp] | None,
    outer: NDArray[np.intp] | None,
    level: float,
) -> dict[str, object]:
    """Index of the rows ``here``; ``inner`` are their clusters, ``outer`` those of all rows."""
    n_obs = int(here.sum())
    caution = f"fewer than {SMALL_GROUP} answers" if n_obs < SMALL_GROUP else ""
    row: dict[str, object] = {"n_obs": n_obs, "caution": caution, "undefined": ""}
    empty = dict.fromkeys(("estimate", "std_error", "conf_low", "conf_high"), np.nan)
    if not n_obs:
        return row | empty | {"undefined": "nobody answered every dimension"}
    mass = np.where(here, w, 0.0) / w[here].sum()
    means = mass[here] @ values[here]
    estimate = float(means @ weights.shares)
    row |= empty | {"estimate": estimate}
    own = np.zeros(len(values))
    own[here] = mass[here] * (values[here] @ weights.shares - estimate)
    n_groups = n_obs if inner is None else len(np.unique(inner[here]))
    if n_obs == 1 or n_groups == 1:
        why = "one answer" if n_obs == 1 else "all answers come from one cluster"
        return row | {"undefined": why}
    if np.ptp(values[here] @ weights.shares) <= 1e-9:
        return row | {"undefined": "all answers are the same, so nothing says how they spread"}
    through = weights.influence @ means
    n_outer = len(values) if outer is None else len(np.unique(outer))
    variance = (
        _sum_of_products(own, own, inner, n_groups)
        + _sum_of_products(through, through, outer, n_outer)
        + 2 * _sum_of_products(own, through, outer, n_outer)  # 0 where the group lies inside one cluster
    )
    error = float(np.sqrt(max(variance, 0.0)))
    half = critical_value(level, n_groups - 1) * error
    return row | {
        "std_error": error,
        "conf_low": max(estimate - half, 0.0),
        "conf_high": min(estimate + half, 100.0),
    }


def _sum_of_products(left: Floats, right: Floats, codes: NDArray[np.intp] | None, n_groups: int) -> float:
    """Covariance of two linearised numbers whose rows depend on each other within groups."""
    if n_groups < 2:
        return float("nan")
    sums = [part if codes is None else np.bincount(codes, weights=part) for part in (left, right)]
    return n_groups / (n_groups - 1) * float(sums[0] @ sums[1])


def _weight_rows(
    values: Floats,
    weights: DimensionWeights,
    used: NDArray[np.bool_],
    w: Floats,
    codes: NDArray[np.intp] | None,
    level: float,
) -> pd.DataFrame:
    """Share of each dimension with its interval, and its mean rescaled to 0-100."""
    n_groups = len(values) if codes is None else len(np.unique(codes))
    means = w[used] @ values[used] / w[used].sum() if used.any() else np.full(values.shape[1], np.nan)
    rows = []
    for place, name in enumerate(weights.dimensions):
        influence, share = weights.influence[:, place], float(weights.shares[place])
        error = float(np.sqrt(_sum_of_products(influence, influence, codes, n_groups)))
        half = critical_value(level, n_groups - 1) * error if n_groups > 1 else float("nan")
        rows.append(
            {
                "construct": name,
                "estimate": share,
                "std_error": error,
                "conf_low": max(share - half, 0.0) if half == half else half,
                "conf_high": min(share + half, 1.0) if half == half else half,
                "n_obs": weights.n_obs,
                "mean": float(means[place]),
            }
        )
    return pd.DataFrame(rows)


def _order(value: object) -> tuple[bool, float, str]:
    """Numbers by size, then texts."""
    is_number = isinstance(value, int | float | np.number)
    return not is_number, float(value) if is_number else 0.0, str(value)  # type: ignore[arg-type]


def _text(value: object) -> str:
    return f"{value:.15g}" if isinstance(value, float) else str(value)
