"""How far a model is from the data, out of test statistics: CFI, TLI, RMSEA, information criteria."""

from __future__ import annotations

import math
from collections.abc import Mapping

from scipy.special import chdtrc

from servicefx.sem.reading.model_test import ModelTest
from servicefx.sem.reading.rmsea import rmsea, rmsea_interval, rmsea_robust, rmsea_scaled

__all__ = ["ModelTest", "fit_measures", "rmsea_interval", "undefined_measures"]


def fit_measures(
    *,
    model: ModelTest,
    baseline: ModelTest | None = None,
    robust_model: ModelTest | None = None,
    robust_baseline: ModelTest | None = None,
    n_obs: int,
    n_free: int,
    n_groups: int = 1,
    n_scale: float | None = None,
    logl: float = math.nan,
    srmr: float = math.nan,
) -> dict[str, float]:
    """Every fit measure of a structural equation model.

    Parameters
    ----------
    model, baseline : ModelTest
        Of the model, and of the model without any covariance. Without a baseline its measures are NaN.
    robust_model, robust_baseline : ModelTest, optional
        What the robust measures are made of where that is not ``model`` and ``baseline``: the complete-data
        statistic at the incomplete-data estimates with its mean factor (missing data, Zhang & Savalei), the
        normal-theory statistic of the polychoric correlations with its own (ordered items, Savalei 2021). A
        ``robust_model`` whose ``chi2`` is NaN leaves them out.
    n_obs : int
        Rows of all groups.
    n_free : int
        Free parameters, less the equalities among them.
    n_groups : int
        Groups.
    n_scale : float, optional
        What discrepancies were multiplied by: ``n_obs`` (the default, likelihood), ``n_obs - n_groups``
        (least squares). It stands for n in every RMSEA.
    logl : float
        Log-likelihood; NaN if the estimator has none.
    srmr : float
        From `servicefx.sem.reading.moment_measures.srmr`.

    Returns
    -------
    dict of str to float
        ``chi2, df, p_value, chi2_scaled, scaling_factor, p_value_scaled``, ``chi2_baseline, df_baseline,
        chi2_baseline_scaled, scaling_factor_baseline``, ``cfi, tli, nfi`` with ``cfi_scaled, tli_scaled,
        cfi_robust, tli_robust``, ``rmsea, rmsea_low, rmsea_high`` (90 %), ``rmsea_close`` (p-value of an
        RMSEA of at most .05), the same four as ``rmsea_scaled, rmsea_scaled_low, …`` and ``rmsea_robust,
        rmsea_robust_low, …``, ``srmr, logl, aic, bic, bic_adjusted, n_obs, n_free``. Always the same keys;
        NaN where a measure does not exist, and `undefined_measures` says why.

    Notes
    -----
    With c the mean factor trace(U Gamma) / df and index 0 for the baseline,

    - CFI = 1 - max(X - df, 0) / max(X0 - df0, X - df, 0) (Bentler 1990, eq. 14), 1 if all are 0;
    - TLI = 1 - (X - df) df0 / ((X0 - df0) df) (Tucker & Lewis 1973), which may leave [0, 1];
    - RMSEA = sqrt(G max(X - df, 0) / (df n)) (Steiger 1998 for the G groups), its interval from the
      noncentralities that leave .95 and .05 below X (Browne & Cudeck 1993);
    - the scaled ones put the scaled statistics in place of X. Under mean scaling the interval uses the law
      of c chi-square, i.e. X against c df degrees of freedom and a noncentrality of c times the unscaled one;
    - the robust CFI and TLI put X - c df in place of X - df, so that they estimate what the unscaled ones
      estimate under normality (Brosseau-Liard & Savalei 2014, eq. 12-13); robust RMSEA =
      sqrt(G max(X - c df, 0) / (df n)) with the noncentralities of the scaled statistic times the scaling
      factor (Brosseau-Liard, Savalei & Li 2012, eq. 5-7);
    - AIC = -2 logl + 2 q, BIC = -2 logl + q log n, adjusted BIC with (n + 2) / 24 for n (Sclove 1987).

    References
    ----------
    Bentler (1990), Psychol. Bull. 107, 238-246. Tucker & Lewis (1973), Psychometrika 38, 1-10.
    Browne & Cudeck (1993), in Bollen & Long, Testing Structural Equation Models, 136-162.
    Steiger (1998), Struct. Equ. Modeling 5, 411-419. Brosseau-Liard, Savalei & Li (2012), Multivar. Behav.
    Res. 47, 904-930. Brosseau-Liard & Savalei (2014), Multivar. Behav. Res. 49, 460-470. Savalei (2021),
    Multivar. Behav. Res. 56, 390-407. Zhang & Savalei (2023), Psychol. Methods 28, 263-283.

    Examples
    --------
    >>> model, baseline = ModelTest(chi2=85.306, df=24), ModelTest(chi2=918.852, df=36)
    >>> measures = fit_measures(model=model, baseline=baseline, n_obs=301, n_free=21)
    >>> [round(measures[name], 3) for name in ("cfi", "tli", "rmsea", "rmsea_low", "rmsea_high")]
    [0.931, 0.896, 0.092, 0.071, 0.114]
    """
    scale = (n_obs if n_scale is None else n_scale) / n_groups
    return {
        "chi2": model.chi2,
        "df": float(model.df),
        "p_value": _p_value(model.chi2, model.df) if model.follows_chi2 else math.nan,
        "chi2_scaled": model.chi2_scaled,
        "scaling_factor": model.factor if model.df else math.nan,
        "p_value_scaled": _p_value(model.chi2_scaled, model.df),
        **_incremental(model, baseline),
        **_robust_incremental(robust_model or model, robust_baseline or baseline),
        **rmsea(model, scale),
        **rmsea_scaled(model, scale),
        **rmsea_robust(robust_model or model, scale),
        "srmr": srmr,
        "logl": logl,
        "aic": -2 * logl + 2 * n_free,
        "bic": -2 * logl + math.log(n_obs) * n_free,
        "bic_adjusted": -2 * logl + math.log((n_obs + 2) / 24) * n_free,
        "n_obs": float(n_obs),
        "n_free": float(n_free),
    }


