"""Penalty and reward: whether poor service costs more than excellent service earns, driver by driver."""

from __future__ import annotations

import pandas as pd

from servicefx.errors import IdentificationError
from servicefx.models.drivers import fit_penalty_reward, joint_asymmetry, penalty_reward
from servicefx.sections.drivers_asked import AskedDrivers, Pages, listed
from servicefx.sections.notes import step_of, units_of
from servicefx.values.estimates import Estimates
from servicefx.values.table import Phrase, Table

__all__ = ["kano_pages"]

_CONTRASTS = (
    "term", "kind", "per_point", "per_point_low", "per_point_high", "per_point_p_value", "estimate",
    "conf_low", "conf_high", "covariance_kind", "n_obs",
)  # fmt: skip
_CLASSES = ("basic", "performance", "excitement", "reversed")
_SEEN = 0.005
"""The column of the class 'reversed' is left out where no driver has a larger chance of it."""


def kano_pages(asked: AskedDrivers) -> Pages:
    """Tables ``penalty_reward`` (both contrasts and their sum) and ``kano`` (the class and its chances)."""
    question = (asked.frame, asked.outcome, asked.drivers, asked.held)
    clusters, weights = asked.clusters, asked.weights
    found = penalty_reward(*question, clusters=clusters, weights=weights, level=asked.study.level)
    classes = found.drop_duplicates("term")
    ends = zip(classes["term"], classes["distance_low"], classes["distance_high"], strict=True)
    distances = {str(term): (float(low), float(high)) for term, low, high in ends}
    chances = [
        name for name in (f"chance_{kind}" for kind in _CLASSES)
        if name != "chance_reversed" or classes[name].max() >= _SEEN
    ]  # fmt: skip
    values = {"outcome": asked.outcome}
    level = Phrase(key="note.level", values={"level": asked.study.level})
    errors = Phrase(key="note.covariance", values={"kind": str(found["covariance_kind"].iloc[0])})
    fit = fit_penalty_reward(*question, clusters=clusters, weights=weights)
    together = _together(fit, asked.drivers, distances)
    return Pages(
        findings=_findings(found, asked),
        tables=(
            Table(
                id="kano",
                title=Phrase(key="table.kano", values=values),
                rows=classes[
                    ["term", "kano", *chances, "impact_asymmetry", "cut_low", "cut_high", "undefined"]
                ],
                notes=(
                    *asked.rows_notes(),
                    errors,
                    Phrase(key="note.kano", values={"hybrid": float(found["hybrid"].iloc[0])}),
                    *asked.also_held_notes(),
                ),
            ),
            Table(
                id="penalty_reward",
                title=Phrase(key="table.penalty_reward", values=values),
                rows=found[list(_CONTRASTS)],
                notes=(
                    *asked.rows_notes(),
                    Phrase(key="note.penalty_reward", values=values),
                    together,
                    *asked.also_held_notes(),
                    level,
                ),
            ),
        ),
    )


def _together(fit: Estimates, drivers: tuple[str, ...], distances: dict[str, tuple[float, float]]) -> Phrase:
    """The joint test that penalty and reward balance, or why there is none."""
    try:
        joint = joint_asymmetry(fit, drivers, distances).iloc[0]
    except IdentificationError as error:
        (problem,) = error.problems
        values = {"where": problem.where, "found": problem.found, "remedy": problem.remedy}
        return Phrase(key="note.problem", values=values)
    names = ("statistic", "df", "df_residual", "p_value")
    return Phrase(key="note.joint_asymmetry", values={name: float(joint[name]) for name in names})


def _findings(found: pd.DataFrame, asked: AskedDrivers) -> tuple[Phrase, ...]:
    """The class of every driver that is sure of it, and the names of the others."""
    sentences, open_ones = [], []
    for term, rows in found.groupby("term", sort=False):
        penalty, reward, _ = rows.to_dict("records")
        kano, chance = penalty["kano"], penalty[f"chance_{penalty['kano']}"]
        if chance < asked.study.level:
            open_ones.append(str(term))
            continue
        values = {
            "term": str(term), "outcome": asked.outcome, "kano": kano, "chance": chance,
            "penalty": penalty["per_point"], "reward": reward["per_point"],
            "step": step_of(asked.study, str(term), asked.data),
            "unit": units_of(asked.study, asked.outcome, asked.data),
        }  # fmt: skip
        sentences.append(Phrase(key="finding.kano", values=values))
    if open_ones:
        sentences.append(
            Phrase(key="finding.kano_open", values={"n": len(open_ones), "names": listed(open_ones)})
        )
    return tuple(sentences)
