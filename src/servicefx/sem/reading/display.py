"""A SemFit in a few lines, for the console and the notebook."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from servicefx.sem.sem_fit import SemFit

__all__ = ["short_html", "short_text"]


def short_text(fit: SemFit) -> str:
    """What was fitted, how well, and what is doubtful: one line each."""
    return "\n".join([f"SemFit: {_what(fit)}", f"  {_how_well(fit)}", *(f"  {one}" for one in _doubts(fit))])


def short_html(fit: SemFit) -> str:
    """The same above the table of parameters."""
    lines = [f"<b>SemFit</b>: {escape(_what(fit))}", escape(_how_well(fit)), *map(escape, _doubts(fit))]
    frame = fit.parameters.drop(columns=["free", "std_lv", "std_all_error"])
    empty = [name for name in ("group", "label") if (frame[name] == "").all()]
    table = frame.drop(columns=empty).to_html(
        index=False, na_rep="", float_format="{:.3f}".format, max_rows=60
    )
    return f"<p>{'<br>'.join(lines)}</p>{table}"


def _what(fit: SemFit) -> str:
    model = fit.model
    missing = ", fiml" if fit.choices.missing == "fiml" else ""
    n_groups = len(model.groups)
    groups = f" in {n_groups} groups" if n_groups > 1 else ""
    lost = sum(fit.dropped.values())
    dropped = f" ({lost:,} not used)" if lost else ""
    return (
        f"{fit.estimator}{missing}, {len(model.items)} items, {len(model.constructs)} constructs, "
        f"{fit.n_obs:,} rows{groups}{dropped}, {fit.measures['n_free']:.0f} free parameters"
    )


def _how_well(fit: SemFit) -> str:
    measures = fit.measures
    scaled = not math.isnan(measures["chi2_scaled"])
    chi2, p = (
        (measures["chi2_scaled"], measures["p_value_scaled"])
        if scaled
        else (measures["chi2"], measures["p_value"])
    )
    shown = [f"chi2{' (scaled)' if scaled else ''} {chi2:.3f}", f"df {measures['df']:.0f}"]
    shown += [] if math.isnan(p) else ["p < .001" if p < 0.001 else f"p {p:.3f}"]
    for name, key in (("CFI", "cfi"), ("RMSEA", "rmsea"), ("SRMR", "srmr")):
        value = measures.get(f"{key}_robust", math.nan)
        robust = not math.isnan(value)
        value = value if robust else measures[key]
        shown += [] if math.isnan(value) else [f"{name}{' (robust)' if robust else ''} {value:.3f}"]
    return ", ".join(shown)


def _doubts(fit: SemFit) -> list[str]:
    return [f"{one.where}: {one.found}" for one in fit.problems]