def undefined_measures(
    measures: Mapping[str, float],
    *,
    model: ModelTest,
    baseline: ModelTest | None = None,
    because: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Why measures are NaN, by name; empty where all exist.

    Parameters
    ----------
    measures : mapping of str to float
        From `fit_measures`.
    model, baseline : ModelTest
        As given there.
    because : mapping of str to str, optional
        Reasons only the caller knows, by name; they come first.

    Returns
    -------
    dict of str to str
        Measure -> reason, a clause in lower case without full stop.
    """
    known = because or {}
    return {
        name: known.get(name) or _reason(name, model, baseline)
        for name, value in measures.items()
        if math.isnan(value)
    }


def _p_value(chi2: float, df: int) -> float:
    return float(chdtrc(df, max(chi2, 0.0))) if df and not math.isnan(chi2) else math.nan


def _incremental(model: ModelTest, baseline: ModelTest | None) -> dict[str, float]:
    """Measures against the baseline, plain and scaled."""
    other = baseline or ModelTest(chi2=math.nan, df=0)
    return {
        "chi2_baseline": other.chi2,
        "df_baseline": float(other.df) if baseline else math.nan,
        "chi2_baseline_scaled": other.chi2_scaled,
        "scaling_factor_baseline": other.factor if other.df else math.nan,
        "cfi": _comparative(model.chi2 - model.df, other.chi2 - other.df),
        "tli": _tucker_lewis(model.chi2 - model.df, model.df, other.chi2 - other.df, other.df),
        "nfi": 1 - model.chi2 / other.chi2 if other.chi2 else math.nan,
        "cfi_scaled": _comparative(model.chi2_scaled - model.df, other.chi2_scaled - other.df),
        "tli_scaled": _tucker_lewis(
            model.chi2_scaled - model.df, model.df, other.chi2_scaled - other.df, other.df
        ),
    }


def _robust_incremental(model: ModelTest, baseline: ModelTest | None) -> dict[str, float]:
    other = baseline or ModelTest(chi2=math.nan, df=0)
    excess, excess_baseline = model.chi2 - model.expected, other.chi2 - other.expected
    return {
        "cfi_robust": _comparative(excess, excess_baseline),
        "tli_robust": _tucker_lewis(excess, model.df, excess_baseline, other.df) if model.df else math.nan,
    }


def _comparative(excess: float, excess_baseline: float) -> float:
    """1 less the share of the baseline's misfit that is left."""
    if math.isnan(excess) or math.isnan(excess_baseline):
        return math.nan
    worst = max(excess_baseline, excess, 0.0)
    return 1 - max(excess, 0.0) / worst if worst > 0 else 1.0


def _tucker_lewis(excess: float, df: int, excess_baseline: float, df_baseline: int) -> float:
    if math.isnan(excess) or math.isnan(excess_baseline):
        return math.nan
    if df == 0:
        return 1.0
    if df_baseline == 0 or excess_baseline == 0:
        return math.nan
    return 1 - (excess / df) / (excess_baseline / df_baseline)


_SCALED = ("chi2_scaled", "scaling_factor", "p_value_scaled", "cfi_scaled", "tli_scaled")
_OF_BASELINE = ("chi2_baseline", "df_baseline", "cfi", "tli", "nfi")


def _reason(name: str, model: ModelTest, baseline: ModelTest | None) -> str:
    if name in ("logl", "aic", "bic", "bic_adjusted"):
        return "the estimator has no likelihood"
    if name == "srmr":
        return "no residuals were given"
    about_baseline = name in _OF_BASELINE or name.startswith(("cfi", "tli")) or name.endswith("baseline")
    about_baseline = about_baseline or name == "chi2_baseline_scaled"
    if about_baseline and baseline is None:
        return "there is no baseline model to compare with"
    needs_scaled = name in _SCALED or "scal" in name or "robust" in name
    if needs_scaled and model.scaling_factor is None:
        return "the estimator gives no scaled test; MLM, MLR and WLSMV do"
    if needs_scaled and about_baseline and baseline is not None and baseline.scaling_factor is None:
        return "the baseline model has no scaled test"
    if name == "p_value" and not model.follows_chi2:
        return "unweighted least squares gives a statistic that follows no chi-square distribution"
    if model.df == 0:
        return "the model has no degree of freedom, so that nothing is left to test"
    if needs_scaled and math.isnan(model.factor):
        return "the scaling factor is not positive"
    if about_baseline:
        return "the baseline model fits as well as its degrees of freedom: there is nothing to compare"
    return "a statistic it is made of is not a number"
