"""Whether something cushions a failure: the interaction of a failure with tenure, loyalty or image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from servicefx.errors import IdentificationError, Problem
from servicefx.models.moderation import Interaction, fit_interaction, simple_slopes
from servicefx.models.recovery.complaints import Complaints

__all__ = ["FailureBuffer", "failure_buffer"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FailureBuffer:
    """What a failure costs, and whether it costs less where a buffer is high.

    Attributes
    ----------
    interaction : Interaction
        The regression; a positive product cushions.
    product : DataFrame
        One row, ``outcome, term, moderator`` and the numbers of a table of estimates: by how much
        less a failure costs per unit of the buffer.
    slopes : DataFrame
        Difference a failure makes at values of the buffer, as `servicefx.models.moderation.simple_slopes`.
    verdict : str
        ``"supported"`` where the product is surely above zero, ``"contradicted"`` below, else
        ``"undecided"``.
    """

    interaction: Interaction
    product: pd.DataFrame
    slopes: pd.DataFrame
    verdict: str


def failure_buffer(
    complaints: Complaints,
    outcome: str,
    buffer: str,
    covariates: Sequence[str] = (),
    *,
    level: float = 0.95,
) -> FailureBuffer:
    """Whether a failure costs less of an outcome where a buffer is high. Answers H19.

    Parameters
    ----------
    complaints : Complaints
        With a recorded failure; everybody counts here, whether they complained or not.
    outcome : str
        Column explained.
    buffer : str
        Column that may cushion: years as a customer, an image.
    covariates : sequence of str
        Columns held.
    level : float

    Returns
    -------
    FailureBuffer

    Raises
    ------
    IdentificationError
        If no failure is recorded, or nobody was spared.
    DataError
        As `servicefx.models.moderation.fit_interaction`.
    """
    where = f"buffer '{buffer}' of a failure"
    if complaints.failure is None or complaints.failed.all():
        found = "a failure hit everybody" if complaints.failure else "no failure is recorded"
        raise IdentificationError(Problem(where, found, "Name a column of 0 and 1 as 'failure'."))
    fit = fit_interaction(
        complaints.frame, outcome, complaints.failure, buffer, covariates,
        clusters=complaints.clusters, weights=complaints.weights,
    )  # fmt: skip
    table = fit.estimates.table(level=level)
    row = table[table["term"] == f"{complaints.failure} × {buffer}"]
    product = row.assign(term=complaints.failure, moderator=buffer).reset_index(drop=True)
    low, high = float(product["conf_low"].iloc[0]), float(product["conf_high"].iloc[0])
    return FailureBuffer(
        interaction=fit,
        product=product,
        slopes=simple_slopes(fit, level=level),
        verdict="supported" if low > 0 else "contradicted" if high < 0 else "undecided",
    )
