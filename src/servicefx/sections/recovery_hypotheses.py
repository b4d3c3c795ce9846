"""Rows of the hypotheses' table about complaint handling, which complainers alone can answer."""

from __future__ import annotations

from servicefx.effects.verdicts import sign_verdict
from servicefx.errors import ServicefxError
from servicefx.models.recovery import fit_handling, held_among_complainers
from servicefx.sections.notes import slope_unit
from servicefx.sections.recovery_asked import held_columns, read_recovery
from servicefx.study.study import Study

__all__ = ["recovery_hypotheses"]

_HYPOTHESIS = "H9"
_PREDICTED = ("satisfaction", "loyalty")


def recovery_hypotheses(study: Study) -> list[dict[str, str | int | float]]:
    """Effect of handling on every outcome of ``[recovery]``, among complainers; the numbers of that section.

    Parameters
    ----------
    study : Study

    Returns
    -------
    list of dict
        Rows of the table ``hypotheses``; empty where the study does not ask, where nothing can be fitted (the
        recovery section says why), or for an outcome to which a path from handling is declared.
    """
    asked = study.spec.recovery
    if asked is None:
        return []
    rows: list[dict[str, str | int | float]] = []
    try:
        data, complaints = read_recovery(study, asked, None)
        for outcome in asked.outcomes:
            declared = any(path.to == outcome and asked.handling in path.sources for path in study.spec.paths)
            if declared or outcome not in study.scores[data]:
                continue
            held = held_columns(study, asked, data, complaints, outcome)
            fit = fit_handling(complaints, outcome, held_among_complainers(complaints, held)).estimates
            found = fit.table(level=study.level).iloc[0].to_dict()
            low, high = float(found["conf_low"]), float(found["conf_high"])
            predicted = outcome in _PREDICTED
            rows.append(
                {
                    "hypothesis": _HYPOTHESIS,
                    "data": data,
                    "from": asked.handling,
                    "to": outcome,
                    "estimate": float(found["estimate"]),
                    "conf_low": low,
                    "conf_high": high,
                    "p_value": float(found["p_value"]),
                    "n_obs": fit.n_obs,
                    "unit": slope_unit(study, outcome, asked.handling, data),
                    "design": "adjusted" if held else "association",
                    "predicted": "positive" if predicted else "no sign",
                    "verdict": sign_verdict(low, high, "+") if predicted else "not predicted",
                }
            )
    except ServicefxError:
        return rows
    return rows
