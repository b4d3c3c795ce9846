"""What the threshold says beyond its own section: claim K8, and the row of hypothesis H15."""

from __future__ import annotations

from servicefx.effects.verdicts import verdict_against
from servicefx.errors import ServicefxError
from servicefx.sections.notes import refused, slope_unit
from servicefx.sections.waiting_asked import WAIT, AskedWait, asked_waits, bends, fit_asked
from servicefx.study.study import Study
from servicefx.theory.catalogue import load_theory
from servicefx.values.table import Phrase

__all__ = ["beyond_row", "wait_claims"]

Row = dict[str, str | int | float]
_CLAIM, _SATISFACTION = "K8", "satisfaction"


def wait_claims(study: Study, seed: int | None = None) -> tuple[tuple[Row, ...], tuple[Phrase, ...], str]:
    """Verdict on K8, where a path leads from the response time to satisfaction.

    Supported where satisfaction surely falls beyond a limit; undecided where no limit is found, since then
    nothing lies beyond it.

    Parameters
    ----------
    study : Study
    seed : int
        Of the resamples; by default the study's.

    Returns
    -------
    tuple
        Rows of the table ``claims``, what to say under it, and the data file (empty where nothing is asked).
    """
    paths = [path for path in asked_waits(study) if (path.wait, path.outcome) == (WAIT, _SATISFACTION)]
    if not paths:
        return (), (), ""
    asked = paths[0]
    try:
        fit = fit_asked(study, asked, seed)
    except ServicefxError as error:
        return (), refused("claims", error).notes, ""
    beyond, (part,) = fit.slopes.iloc[1], load_theory().claims[_CLAIM].parts
    low, high = float(beyond["conf_low"]), float(beyond["conf_high"])
    found = bends(fit, study.level)
    row: Row = {
        "claim": _CLAIM,
        "measure": part.id,
        "wording": part.measured_en,
        "estimate": float(beyond["estimate"]),
        "conf_low": low,
        "conf_high": high,
        "unit": slope_unit(study, asked.outcome, asked.wait, asked.data),
        "n_obs": fit.n_obs,
        "target_low": part.target_low,
        "target_high": part.target_high,
        "verdict": verdict_against(low, high, part.target_low, part.target_high) if found else "undecided",
        "undefined": "",
    }
    values: dict[str, str | int | float] = {
        "limit": fit.threshold.estimate,
        "p_value": float(fit.test["p_value"].iloc[0]),
    }
    return (row,), (Phrase(key="note.limit_K8" if found else "note.no_limit_K8", values=values),), asked.data


def beyond_row(study: Study, asked: AskedWait, seed: int | None = None) -> Row | None:
    """Slope beyond the threshold as a row of the table ``hypotheses``.

    None where there is no bend, or none can be sought, which the section on waits tells.
    """
    try:
        fit = fit_asked(study, asked, seed)
    except ServicefxError:
        return None
    if not bends(fit, study.level):
        return None
    beyond = fit.slopes.iloc[1]
    numbers = {name: float(beyond[name]) for name in ("estimate", "conf_low", "conf_high", "p_value")}
    unit = f"{slope_unit(study, asked.outcome, asked.wait, asked.data)}, beyond the threshold"
    return {**numbers, "n_obs": fit.n_obs, "unit": unit}
