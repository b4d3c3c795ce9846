"""Tables and the figure of people told."""

from __future__ import annotations

import numpy as np
import pandas as pd

from servicefx.models.referral import AsymmetricU, PeopleGroups, PeopleModel
from servicefx.models.referral.people import DELTA
from servicefx.models.referral.shape import ABOVE, BELOW
from servicefx.sections.notes import draw_notes, fit_notes, score_notes, units_of
from servicefx.study.study import Study
from servicefx.values.table import Figure, Phrase, Table

__all__ = ["group_table", "people_figure", "people_tables"]

_MODEL_COLUMNS = [
    "model", "logl", "n_parameters", "aic", "bic", "delta_bic", "dispersion", "zeros_expected", "undefined",
]  # fmt: skip
_RATIO_COLUMNS = [
    "term", "measure", "estimate", "std_error", "conf_low", "conf_high", "unit", "n_obs", "undefined",
]  # fmt: skip
_GROUP_COLUMNS = [
    "measure", "group", "reference", "estimate", "conf_low", "conf_high", "n_obs", "expected_people",
    "undefined",
]  # fmt: skip
_ROWS_USED = ("note.sample", "note.dropped", "note.dropped_missing", "note.nothing_dropped")


def people_tables(
    study: Study, outcome: str, data: str, fit: AsymmetricU | PeopleModel, seed: int
) -> tuple[list[Table], list[Table]]:
    """Tables that answer, and those that say how: models, tests, counts, the curve's numbers.

    Parameters
    ----------
    study : Study
    outcome, data : str
    fit : AsymmetricU or PeopleModel
        From `servicefx.models.referral.fit_told`.
    seed : int
        Of the shared resamples.
    """
    others = [name for name in fit.ratios["term"].unique() if name not in (BELOW, ABOVE)]
    alone = len(others) <= (0 if isinstance(fit, AsymmetricU) else 1)
    design = "association" if alone else "adjusted"
    notes = fit_notes(study, data, fit.estimates, design)
    used = tuple(note for note in notes if note.key in _ROWS_USED)
    level = Phrase(key="note.level", values={"level": study.level})
    failed = (
        fit.dissatisfied.n_failed if isinstance(fit, AsymmetricU) else int(np.isnan(fit.draws[:, 0]).sum())
    )
    drawn = draw_notes(study, data, seed, failed)
    comparison = fit.comparison
    title: dict[str, str | int | float] = {"outcome": outcome}
    main = [
        Table(
            id="referral",
            title=Phrase(key="table.referral", values=title),
            rows=_ratios(study, data, fit),
            notes=(
                *used,
                Phrase(key="note.referral_model", values={"model": fit.family, "by": _by(study, data)}),
                *_centre_notes(fit),
                *drawn,
                *(note for note in notes if note.key not in (*_ROWS_USED, "note.covariance")),
            ),
        )
    ]
    aside = [
        Table(
            id="referral_models",
            title=Phrase(key="table.referral_models", values=title),
            rows=comparison.models[_MODEL_COLUMNS],
            notes=(
                *used,
                Phrase(
                    key="note.referral_models", values={"share": float(comparison.spread["share"].iloc[0])}
                ),
            ),
        ),
        Table(
            id="referral_tests",
            title=Phrase(key="table.referral_tests", values=title),
            rows=comparison.tests,
            notes=(*used, Phrase(key="note.referral_tests"), *_covariance(notes)),
        ),
        Table(
            id="referral_counts",
            title=Phrase(key="table.referral_counts", values=title),
            rows=comparison.spread,
            notes=(Phrase(key="note.referral_counts", values={"model": fit.family}),),
        ),
    ]
    if isinstance(fit, AsymmetricU):
        main.append(
            Table(
                id="referral_shape",
                title=Phrase(key="table.referral_shape", values={**title, "satisfaction": fit.satisfaction}),
                rows=fit.shape,
                notes=(*used, Phrase(key="note.referral_shape"), *_covariance(notes)),
            )
        )
        aside.append(
            Table(
                id="referral_curve",
                title=Phrase(key="table.referral_curve", values={**title, "satisfaction": fit.satisfaction}),
                rows=fit.curve,
                notes=(Phrase(key="note.referral_band"), level),
                layout="behind",
            )
        )
    return main, aside


