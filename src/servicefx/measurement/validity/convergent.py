"""Convergent validity: how much of its items' variance a construct explains, and how each item loads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from servicefx import sem
from servicefx.errors import ServicefxError
from servicefx.measurement.factor_model import fit_one_factor
from servicefx.measurement.rules import Judged, judge
from servicefx.measurement.validity.confirmatory import construct_loadings
from servicefx.measurement.validity.item_blocks import check_mapping, item_blocks
from servicefx.moments.moments import Moments
from servicefx.values.estimates import critical_value, two_sided_p_value

__all__ = [
    "average_variance_extracted",
    "convergent_loadings",
    "fitted_average_variance_extracted",
    "judged_extracted",
    "judged_loadings",
]

_ONE = 1 - 1e-9
"""A standardised loading from here on leaves its item no error: a Heywood case."""


def average_variance_extracted(
    items: pd.DataFrame | Moments, constructs: Mapping[str, Sequence[str]]
) -> pd.DataFrame:
    """Mean squared standardised loading of each construct's items (AVE), from its own one-factor model.

    At least .5 means that the construct explains more of its items' variance than their errors do.

    Parameters
    ----------
    items : DataFrame, shape (n, >= p), or Moments
        Answers, reversed items turned. Of each construct, rows with a gap in its items are not used.
    constructs : mapping of str to sequence of str
        Construct id -> its columns.

    Returns
    -------
    DataFrame
        One row a construct: ``construct, estimate``; a share in [0, 1]. NaN for one item, a loading beyond 1
        (Heywood case) or where no factor model is found; ``attrs["undefined"]`` maps the construct to why.

    Raises
    ------
    DataError
        If an item is not in the data, stands in two constructs, is constant or collinear with others of its
        construct, or there are not more complete rows than items of a construct.

    Notes
    -----
    Loadings are those of maximum likelihood for each construct alone; two items share one loading. Squares
    hide a negative loading: `negative_items` names its item. Three other figures go by the same name: that of
    the full model of all constructs (`fitted_average_variance_extracted`); that of SmartPLS and seminr, from
    the loadings of PLS composites, which is larger, since a composite holds part of its items' errors; and
    that of semTools, in which items weigh by their variances.

    References
    ----------
    Fornell & Larcker (1981), J. Marketing Research 18, 39-50, eq. 11. doi:10.1177/002224378101800104

    Examples
    --------
    >>> truth = np.array([0.8, 0.7, 0.6])
    >>> R = np.outer(truth, truth) + np.diag(1 - truth**2)
    >>> printed = Moments.from_correlation(R, np.ones(3), 200, names=["q1", "q2", "q3"])
    >>> average_variance_extracted(printed, {"quality": ["q1", "q2", "q3"]}).estimate.round(4).tolist()
    [0.4967]
    """
    check_mapping(items, constructs)
    rows = [_own_model(items, str(name), chosen) for name, chosen in constructs.items()]
    frame = pd.DataFrame(rows, columns=["construct", "estimate", "undefined"])
    reasons = {c: why for c, why in zip(frame["construct"], frame["undefined"], strict=True) if why}
    told = frame[["construct", "estimate"]]
    told.attrs["undefined"] = reasons
    return told


def fitted_average_variance_extracted(fit: sem.SemFit) -> pd.DataFrame:
    """Mean squared standardised loading of each construct's items (AVE), from a fit of all constructs.

    Parameters
    ----------
    fit : SemFit
        Of one group, e.g. of `confirmatory_fit`.

    Returns
    -------
    DataFrame
        One row a construct: ``construct, estimate, undefined``; a share in [0, 1]. NaN with its reason for
        one item, an item that other constructs load on too, or a loading beyond 1.

    Raises
    ------
    StudyError
        If the fit compares groups.

    References
    ----------
    Fornell & Larcker (1981), eq. 11.
    """
    loadings = construct_loadings(fit)
    shared = loadings.loc[loadings["item"].duplicated(keep=False), "item"].unique()
    rows = []
    for construct, own in loadings.groupby("construct", sort=False):
        crossing = [str(item) for item in own["item"] if item in shared]
        values = dict(zip(own["item"].astype(str), own["estimate"].astype(float), strict=True))
        reason = _reason(values)
        if not reason and crossing:
            reason = f"'{crossing[0]}' loads on another construct too"
        squares = np.square(own["estimate"].to_numpy(dtype=float))
        estimate = float("nan") if reason else float(squares.mean())
        rows.append({"construct": str(construct), "estimate": estimate, "undefined": reason})
    return pd.DataFrame(rows, columns=["construct", "estimate", "undefined"])


def convergent_loadings(fit: sem.SemFit, *, level: float = 0.95) -> pd.DataFrame:
    """How strongly each item reflects its construct: standardised loadings with intervals.

    Parameters
    ----------
    fit : SemFit
        Of one group, e.g. of `confirmatory_fit`.
    level : float
        Strictly between 0 and 1.

    Returns
    -------
    DataFrame
        One row a loading: ``construct, item, estimate, std_error, statistic, p_value, conf_low, conf_high,
        undefined``; standard deviations of the item per standard deviation of the construct. Errors by the
        delta method. A single item has loading 1 by definition, without error.

    Raises
    ------
    StudyError
        If the fit compares groups.

    References
    ----------
    Anderson & Gerbing (1988), Psychol. Bull. 103, 411-423 (significant loadings as convergent validity).
    """
    frame = construct_loadings(fit)
    sizes = frame.groupby("construct")["item"].transform("size")
    fixed = ~(frame["std_error"].to_numpy(dtype=float) > 0)
    estimate = frame["estimate"].to_numpy(dtype=float)
    error = np.where(fixed, np.nan, frame["std_error"].to_numpy(dtype=float))
    half = critical_value(level) * error
    reasons = ["one item, taken as free of error" if one else "" for one in sizes == 1]
    reasons = [
        reason or ("its loading is not estimated" if held else "")
        for reason, held in zip(reasons, fixed, strict=True)
    ]
    return frame.assign(
        std_error=error,
        statistic=estimate / error,
        p_value=two_sided_p_value(estimate / error, np.inf),
        conf_low=estimate - half,
        conf_high=estimate + half,
        undefined=reasons,
    )


def judged_extracted(frame: pd.DataFrame) -> list[Judged]:
    """Each construct's AVE held against .5; ``frame`` has columns ``construct, estimate``."""
    return [
        judge("average_variance_extracted", row["construct"], row["estimate"])
        for row in frame.to_dict("records")
    ]


