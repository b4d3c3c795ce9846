"""Latent classes as frames: sizes, slopes and whether they differ."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import chdtrc

from servicefx.models.segments.latent_classes import LatentClasses
from servicefx.values.estimates import critical_value, two_sided_p_value

__all__ = ["class_names", "class_shares", "class_slopes", "class_tests"]

Floats = NDArray[np.float64]
SMALL = 0.05
"""Share of the rows below which a class may be a handful of strange rows."""


def class_names(classes: int) -> list[str]:
    """Names of classes in tables: ``"class: 1"``, the largest, and on."""
    return [f"class: {k}" for k in range(1, classes + 1)]


def class_slopes(fit: LatentClasses, *, robust: bool = True, level: float = 0.95) -> pd.DataFrame:
    """Coefficients of every class.

    Parameters
    ----------
    fit : LatentClasses
    robust : bool
        Errors that hold where the errors of customers are not normal, and allow for clusters; else those of a
        mixture that is right.
    level : float
        Of the intervals.

    Returns
    -------
    DataFrame
        ``outcome, group, share, term, estimate, std_error, statistic, p_value, conf_low, conf_high,
        undefined``: one row a class and term, the constant last, in units of the outcome per unit of the
        term. ``group`` names the class. Intervals take the number of classes as known.
    """
    width = len(fit.terms)
    errors = _errors(fit, robust)[: fit.n_classes * width].reshape(fit.n_classes, width)
    rows = pd.DataFrame(
        {
            "outcome": fit.outcome,
            "group": np.repeat(class_names(fit.n_classes), width),
            "share": np.repeat(fit.shares, width),
            "term": list(fit.terms) * fit.n_classes,
            "estimate": fit.coefficients.ravel(),
            "std_error": errors.ravel(),
        }
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = rows["estimate"].to_numpy() / rows["std_error"].to_numpy()
    half = critical_value(level) * rows["std_error"]
    return rows.assign(
        statistic=statistic,
        p_value=two_sided_p_value(statistic, float("inf")),
        conf_low=rows["estimate"] - half,
        conf_high=rows["estimate"] + half,
        undefined=fit.covariance.undefined,
    )


def class_shares(fit: LatentClasses, *, level: float = 0.95) -> pd.DataFrame:
    """Size and spread of every class, with what to beware of.

    Returns
    -------
    DataFrame
        ``group, share, share_low, share_high, sigma, flag``; the interval is made on the log-odds scale.
    """
    width = fit.n_classes * len(fit.terms)
    errors = _errors(fit, robust=True)[width:]
    share = np.clip(fit.shares, 1e-12, 1 - 1e-12)
    odds = np.log(share / (1 - share))
    half = critical_value(level) * errors / (share * (1 - share))
    one = fit.n_classes == 1
    return pd.DataFrame(
        {
            "group": class_names(fit.n_classes),
            "share": fit.shares,
            "share_low": fit.shares if one else 1 / (1 + np.exp(-(odds - half))),
            "share_high": fit.shares if one else 1 / (1 + np.exp(-(odds + half))),
            "sigma": fit.spreads,
            "flag": [_flag(fit, k) for k in range(fit.n_classes)],
        }
    )


def _flag(fit: LatentClasses, k: int) -> str:
    if k + 1 in fit.on_floor:
        return "spread at its floor: a heap of equal answers, or rows on a line, rather than a need"
    return "below 5 % of the rows: look at who they are first" if fit.shares[k] < SMALL else ""


def class_tests(fit: LatentClasses, *, robust: bool = True) -> pd.DataFrame:
    """Wald tests that a driver's slope is the same in all classes.

    Returns
    -------
    DataFrame
        ``term, chi2, df, p_value, undefined``; one row a driver, and one (``"all"``) for all of them. They
        take the classes as given: whether there are classes at all is for the information criteria to say.
    """
    width = len(fit.terms)
    k, drivers = fit.n_classes, len(fit.drivers)
    if k == 1 or fit.shared_slopes:
        why = "one class" if k == 1 else "the classes share their slopes"
        empty = {"chi2": np.nan, "df": np.nan, "p_value": np.nan, "undefined": why}
        return pd.DataFrame([{"term": term, **empty} for term in (*fit.drivers, "all")])
    covariance = fit.covariance.robust if robust else fit.covariance.information
    values = fit.coefficients.ravel()
    contrasts = []
    for at in range(drivers):
        contrast = np.zeros((k - 1, len(covariance)))
        contrast[:, at] = -1.0
        contrast[np.arange(k - 1), (np.arange(k - 1) + 1) * width + at] = 1.0
        contrasts.append(contrast)
    rows = []
    for term, contrast in zip((*fit.drivers, "all"), [*contrasts, np.vstack(contrasts)], strict=True):
        difference = contrast[:, : len(values)] @ values
        spread = contrast @ covariance @ contrast.T
        df = len(contrast)
        singular = bool(fit.covariance.undefined) or np.linalg.matrix_rank(spread, hermitian=True) < df
        chi2 = np.nan if singular else float(difference @ np.linalg.solve(spread, difference))
        why = fit.covariance.undefined or ("too few clusters for so many slopes" if singular else "")
        p_value = float(chdtrc(df, chi2)) if np.isfinite(chi2) else np.nan
        rows.append({"term": term, "chi2": chi2, "df": float(df), "p_value": p_value, "undefined": why})
    return pd.DataFrame(rows)


def _errors(fit: LatentClasses, robust: bool) -> Floats:
    variances = np.diag(fit.covariance.robust if robust else fit.covariance.information)
    return np.sqrt(np.where(variances >= 0, variances, np.nan))
