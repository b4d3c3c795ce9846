"""What the gap says in words: does the outcome follow it, and does a shortfall weigh more."""

from __future__ import annotations

import pandas as pd

from servicefx.effects.verdicts import sign_verdict
from servicefx.models.gap import GapFit
from servicefx.models.gap.slopes import GAIN, KINK, LOSS, RATIO, STRAIGHT
from servicefx.values.table import Phrase

__all__ = ["asymmetry_verdict", "gap_findings", "slope_verdict"]

Values = dict[str, str | int | float]


def gap_findings(
    outcome: str,
    alone: GapFit | None,
    held: GapFit | None,
    dimensions: GapFit | None,
    forms: pd.DataFrame,
    level: float,
    unit: str,
) -> tuple[Phrase, ...]:
    """Sentences about H2, most important first.

    Parameters
    ----------
    outcome : str
    alone, held : GapFit, optional
        Over all dimensions, without and with perceptions held.
    dimensions : GapFit, optional
        By dimension, without perceptions held.
    forms : DataFrame
        Of `servicefx.models.gap.compare_gap_forms`.
    level : float
    unit : str
        Of the outcome.
    """
    told = []
    shared: Values = {"outcome": outcome, "unit": unit}
    if alone is not None:
        told += [_slope(alone, shared), _weights(alone, shared)]
    if held is not None:
        told.append(_held(held, shared))
    if dimensions is not None:
        told.append(_dimensions(dimensions, level, shared))
    told += _difference(outcome, forms, level)
    if alone is not None and asymmetry_verdict(alone) == "supported":
        told += _bend(forms, level)
    return tuple(told)


def _of(fit: GapFit, kind: str, prefix: str = "") -> Values:
    """Estimate and interval of one kind of slope of the first gap."""
    row = fit.slopes[(fit.slopes["construct"] == fit.gaps[0]) & (fit.slopes["kind"] == kind)].iloc[0]
    names = {"estimate": prefix or "estimate", "conf_low": f"{prefix}_low", "conf_high": f"{prefix}_high"}
    if not prefix:
        names = {name: name for name in names}
    return {said: float(row[name]) for name, said in names.items()}


def _verdict(fit: GapFit, kind: str) -> str:
    found = _of(fit, kind)
    return sign_verdict(float(found["conf_low"]), float(found["conf_high"]), "+")


def slope_verdict(fit: GapFit) -> str:
    """What the data say of "the outcome follows the gap", of the first gap."""
    return _verdict(fit, STRAIGHT)


def asymmetry_verdict(fit: GapFit) -> str:
    """What the data say of "a shortfall weighs more than a surplus", of the first gap.

    Undecided where a slope surely runs against the gap: then the two sides do not weigh the same thing.
    """
    return "undecided" if _turns(fit) else _verdict(fit, KINK)


def _turns(fit: GapFit) -> bool:
    return any(_verdict(fit, side) == "contradicted" for side in (LOSS, GAIN))


def _slope(fit: GapFit, shared: Values) -> Phrase:
    verdict = slope_verdict(fit)
    keys = {"supported": "finding.gap_slope", "contradicted": "finding.gap_slope_against"}
    return Phrase(key=keys.get(verdict, "finding.gap_slope_open"), values={**shared, **_of(fit, STRAIGHT)})


def _weights(fit: GapFit, shared: Values) -> Phrase:
    """Whether losses weigh more, with the ratio where it has an interval."""
    values: Values = dict(shared)
    for kind, prefix in ((LOSS, "loss"), (GAIN, "gain"), (KINK, "kink"), (RATIO, "ratio")):
        values |= _of(fit, kind, prefix)
    verdict = asymmetry_verdict(fit)
    gains_count = float(values["gain_low"]) > 0
    if _turns(fit):
        key = "finding.gap_turns"
    elif verdict == "supported":
        key = "finding.gap_losses_ratio" if gains_count else "finding.gap_losses"
    else:
        key = "finding.gap_gains" if verdict == "contradicted" else "finding.gap_alike"
    return Phrase(key=key, values=values)


def _held(fit: GapFit, shared: Values) -> Phrase:
    values: Values = {**shared, "verdict": asymmetry_verdict(fit)}
    for kind, prefix in ((LOSS, "loss"), (GAIN, "gain"), (KINK, "kink")):
        values |= _of(fit, kind, prefix)
    return Phrase(key="finding.gap_held", values=values)


def _dimensions(fit: GapFit, level: float, shared: Values) -> Phrase:
    """In how many dimensions losses surely weigh more, and where a shortfall costs most."""
    rows = fit.slopes
    kinks = rows[rows["kind"] == KINK]
    sure = int(((kinks["p_value"] <= 1 - level) & (kinks["estimate"] > 0)).sum())
    losses = rows[rows["kind"] == LOSS].sort_values("estimate", ascending=False, kind="stable").iloc[0]
    values: Values = {name: float(losses[name]) for name in ("estimate", "conf_low", "conf_high")}
    values |= shared | {"n": sure, "all": len(kinks), "construct": str(losses["construct"])}
    return Phrase(key="finding.gap_dimensions", values=values)


def _difference(outcome: str, forms: pd.DataFrame, level: float) -> list[Phrase]:
    """Whether the difference score loses something; nothing where the surface cannot be fitted."""
    found = {str(row["model"]): row for row in forms.to_dict("records")}
    p_value = float(found["difference"]["p_value"])
    if pd.isna(p_value):
        return []
    names = {"difference": "difference", "surface": "second-order surface", "perception": "perception alone"}
    values: Values = {said: float(found[name]["r2"]) for said, name in names.items()}
    key = "finding.gap_difference_loses" if p_value <= 1 - level else "finding.gap_difference"
    return [Phrase(key=key, values={"outcome": outcome, "p_value": p_value, **values})]


def _bend(forms: pd.DataFrame, level: float) -> list[Phrase]:
    """Whether a kink can be told from a smooth bend."""
    p_value = float(forms.loc[forms["model"] == "second-order surface", "p_value"].iloc[0])
    if pd.isna(p_value):
        return []
    key = "finding.gap_kink_sharp" if p_value <= 1 - level else "finding.gap_kink_smooth"
    return [Phrase(key=key, values={"p_value": p_value})]
