"""Which form of perception and expectation explains the outcome: differences, bends and surfaces compared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import fdtrc

from servicefx.engines.linear import Covariance
from servicefx.errors import DataError, IdentificationError
from servicefx.models.drivers.rows import DriverRows, driver_rows
from servicefx.models.gap.draws import drawn_fit, wald_statistic
from servicefx.models.gap.scores import check_scale
from servicefx.values.estimates import Estimates

__all__ = ["compare_gap_forms", "information"]

Floats = NDArray[np.float64]


class _Form(NamedTuple):
    """A form: its terms, and what it sets to zero in a wider form (rows of weights of that form's terms)."""

    name: str
    terms: tuple[str, ...]
    against: str = ""
    zero: tuple[dict[str, float], ...] = ()


_SURFACE = ("e", "p", "ee", "ep", "pp")
_CURVED = ({"ee": 1.0}, {"ep": 1.0}, {"pp": 1.0})
_OPPOSITE = {"e": 1.0, "p": 1.0}
_OPPOSITE_CHANGE = {"short e": 1.0, "short p": 1.0}
_PLANES = "a plane on either side of expectation"
_FULL = "second-order surface"
_BENT = "second-order surface with a kink"
_FORMS = (
    _Form("perception alone", ("p",), _FULL, ({"e": 1.0}, *_CURVED)),
    _Form("difference", ("gap",), _FULL, (_OPPOSITE, *_CURVED)),
    _Form(
        "absolute difference", ("size",), _PLANES,
        (_OPPOSITE, {"short": 1.0}, _OPPOSITE_CHANGE, {"short p": 1.0, "p": 2.0}),
    ),
    _Form("difference with a kink", ("gap", "loss"), _PLANES, (_OPPOSITE, {"short": 1.0}, _OPPOSITE_CHANGE)),
    _Form("perception and expectation", ("e", "p"), _FULL, _CURVED),
    _Form(
        "perception and expectation with a kink", ("e", "p", "loss"), _PLANES,
        ({"short": 1.0}, _OPPOSITE_CHANGE),
    ),
    _Form(_PLANES, ("e", "p", "short", "short e", "short p")),
    _Form(_FULL, _SURFACE, _BENT, ({"loss": 1.0},)),
    _Form(_BENT, (*_SURFACE, "loss")),
)  # fmt: skip


def compare_gap_forms(
    data: pd.DataFrame,
    outcome: str,
    expectation: str,
    perception: str,
    covariates: Sequence[str] = (),
    *,
    scale: tuple[float, float],
    covariance: Covariance = "hc3",
    clusters: pd.Series | None = None,
    weights: pd.Series | None = None,
) -> pd.DataFrame:
    """Forms in which perception and expectation may explain an outcome, on the same rows. Answers H2.

    A difference score says that a point of expectation takes away what a point of perception gives, and that
    both do so in straight lines; whether the data agree is a test, not a convention.

    Parameters
    ----------
    data : DataFrame, shape (n, m)
        Numeric columns; rows with a gap in a column used are left out.
    outcome, expectation, perception : str
        Columns.
    covariates : sequence of str
        Columns held in every form.
    scale : tuple of float
        Lowest and highest possible score of perception and expectation.
    covariance, clusters, weights
        As `servicefx.models.gap.fit_gap`; used by the tests, not by the information criteria.

    Returns
    -------
    DataFrame
        One row a form, best by BIC first: ``model, n_parameters, r2, logl, aic, bic, delta_aic, delta_bic,
        against, statistic, df, df_residual, p_value, n_obs, undefined``. The criteria are those of normal
        errors and independent rows (with weights or clusters a guide); ``n_parameters`` counts the error
        variance. ``p_value`` tests what the form sets to zero in the wider form ``against`` (Wald's F, robust
        or clustered): small means that the form leaves something out.

    Raises
    ------
    DataError
        As `servicefx.models.gap.fit_surface`. A form the data cannot identify is a row with its reason.

    Notes
    -----
    With gap g = P - E: "difference" is g; with a kink also min(g, 0); "absolute difference" |g|. They are
    tested against ``E, P, W, WE, WP`` (W = 1 where g < 0), or against the second-order surface, and that
    against itself with min(g, 0): where this last p-value is large, a kink at expectation cannot be told from
    a smooth bend.

    References
    ----------
    Edwards (1994), Organizational Behavior and Human Decision Processes 58, 51-100, tables 1-2; Edwards &
    Parry (1993), Academy of Management J. 36, 1577-1613; Cronin & Taylor (1992), J. Marketing 56(3), 55-68
    (perception alone).
    """
    check_scale(
        data[[name for name in (expectation, perception) if name in data.columns]],
        scale,
        f"surface of '{outcome}'",
    )
    rows = driver_rows(
        data, outcome, [expectation, perception], covariates, weights=weights, clusters=clusters
    )
    middle = (scale[0] + scale[1]) / 2
    design = _columns(rows, rows.frame[expectation] - middle, rows.frame[perception] - middle)
    fits: dict[str, Estimates | str] = {}
    for form in _FORMS:
        try:
            terms = [*map(_named, form.terms), *rows.covariates]
            fits[form.name] = drawn_fit(design, terms, rows, covariance, None).estimates
        except (DataError, IdentificationError) as error:
            fits[form.name] = error.problems[0].found
    frame = pd.DataFrame([_row(form, fits, rows) for form in _FORMS])
    for name in ("aic", "bic"):
        frame[f"delta_{name}"] = frame[name] - frame[name].min()
    columns = [
        "model", "n_parameters", "r2", "logl", "aic", "bic", "delta_aic", "delta_bic", "against", "statistic",
        "df", "df_residual", "p_value", "n_obs", "undefined",
    ]  # fmt: skip
    return frame.sort_values("bic", kind="stable")[columns].reset_index(drop=True)


def _columns(rows: DriverRows, e: pd.Series, p: pd.Series) -> pd.DataFrame:
    """All terms of all forms, beside outcome and covariates."""
    gap = p - e
    short = (gap < 0).astype(float)
    return rows.frame[[rows.outcome, *rows.covariates]].assign(
        **{
            _named(term): values
            for term, values in {
                "e": e, "p": p, "ee": e**2, "ep": e * p, "pp": p**2, "gap": gap, "size": gap.abs(),
                "loss": gap.clip(upper=0), "short": short, "short e": short * e, "short p": short * p,
            }.items()
        }
    )  # fmt: skip


def _named(term: str) -> str:
    """Name of a term in the regressions, which no covariate has."""
    return f"form: {term}"


def information(fit: Estimates, rows: DriverRows) -> dict[str, float]:
    """``r2, logl, aic, bic, n_parameters`` of a least-squares fit under normal errors.

    ``logl`` with weights is that of weights scaled to mean 1: a guide, no likelihood.
    """
    n = fit.n_obs
    y = rows.frame[rows.outcome].to_numpy(dtype=float)
    shares = rows.shares
    total = n * float(shares @ (y - shares @ y) ** 2)
    squares = total * (1 - fit.fit_measures["r_squared"])
    parameters = len(fit.terms) + 1
    logl = -0.5 * n * (np.log(2 * np.pi * squares / n) + 1) + 0.5 * float(np.log(n * shares).sum())
    return {
        "r2": fit.fit_measures["r_squared"],
        "logl": logl,
        "aic": 2 * parameters - 2 * logl,
        "bic": np.log(n) * parameters - 2 * logl,
        "n_parameters": parameters,
    }


def _row(form: _Form, fits: dict[str, Estimates | str], rows: DriverRows) -> dict[str, object]:
    fit = fits[form.name]
    head: dict[str, object] = {"model": form.name, "n_obs": rows.n_obs, "against": form.against}
    if isinstance(fit, str):
        return head | {"n_parameters": 0, "aic": np.nan, "bic": np.nan, "undefined": fit}
    row = head | information(fit, rows)
    wider = fits.get(form.against, "nothing wider is compared here")
    if isinstance(wider, str):
        return row | {"undefined": wider}
    contrast = np.zeros((len(form.zero), len(wider.terms)))
    for place, weights in enumerate(form.zero):
        for term, weight in weights.items():
            contrast[place, wider.terms.index(_named(term))] = weight
    apart = contrast @ wider.coefficients
    count = len(form.zero)
    wald = wald_statistic(apart, contrast @ wider.covariance @ contrast.T)
    return row | {
        "statistic": wald,
        "df": count,
        "df_residual": wider.df,
        "p_value": float(fdtrc(count, wider.df, wald)),
        "undefined": "" if np.isfinite(wald) else "too few clusters for a test of several numbers at once",
    }
