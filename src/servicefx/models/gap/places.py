"""Other places at which the line over the gap may bend than "as expected"."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from servicefx.engines.linear import Covariance
from servicefx.errors import DataError, IdentificationError
from servicefx.models.drivers.rows import driver_rows
from servicefx.models.gap.draws import drawn_fit
from servicefx.models.gap.forms import information
from servicefx.models.gap.kink import sides

__all__ = ["compare_kink_places"]


def compare_kink_places(
    data: pd.DataFrame,
    outcome: str,
    gap: str,
    places: Sequence[float] = (-1.0, -0.5, 0.0, 0.5, 1.0),
    covariates: Sequence[str] = (),
    *,
    covariance: Covariance = "hc3",
    clusters: pd.Series | None = None,
    weights: pd.Series | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """The kink put elsewhere: whether the line bends at "as expected" or at some tolerated shortfall.

    Parameters
    ----------
    data, outcome, gap, covariates, covariance, clusters, weights, level
        As `servicefx.models.gap.fit_gap`.
    places : sequence of float
        Gaps at which the line may bend, in points.

    Returns
    -------
    DataFrame
        One row a place, in the order given: ``at, estimate, std_error, p_value, conf_low, conf_high`` (slope
        below it less slope above it), ``n_below, n_above, r2, logl, aic, delta_aic, undefined``. All places
        estimate the same number of parameters on the same rows, so the AIC ranks them by fit alone, and a
        best place chosen that way makes its own p-value too small.

    Raises
    ------
    DataError, IdentificationError
        As `servicefx.models.gap.fit_gap`, but for an empty side, which leaves its row undefined.

    Notes
    -----
    `servicefx.models.waiting.fit_threshold` seeks the place, with its interval (Hansen 2017).
    """
    rows = driver_rows(data, outcome, [gap], covariates, weights=weights, clusters=clusters)
    values = rows.frame[gap]
    below, above = f"{gap} below", f"{gap} above"
    found = []
    for place in places:
        entry: dict[str, object] = {
            "at": float(place),
            "n_below": int((values < place).sum()),
            "n_above": int((values > place).sum()),
            "undefined": "",
        }
        design = rows.frame.assign(
            **{below: (values - place).clip(upper=0), above: (values - place).clip(lower=0)}
        )
        try:
            sides(values, gap, place)
            fit = drawn_fit(design, [below, above, *rows.covariates], rows, covariance, None)
        except (DataError, IdentificationError) as error:
            entry["undefined"] = error.problems[0].found
        else:
            kink = fit.contrast(fit.weights({below: 1.0, above: -1.0}), level)
            names = ("estimate", "std_error", "p_value", "conf_low", "conf_high")
            entry |= {name: kink[name] for name in names} | information(fit.estimates, rows)
        found.append(entry)
    columns = [
        "at", "estimate", "std_error", "p_value", "conf_low", "conf_high", "n_below", "n_above", "r2", "logl",
        "aic", "undefined",
    ]  # fmt: skip
    frame = pd.DataFrame(found).reindex(columns=columns)
    frame.insert(
        columns.index("undefined"), "delta_aic", frame["aic"] - np.nanmin(frame["aic"].astype(float))
    )
    return frame
