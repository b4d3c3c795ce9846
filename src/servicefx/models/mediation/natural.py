"""Natural direct and indirect effects on the scale of the outcome, for shares and ordered answers too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.models.mediation.answers import ROUTE, IntervalKind, MediatedEffect, effect_frame
from servicefx.models.mediation.layouts import sequences_of
from servicefx.models.mediation.natural_model import NaturalModel, natural_model
from servicefx.models.mediation.natural_parts import Part, parts_of, places_held
from servicefx.models.mediation.outcome_models import OutcomeKind
from servicefx.models.mediation.rows import MediationRows
from servicefx.models.mediation.wording import OPPOSED
from servicefx.study.study import Study
from servicefx.values.effect import Effect
from servicefx.values.estimates import Estimates

__all__ = ["NaturalEffects", "natural_effects"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class NaturalEffects:
    """Natural and controlled effects with joint draws.

    Attributes
    ----------
    source, outcome : str
    mediators, covariates : tuple of str
    outcome_kind : str
        ``"linear"``, ``"logit"``, ``"probit"`` or ``"ordered"``.
    change : str
        What is compared with what, in words.
    effects : tuple of MediatedEffect
        ``total``, ``pure natural direct`` and ``total natural indirect`` (which add up to it; of several
        mediators also route by route), ``total natural direct`` and ``pure natural indirect`` (the other way
        to part it), ``controlled direct``, ``proportion``. Draws have no acceleration.
    equations : tuple of Estimates
        Mediators first.
    dropped : mapping of str to int
        Rows not used, by reason.
    """

    source: str
    outcome: str
    mediators: tuple[str, ...]
    covariates: tuple[str, ...]
    outcome_kind: OutcomeKind
    change: str
    effects: tuple[MediatedEffect, ...]
    equations: tuple[Estimates, ...]
    dropped: Mapping[str, int]

    @property
    def n_obs(self) -> int:
        """Rows used."""
        return self.equations[0].n_obs

    def answer(
        self, kind: str, via: Sequence[str] = (), answer: str = "", at: float | None = None
    ) -> MediatedEffect:
        """One effect; raises KeyError with those there are."""
        for found in self.effects:
            place = at is None or bool(np.isclose(found.at, at))
            if (found.kind, found.via, found.answer) == (kind, tuple(via), answer) and place:
                return found
        have = ", ".join(sorted({found.kind for found in self.effects}))
        raise KeyError(f"no effect '{kind}' via {tuple(via)}, answer '{answer}' (there are: {have})")

    def table(self, *, level: float = 0.95, interval: IntervalKind = "percentile") -> pd.DataFrame:
        """Every effect as a row: columns of `Mediation.table`, and ``answer``.

        ``answer`` names the ordered answer at or above which the share is meant; it is empty for a mean, or
        the share of ones.
        """
        frame = effect_frame(self.effects, level, interval, None)
        frame.insert(4, "answer", [effect.answer for effect in self.effects])
        return frame


def natural_effects(
    data: pd.DataFrame | Study,
    layout: int = 4,
    *,
    source: str,
    outcome: str,
    mediators: Sequence[str],
    covariates: Sequence[str] = (),
    outcome_kind: Literal["auto", "linear", "logit", "probit", "ordered"] = "auto",
    interaction: bool = False,
    change: float | tuple[float, float] | None = None,
    mediators_at: Sequence[float] | None = None,
    unit: str = "units",
    draws: int | None = None,
    seed: int | None = None,
    weights: pd.Series | None = None,
    clusters: pd.Series | None = None,
    file: str | None = None,
) -> NaturalEffects:
    """By how much an outcome would move, directly and through mediators, if the source moved. Answers H4, H6.

    The direct part is what would happen with the mediators left as they were, the indirect part what their
    response adds. Both stand on the outcome's own scale: a share where it is 0 or 1.

    Parameters
    ----------
    data : DataFrame, shape (n, m), or Study
        As `fit_layout`.
    layout : {4, 6}
        Mediators side by side, or one after the other.
    source, outcome : str
    mediators, covariates : sequence of str
        Several mediators must be measurements; a single one may hold 0 and 1.
    outcome_kind : {"auto", "linear", "logit", "probit", "ordered"}
        ``"auto"``: a logit where the outcome holds 0 and 1, else linear. ``"ordered"``: proportional odds of
        3 to 50 answers; one that nobody gave does not count, and a resample that lacks one has no draw.
    interaction : bool
        Let the outcome depend on the products of source and mediators.
    change : float or (float, float), optional
        By how much everybody's own value rises; or the value all have before, and after. By default the two
        values of a source that has two, else one unit more (with an interaction: from the mean).
    mediators_at : sequence of float, optional
        Where the controlled direct effect holds the mediators; by default at their means, a binary one at
        0 and at 1; an empty list leaves it out.
    unit : str
        Of a linear or ordered outcome, in words.
    draws, seed, weights, clusters, file
        As `fit_layout`. Weights only where every equation is linear.

    Returns
    -------
    NaturalEffects
        Total = pure natural direct + total natural indirect holds in the estimate and in every draw.

    Raises
    ------
    DataError
        As `fit_layout`; also if the outcome holds two values that are not 0 and 1, an ordered one has too few
        or too many answers, or several mediators are not all measurements.
    StudyError
        If the layout is neither 4 nor 6.
    IdentificationError
        If terms separate the answers, so that no finite maximum exists.

    Notes
    -----
    Means are taken over the rows' own covariates (standardisation). The mediators' normal errors are
    integrated out exactly: in closed form under a line or a probit, by a sum good to 1e-11 under a logit; a
    binary mediator is summed over. Error variances have denominator n. Of several mediators, routes are
    moved one after the other, short ones first and in the order named, with those before them already moved:
    under a curve the parts depend on that order, their sum does not.

    References
    ----------
    VanderWeele & Vansteelandt (2010), Am. J. Epidemiology 172, 1339-1348; Imai, Keele & Tingley (2010),
    Psychological Methods 15, 309-334; Daniel, De Stavola, Cousens & Vansteelandt (2015), Biometrics 71, 1-14
    (several mediators); Robins & Greenland (1992), Epidemiology 3, 143-155 (pure and total effects).

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> x, e = rng.integers(0, 2, 400), rng.standard_normal((2, 400))
    >>> frame = pd.DataFrame({"x": x, "m": x + e[0]})
    >>> frame["y"] = (frame["m"] + e[1] > 1).astype(float)
    >>> found = natural_effects(frame, source="x", mediators=["m"], outcome="y", draws=0)
    >>> {effect.kind: round(effect.effect.estimate, 3) for effect in found.effects[:3]}
    {'pure natural direct': -0.014, 'total natural indirect': 0.213, 'total': 0.198}
    """
    model = natural_model(
        data, layout, source=source, outcome=outcome, mediators=mediators, covariates=covariates,
        outcome_kind=outcome_kind, interaction=interaction, change=change, draws=draws, seed=seed,
        weights=weights, clusters=clusters, file=file,
    )  # fmt: skip
    rows = model.rows
    held = places_held(rows, mediators_at, model.binary)
    parts = parts_of(model.means, sequences_of(model.layout, rows.mediators), held)
    return NaturalEffects(
        source=rows.source,
        outcome=rows.outcome,
        mediators=rows.mediators,
        covariates=rows.covariates,
        outcome_kind=model.kind,
        change=model.words,
        effects=_answers(model, parts, unit),
        equations=tuple(equation.estimates for equation in model.fitted.values()),
        dropped=rows.dropped,
    )


def _answers(model: NaturalModel, parts: Sequence[Part], unit: str) -> tuple[MediatedEffect, ...]:
    """Every part under every reading of the outcome."""
    rows, outcome, kind = model.rows, model.fitted[model.rows.outcome], model.kind
    readings: list[tuple[str, str, Floats]] = [("", unit if kind == "linear" else "share", np.ones(1))]
    if kind == "ordered":
        gaps = np.diff(outcome.answers)
        readings = [("", unit, gaps)]
        readings += [
            (f"{value:g}", "share", np.eye(len(gaps))[place])
            for place, value in enumerate(outcome.answers[1:])
        ]
    answers = []
    for answer, scale, weights in readings:
        named = {}
        for part in parts:
            values = part.values @ weights
            effect = Effect(
                estimand=_estimand(rows, part, answer, model.words, scale),
                unit=scale,
                estimate=float(values[0]),
                draws=values[1:],
                draw_source=(rows.draw_source,),
                design="adjusted",
                assumptions=model.assumptions,
            )
            named[part.kind, part.via] = effect
            answers.append(_mediated(rows, part.kind, part.via, effect, answer, part.at))
        answers.append(_mediated(rows, "proportion", (), _proportion(named), answer))
    return tuple(answers)


def _mediated(
    rows: MediationRows,
    kind: str,
    via: tuple[str, ...],
    effect: Effect,
    answer: str,
    at: float = float("nan"),
) -> MediatedEffect:
    return MediatedEffect(
        kind=kind, source=rows.source, outcome=rows.outcome, via=via, effect=effect,
        acceleration=float("nan"), at=at, answer=answer,
    )  # fmt: skip


def _proportion(named: Mapping[tuple[str, tuple[str, ...]], Effect]) -> Effect:
    """Indirect share of the total, where direct and indirect parts have one sign."""
    total, direct = named["total", ()], named["pure natural direct", ()]
    routes = [effect for (kind, _), effect in named.items() if kind == "total natural indirect"]
    share = (total - direct) / total
    share = share.renamed(f"indirect share of: {total.estimand}", "share of the total")
    if len({np.sign(effect.estimate) for effect in (direct, *routes)}) == 1:
        return share
    nothing = np.full(len(share.draws), np.nan)
    return replace(share, estimate=float("nan"), draws=nothing, undefined=OPPOSED)


def _estimand(rows: MediationRows, part: Part, answer: str, words: str, scale: str) -> str:
    """What a part is, as a sentence."""
    what = f"the mean of {rows.outcome}"
    if scale == "share":
        what = f"the share with {rows.outcome}" + (f" {answer} or above" if answer else "")
    through = f" through {ROUTE.join(part.via)}" if part.via else ""
    how = {
        "pure natural direct": ", mediators as they were",
        "total natural indirect": f"{through or ' through the mediators'}, the source's own step taken",
        "total natural direct": ", mediators as they would be",
        "pure natural indirect": " through the mediators, the source's own step not taken",
        "controlled direct": ", mediators held where they are set",
        "total": "",
    }[part.kind]
    return f"change in {what}, {words}{how}"
