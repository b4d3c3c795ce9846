"""What each item does for the score: its mean, its correlations with the score, alpha without it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.measurement.arguments import beside_rows
from servicefx.measurement.reliability.alpha import alpha_of
from servicefx.measurement.reliability.item_covariance import correlations_of, read_items

__all__ = ["item_statistics"]

Floats = NDArray[np.float64]


def item_statistics(items: pd.DataFrame, *, weights: pd.Series | None = None) -> pd.DataFrame:
    """Item-total statistics of the items of one construct.

    Parameters
    ----------
    items : DataFrame, shape (n, p)
        Answers, one row a person, reversed items turned. Rows with a gap are not used.
    weights : Series, length n, optional
        Survey weights, > 0.

    Returns
    -------
    DataFrame
        One row an item: ``item, n_obs, mean, sd`` (n - 1; points of the scale), correlations in [-1, 1]
        ``item_total`` (with the sum), ``item_total_standardised`` (with the sum of standardised items),
        ``item_rest`` (with the sum of the others), ``item_common`` (with what the items share), then
        ``alpha_if_deleted, alpha_standardised_if_deleted``, ``flag`` ("runs against the others: check for a
        reversed item" where ``item_rest`` < 0) and ``undefined``, which says why numbers of a row are NaN.

    Raises
    ------
    DataError
        As `cronbach_alpha`: an item that does not vary is named.

    Notes
    -----
    With one item only mean and SD exist; with two, alpha without one of them does not. ``item_common``
    has squared multiple correlations on the diagonal of the correlation matrix (psych's ``r.cor``) and may
    pass 1.

    References
    ----------
    Nunnally & Bernstein (1994), Psychometric Theory, 3rd ed., ch. 8; names in psych::alpha: ``raw.r``,
    ``std.r``, ``r.drop``, ``r.cor``.

    Examples
    --------
    >>> answers = pd.DataFrame({"a": [1, 2, 3, 4], "b": [1, 3, 2, 4], "c": [2, 2, 4, 4]})
    >>> item_statistics(answers).set_index("item")["item_rest"].round(3).to_dict()
    {'a': 0.992, 'b': 0.651, 'c': 0.707}
    """
    found = read_items(items, weights)
    S, p = found.cov, len(found.names)
    R = correlations_of(S)
    there = items.notna().all(axis=1).to_numpy()
    complete = items[there].to_numpy(dtype=np.float64)
    share = None
    if weights is not None:
        share = beside_rows(weights, items, "weights").to_numpy(dtype=np.float64)[there]
    sd = np.sqrt(np.diag(S) * found.n_obs / (found.n_obs - 1))
    nothing = np.full(p, np.nan)
    frame = pd.DataFrame(
        {
            "item": found.names,
            "n_obs": found.n_obs,
            "mean": np.average(complete, axis=0, weights=share),
            "sd": sd,
            "item_total": _with_sum(S) if p > 1 else nothing,
            "item_total_standardised": _with_sum(R) if p > 1 else nothing,
            "item_rest": _with_rest(S) if p > 1 else nothing,
            "item_common": _with_common(R) if p > 1 else nothing,
            "alpha_if_deleted": _without(S) if p > 2 else nothing,
            "alpha_standardised_if_deleted": _without(R) if p > 2 else nothing,
        }
    )
    against = frame["item_rest"] < 0
    frame["flag"] = np.where(against, "runs against the others: check for a reversed item", "")
    frame["undefined"] = _reasons(frame, p)
    return frame


def _with_sum(S: Floats) -> Floats:
    own = np.diag(S)
    return _ratio(S.sum(axis=1), np.sqrt(own * max(S.sum(), 0.0)), np.sqrt(own * own.sum()))


def _with_rest(S: Floats) -> Floats:
    # summed without the item, not less it: its variance may be a million times theirs
    apart = ~np.eye(len(S), dtype=np.bool_)
    rest = np.array([S[np.ix_(others, others)].sum() for others in apart])
    shared = np.where(apart, S, 0.0).sum(axis=1)
    own = np.diag(S)
    scale = np.sqrt(own * np.where(apart, own, 0.0).sum(axis=1))
    return _ratio(shared, np.sqrt(own * np.clip(rest, 0, None)), scale)


def _with_common(R: Floats) -> Floats:
    if np.linalg.eigvalsh(R)[0] < 1e-10:
        return np.full(len(R), np.nan)
    shared = R.copy()
    np.fill_diagonal(shared, 1 - 1 / np.diag(np.linalg.inv(R)))
    return _ratio(shared.sum(axis=1), np.full(len(R), np.sqrt(max(shared.sum(), 0.0))), np.ones(len(R)))


def _without(S: Floats) -> Floats:
    p = len(S)
    kept = np.array([[other for other in range(p) if other != at] for at in range(p)])
    return np.asarray(alpha_of(S[kept[:, :, None], kept[:, None, :]]), dtype=np.float64)


def _ratio(above: Floats, below: Floats, scale: Floats) -> Floats:
    """Quotients; NaN where what stands below is nothing beside its scale."""
    there = below > 1e-6 * scale
    return np.where(there, above / np.where(there, below, 1.0), np.nan)


def _reasons(frame: pd.DataFrame, p: int) -> list[str]:
    if p == 1:
        return ["one item"]
    if p == 2:
        return ["alpha without an item: one item would remain"] * 2
    gaps = frame.filter(regex="^(item_|alpha_)").isna()
    why = {
        "item_common": "item_common: an item can be computed exactly from the others",
        "item_total": "item_total: the sum score does not vary",
        "item_rest": "item_rest: the sum of the others does not vary",
        "alpha_if_deleted": "alpha_if_deleted: the sum of the others does not vary",
    }
    return ["; ".join(text for name, text in why.items() if row[name]) for _, row in gaps.iterrows()]
