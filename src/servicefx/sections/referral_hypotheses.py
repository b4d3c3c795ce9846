"""Rows of the hypotheses' table whose outcome is a number of people told."""

from __future__ import annotations

from servicefx.effects.verdicts import sign_verdict
from servicefx.models.referral import fit_told, people_groups
from servicefx.sections.notes import step_of
from servicefx.study.study import Study

__all__ = ["told_hypotheses"]

_SATISFACTION, _HYPOTHESIS = "satisfaction", "H5"
_CONTRAST = "people, dissatisfied less satisfied"


def told_hypotheses(
    study: Study, outcome: str, data: str, seed: int | None = None
) -> list[dict[str, str | int | float]]:
    """Estimates of every path into a number of people, none of them a straight line.

    From satisfaction: the mean number of people that dissatisfied customers tell less that of satisfied ones,
    which hypothesis H5 predicts to be positive; a slope of a U says nothing. From anything else: the term of
    the count model, log of the ratio of means, without a predicted sign.

    Parameters
    ----------
    study : Study
    outcome : str
        One of `servicefx.models.referral.told_outcomes`.
    data : str
    seed : int
        Of the shared resamples; by default the study's.

    Returns
    -------
    list of dict
        Rows of the table ``hypotheses``.
    """
    fit = fit_told(study, outcome, data, seed=seed).estimates
    terms = {str(row["term"]): row for row in fit.table(level=study.level).to_dict("records")}
    groups = people_groups(study, outcome, data)
    rows: list[dict[str, str | int | float]] = []
    for path in study.spec.paths:
        if path.to != outcome or path.data not in (None, data):
            continue
        for source in path.sources:
            shared = {"hypothesis": path.hypothesis, "data": data, "from": source, "to": outcome}
            if source == _SATISFACTION and groups is not None:
                pair = groups.differences.to_dict("records")[1]
                low, high = float(pair["conf_low"]), float(pair["conf_high"])
                asked = path.hypothesis == _HYPOTHESIS
                rows.append(
                    {
                        **shared, "estimate": float(pair["estimate"]), "conf_low": low, "conf_high": high,
                        "p_value": float(pair["p_value"]), "n_obs": int(pair["n_obs"]), "unit": _CONTRAST,
                        "design": "association", "predicted": "positive" if asked else "no sign",
                        "verdict": sign_verdict(low, high, "+") if asked else "not predicted",
                    }
                )  # fmt: skip
            elif source in terms:
                found = terms[source]
                rows.append(
                    {
                        **shared, "estimate": float(found["estimate"]), "conf_low": float(found["conf_low"]),
                        "conf_high": float(found["conf_high"]), "p_value": float(found["p_value"]),
                        "n_obs": fit.n_obs, "unit": f"log people per {step_of(study, source, data)}",
                        "design": "adjusted", "predicted": "no sign", "verdict": "not predicted",
                    }
                )  # fmt: skip
    return rows
