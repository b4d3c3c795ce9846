"""Fit measures of a structural model as rows of a table."""

from __future__ import annotations

import pandas as pd

from servicefx.sem.sem_fit import SemFit

__all__ = ["fit_answer", "measure_rows"]

_MEASURES = (
    "n_obs", "n_free", "chi2", "df", "p_value", "chi2_scaled", "scaling_factor", "p_value_scaled",
    "chi2_baseline", "df_baseline", "cfi", "tli", "rmsea", "rmsea_close", "cfi_robust", "tli_robust",
    "rmsea_robust", "srmr", "logl", "aic", "bic",
)  # fmt: skip


def measure_rows(fit: SemFit) -> pd.DataFrame:
    """The main fit measures, one row each, and the explained share of every construct.

    Parameters
    ----------
    fit : SemFit

    Returns
    -------
    DataFrame
        ``measure, construct, group, estimate, conf_low, conf_high, undefined``. RMSEAs carry their 90 %
        interval; R² is that of constructs and of what paths explain;
        ``undefined`` says why a measure is NaN, "" where it exists.
    """
    measures, undefined = fit.measures, fit.undefined
    rows: list[dict[str, float | str]] = []
    for name in _MEASURES:
        row: dict[str, float | str] = {
            "measure": name,
            "construct": "",
            "group": "",
            "estimate": float(measures[name]),
            "undefined": undefined.get(name, ""),
        }
        if name in ("rmsea", "rmsea_robust"):
            row |= {"conf_low": measures[f"{name}_low"], "conf_high": measures[f"{name}_high"]}
        rows.append(row)
    shares = fit.r2
    latent = shares["outcome"].isin(fit.model.constructs)
    regressed = {p.lhs for p in fit.model.parameters if p.op == "~"}
    rows += [
        {
            "measure": "r_squared",
            "construct": row["outcome"],
            "group": row["group"],
            "estimate": float(row["estimate"]),
            "undefined": "",
        }
        for row in shares[latent | shares["outcome"].isin(regressed)].to_dict("records")
    ]
    columns = ["measure", "construct", "group", "estimate", "conf_low", "conf_high", "undefined"]
    return pd.DataFrame(rows, columns=columns)


def fit_answer(fit: SemFit) -> dict[str, object]:
    """What a program needs to know of a fit besides its frames: how it was made, what is doubtful.

    Returns
    -------
    dict
        ``estimator, std_errors, problems, dropped, undefined`` of texts, counts and lists of them.
    """
    return {
        "estimator": fit.estimator,
        "std_errors": fit.solution.error_kind,
        "problems": [{"where": p.where, "found": p.found, "remedy": p.remedy} for p in fit.problems],
        "dropped": dict(fit.dropped),
        "undefined": fit.undefined,
    }