def _by(study: Study, data: str) -> str:
    return "weights" if study.weights(data) is not None else "bic"


def _covariance(notes: tuple[Phrase, ...]) -> tuple[Phrase, ...]:
    return tuple(note for note in notes if note.key == "note.covariance")


def _centre_notes(fit: AsymmetricU | PeopleModel) -> tuple[Phrase, ...]:
    if not isinstance(fit, AsymmetricU):
        return ()
    values: dict[str, str | int | float] = {"satisfaction": fit.satisfaction, "centre": fit.centre}
    notes = [Phrase(key="note.referral_centre", values=values)]
    if np.isfinite(fit.best_centre):
        notes.append(Phrase(key="note.referral_best_centre", values={"centre": fit.best_centre}))
    return tuple(notes)


def _ratios(study: Study, data: str, fit: AsymmetricU | PeopleModel) -> pd.DataFrame:
    """Ratios of means and people per point, by the resamples; then asymmetry and the turning point."""
    kinds = fit.ratios["interval"]
    chosen = fit.ratios[kinds != DELTA] if (kinds != DELTA).any() else fit.ratios
    people = units_of(study, fit.estimates.outcome, data)
    people = "people" if people == "units" else people
    units = {"rate_ratio": "ratio", "marginal_effect": f"{people} per point"}
    parts = [chosen.assign(unit=chosen["measure"].map(units), undefined="")]
    if isinstance(fit, AsymmetricU):
        units = {"asymmetry": "log people per point", "minimum": units_of(study, fit.satisfaction, data)}
        contrasts = fit.contrasts.assign(term=fit.satisfaction)
        parts.append(contrasts.assign(unit=contrasts["measure"].map(units)))
    frame = pd.concat(parts, ignore_index=True)[_RATIO_COLUMNS]
    order = frame["term"].drop_duplicates().tolist()
    return frame.sort_values("term", key=lambda names: names.map(order.index), kind="stable")


def group_table(study: Study, data: str, outcome: str, groups: PeopleGroups) -> Table:
    """Mean numbers of people told by groups of satisfaction, and two differences."""
    means = groups.means.assign(measure="people", reference="")
    model = dict(zip(groups.means["group"], groups.means["expected_people"], strict=True))
    pairs = groups.differences.rename(columns={"group_left": "group", "group_right": "reference"})
    pairs["expected_people"] = pairs["group"].map(model) - pairs["reference"].map(model)
    rows = pd.concat([means, pairs.assign(measure="difference")], ignore_index=True)
    cuts: dict[str, str | int | float] = {
        "dissatisfied": groups.cuts.dissatisfied,
        "satisfied": groups.cuts.satisfied,
        "highly": groups.cuts.highly,
    }
    return Table(
        id="referral_groups",
        title=Phrase(key="table.referral_groups", values={"outcome": outcome}),
        rows=rows[_GROUP_COLUMNS],
        notes=(Phrase(key="note.referral_groups", values=cuts), *score_notes(study, data)),
    )


def people_figure(study: Study, fit: AsymmetricU, data: str) -> Figure:
    """Expected people told over satisfaction, the centre marked."""
    nan = float("nan")
    axis: dict[str, str | int | float] = {
        "term": fit.satisfaction,
        "unit": units_of(study, fit.satisfaction, data),
    }
    people = units_of(study, fit.outcome, data)
    told: dict[str, str | int | float] = {
        "term": fit.outcome, "unit": "people" if people == "units" else people,
    }  # fmt: skip
    return Figure(
        id="referral_curve",
        kind="curve",
        title=Phrase(
            key="figure.referral_curve", values={"outcome": fit.outcome, "satisfaction": fit.satisfaction}
        ),
        rows=fit.curve.rename(columns={"score": "x"})[["x", "estimate", "conf_low", "conf_high"]],
        source="referral_curve",
        axes=(Phrase(key="figure.axis", values=axis), Phrase(key="figure.axis", values=told)),
        verticals=((fit.centre, nan, nan),),
        notes=(
            Phrase(key="note.referral_figure"),
            Phrase(key="note.level", values={"level": study.level}),
        ),
    )
