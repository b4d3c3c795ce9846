"""Fornell and Larcker's criterion: whether a construct shares more with its items than with others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from servicefx import sem
from servicefx.measurement.rules import Judged, judge
from servicefx.measurement.validity.confirmatory import construct_correlations
from servicefx.measurement.validity.convergent import fitted_average_variance_extracted

__all__ = ["fornell_larcker", "fornell_larcker_frame", "judged_fornell_larcker"]


def fornell_larcker(fit: sem.SemFit) -> pd.DataFrame:
    """Correlation of each construct with every other, against the square root of its own AVE.

    A construct passes where it explains more of its own items than it shares with the other construct.

    Parameters
    ----------
    fit : SemFit
        Of one group and all constructs, e.g. of `confirmatory_fit`.

    Returns
    -------
    DataFrame
        Two rows a pair, one from each side: ``construct, other, estimate`` (correlation of the two),
        ``root_average_variance_extracted`` (of ``construct``), ``judgement, undefined``. Judged empty, with
        the reason, where the construct has no AVE.

    Raises
    ------
    StudyError
        If the fit compares groups.

    Notes
    -----
    With AVE and correlations of a factor model. SmartPLS and seminr use PLS loadings and correlations of
    composites: the one larger, the other smaller, so that the criterion hardly ever fires;
    `fornell_larcker_frame` makes the same table of any AVE and correlations.

    References
    ----------
    Fornell & Larcker (1981), J. Marketing Research 18, 39-50. doi:10.1177/002224378101800104
    """
    extracted = fitted_average_variance_extracted(fit)
    pairs = construct_correlations(fit)
    names = list(dict.fromkeys([*extracted["construct"], *pairs["construct"], *pairs["other"]]))
    place = {name: at for at, name in enumerate(names)}
    correlations = np.full((len(names), len(names)), np.nan)
    for one, other, value in zip(pairs["construct"], pairs["other"], pairs["estimate"], strict=True):
        correlations[place[one], place[other]] = correlations[place[other], place[one]] = value
    reasons = dict(zip(extracted["construct"], extracted["undefined"], strict=True))
    shares = dict(zip(extracted["construct"], extracted["estimate"], strict=True))
    return fornell_larcker_frame(
        names, [shares.get(name, float("nan")) for name in names], correlations, reasons
    )


def fornell_larcker_frame(
    constructs: Sequence[str],
    extracted: ArrayLike,
    correlations: ArrayLike,
    undefined: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """The criterion from AVE and correlations, wherever they come from.

    Parameters
    ----------
    constructs : sequence of str, length k
        Names.
    extracted : array_like, shape (k,)
        AVE in [0, 1], NaN where there is none.
    correlations : array_like, shape (k, k)
        Of the constructs; pairs with NaN are left out.
    undefined : mapping of str to str, optional
        Construct -> why it has no AVE.

    Returns
    -------
    DataFrame
        As `fornell_larcker`.

    Examples
    --------
    >>> frame = fornell_larcker_frame(["a", "b"], [0.64, 0.36], [[1, 0.7], [0.7, 1]])
    >>> frame["judgement"].tolist()
    ['pass', 'fail']
    """
    roots = np.sqrt(np.asarray(extracted, dtype=np.float64))
    R = np.asarray(correlations, dtype=np.float64)
    reasons = undefined or {}
    rows = [
        {
            "construct": construct,
            "other": other,
            "estimate": R[i, j],
            "root_average_variance_extracted": roots[i],
            "judgement": judge("fornell_larcker", "", abs(R[i, j]) / roots[i])["judgement"],
            "undefined": "" if np.isfinite(roots[i]) else reasons.get(construct) or "no AVE",
        }
        for i, construct in enumerate(constructs)
        for j, other in enumerate(constructs)
        if i != j and np.isfinite(R[i, j])
    ]
    columns = ["construct", "other", "estimate", "root_average_variance_extracted", "judgement", "undefined"]
    return pd.DataFrame(rows, columns=columns)


def judged_fornell_larcker(frame: pd.DataFrame) -> list[Judged]:
    """Absolute correlation over the root of AVE, held against 1; ``frame`` is of `fornell_larcker`."""
    return [
        judge(
            "fornell_larcker",
            f"{row['construct']}, {row['other']}",
            abs(row["estimate"]) / row["root_average_variance_extracted"],
        )
        for row in frame.to_dict("records")
    ]
