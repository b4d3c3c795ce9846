"""Slopes of a curve in the zones of defection, indifference and affection."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.models.loyalty.curve.forms import Form, FormFit
from servicefx.models.loyalty.curve.places import CurveRows
from servicefx.values.effect import Effect

__all__ = ["ZONES", "ZoneSlopes", "knot_frame", "zone_slopes"]

Floats = NDArray[np.float64]
ZONES = ("defection", "indifference", "affection")
"""From the least to the most satisfied (Jones & Sasser 1995)."""
_COLUMNS = [
    "model", "zone", "low", "high", "estimate", "std_error", "conf_low", "conf_high", "unit", "n_obs",
    "undefined",
]  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ZoneSlopes:
    """One slope a zone, as rows and as effects."""

    rows: pd.DataFrame
    effects: tuple[Effect, ...]


def zone_slopes(
    rows: CurveRows,
    form: Form,
    sample: FormFit | None,
    drawn: FormFit | None,
    source: str,
    unit: str,
    level: float,
) -> ZoneSlopes:
    """Slope in every zone of one form.

    Parameters
    ----------
    rows : CurveRows
    form : Form
        Three zones, given or estimated.
    sample, drawn : FormFit or None
        In the sample and in every resample; None where the form has no shape.
    source : str
        Which resamples.
    unit : str
        Of the outcome, ``"points per point"``; of a 0/1 outcome the slope is the rise of the share over the
        zone, divided by the zone's length.
    level : float
    """
    if sample is None or drawn is None:
        blank: dict[str, object] = dict.fromkeys(("low", "high", "estimate", "std_error"), np.nan)
        found = [
            {"model": form.name, "zone": zone, **blank, "conf_low": np.nan, "conf_high": np.nan,
             "unit": unit, "n_obs": 0, "undefined": form.undefined}
            for zone in ZONES
        ]  # fmt: skip
        return ZoneSlopes(rows=pd.DataFrame(found, columns=_COLUMNS), effects=())
    ends, slopes = _slopes(rows, form, sample)
    _, drawn_slopes = _slopes(rows, form, drawn)
    zones = np.digitize(rows.x[rows.at], ends[0, 1:3])
    effects, table = [], []
    for place, zone in enumerate(ZONES):
        start, end = ends[0, place], ends[0, place + 1]
        effect = Effect(
            estimand=f"slope of {rows.outcome} over {rows.term} from {start:.3g} to {end:.3g} ({form.name})",
            unit=unit,
            estimate=float(slopes[0, place]),
            draws=drawn_slopes[:, place],
            draw_source=(source,),
            design="association",
        )
        low, high = effect.interval(level)
        table.append(
            {
                "model": form.name,
                "zone": zone,
                "low": start,
                "high": end,
                "estimate": effect.estimate,
                "std_error": effect.std_error,
                "conf_low": low,
                "conf_high": high,
                "unit": unit,
                "n_obs": int((zones == place).sum()),
                "undefined": "",
            }
        )
        effects.append(effect)
    return ZoneSlopes(rows=pd.DataFrame(table, columns=_COLUMNS), effects=tuple(effects))


def _slopes(rows: CurveRows, form: Form, fit: FormFit) -> tuple[Floats, Floats]:
    """Ends of the zones, shape (b, 4), and the mean slope in each, (b, 3)."""
    b = len(fit.theta)
    knots = fit.theta[:, 4:] if fit.theta.shape[1] > 4 else np.tile(np.array(form.knots), (b, 1))
    edges = np.tile([rows.x[0], rows.x[-1]], (b, 1))
    ends = np.column_stack([edges[:, 0], knots, edges[:, 1]])
    if not form.logit:
        return ends, np.cumsum(fit.theta[:, 1:4], axis=1)
    assert form.shape is not None
    height = form.shape.mean(fit.theta, ends if form.shape.knots else ends[0])[0]
    return ends, np.diff(height, axis=1) / np.diff(ends, axis=1)


def knot_frame(form: Form, sample: FormFit | None, drawn: FormFit | None, level: float) -> pd.DataFrame:
    """Estimated ends of the middle zone.

    Columns ``model, term, estimate, std_error, conf_low, conf_high, undefined``.
    """
    terms = ("lower end of indifference", "upper end of indifference")
    found = []
    for place, term in enumerate(terms, start=4):
        row = {"model": form.name, "term": term}
        if sample is None or drawn is None:
            numbers = dict.fromkeys(("estimate", "std_error", "conf_low", "conf_high"), float("nan"))
            found.append({**row, **numbers, "undefined": form.undefined})
            continue
        tails = [(1 - level) / 2, (1 + level) / 2]
        low, high = np.quantile(drawn.theta[:, place], tails)
        numbers = {
            "estimate": float(sample.theta[0, place]),
            "std_error": float(drawn.theta[:, place].std(ddof=1)) if len(drawn.theta) > 1 else float("nan"),
            "conf_low": float(low),
            "conf_high": float(high),
        }
        found.append({**row, **numbers, "undefined": ""})
    return pd.DataFrame(found)