def judged_loadings(frame: pd.DataFrame) -> list[Judged]:
    """Each loading held against .708 (fails below .5), and its p-value against .05.

    Parameters
    ----------
    frame : DataFrame
        Of `convergent_loadings`.

    Returns
    -------
    list of Judged
        Two rows a loading that is estimated.
    """
    rows = []
    for row in frame[frame["undefined"] == ""].to_dict("records"):
        rows.append(judge("loading", row["item"], row["estimate"], row["conf_low"], row["conf_high"]))
        rows.append(judge("loading_p_value", row["item"], row["p_value"]))
    return rows


def _own_model(
    items: pd.DataFrame | Moments, construct: str, chosen: Sequence[str]
) -> dict[str, str | float]:
    read = item_blocks(items, {construct: chosen})
    estimate, reason = float("nan"), "one item"
    if len(read.items) > 1:
        try:
            factor = fit_one_factor(read.correlation, construct)
        except ServicefxError as refusal:
            reason = refusal.problems[0].found
        else:
            reason = _reason(dict(zip(read.items, factor.loadings.tolist(), strict=True)))
            estimate = float("nan") if reason else float(np.mean(factor.loadings**2))
    return {"construct": construct, "estimate": estimate, "undefined": reason}


def _reason(loadings: Mapping[str, float]) -> str:
    """Why loadings give no AVE; "" where they do."""
    if len(loadings) == 1:
        return "one item"
    heywood = [item for item, value in loadings.items() if abs(value) >= _ONE]
    return f"Heywood case: '{heywood[0]}'" if heywood else ""
