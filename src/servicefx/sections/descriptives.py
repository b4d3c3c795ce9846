"""What they answered: Table 1, top boxes and the net promoter score, waves, and how answers spread."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from servicefx.measurement.answers import (
    MeanEstimate,
    answer_shares,
    mean_of,
    net_promoter_score,
    share_of,
    top_box_cut,
)
from servicefx.measurement.correlation import correlation_of
from servicefx.measurement.reliability import reliability_of
from servicefx.measurement.waves import difference_of_means
from servicefx.sections.notes import answering, score_notes
from servicefx.study.study import Study, gap_scores
from servicefx.values.table import Figure, Phrase, Section, Table

__all__ = ["descriptives_section"]

_NPS_ITEMS = ("nps", "word_of_mouth", "recommend")  # of other 0-10 questions the score means nothing
_LIKERT_CATEGORIES = 11  # a scale with more answers is not drawn as shares of each answer


@answering("descriptives")
def descriptives_section(study: Study, seed: int | None = None) -> Section:  # noqa: ARG001 - every section has it
    """Means, spreads, reliabilities, correlations, top boxes and waves of what was measured.

    Parameters
    ----------
    study : Study
    seed : int
        Not used: nothing here is drawn.

    Returns
    -------
    Section
        Tables ``table_one`` (and ``table_one_<data>`` for further files), ``items``, ``top_box`` and, with
        a wave column, ``waves``; figure ``likert``.
    """
    tables = [_table_one(study, data, place) for place, data in enumerate(study.frames)]
    main = next(iter(study.frames))
    items = _items(study)
    findings = []
    top = _top_box(study)
    figures = []
    if len(items):
        tables.append(
            Table(
                id="items",
                title=Phrase(key="table.items"),
                rows=items,
                notes=tuple(note for note in score_notes(study, main) if note.key == "note.weights"),
            )
        )
        figures.append(
            Figure(
                id="likert",
                kind="likert",
                title=Phrase(key="figure.likert"),
                rows=_with_ends(study, items),
                source="items",
            )
        )
    if len(top):
        tables.append(
            Table(id="top_box", title=Phrase(key="table.top_box"), rows=top, notes=score_notes(study, main))
        )
        for row in top[top["construct"].isin(["satisfaction"]) | (top["measure"] == "nps")].to_dict(
            "records"
        ):
            key = "finding.nps" if row["measure"] == "nps" else "finding.top_box"
            names = ("construct", "estimate", "conf_low", "conf_high", "n_obs")
            findings.append(Phrase(key=key, values={name: row[name] for name in names}))
    gaps = _gaps(study)
    if len(gaps):
        tables.append(
            Table(
                id="gaps",
                title=Phrase(key="table.gaps"),
                rows=gaps,
                notes=(Phrase(key="note.gap"), *score_notes(study, main)[1:]),
            )
        )
    waved = [(data, spec.wave) for data, spec in study.spec.data.items() if spec.wave is not None]
    tables += [_waves(study, data, wave, place) for place, (data, wave) in enumerate(waved)]
    return Section(
        id="descriptives",
        title=Phrase(key="section.descriptives"),
        findings=tuple(findings),
        tables=tuple(tables),
        figures=tuple(figures),
    )


def _table_one(study: Study, data: str, place: int) -> Table:
    """Long rows behind the table of means, deviations, alphas and correlations of one data file."""
    scores, weights, clusters = study.scores[data], study.weights(data), study.clusters(data)
    options: dict[str, Any] = {"weights": weights, "clusters": clusters, "level": study.level}
    rows: list[dict[str, object]] = []
    for construct in scores.columns:
        score = scores[construct]
        mean = mean_of(score, **options)
        spread = _deviation(score, weights)
        few = "" if mean.n_obs > 1 else "one answer" if mean.n_obs else "nobody answered"
        shared = {"construct": construct, "other": "", "undefined": few}
        rows.append({**shared, "measure": "mean", **_numbers(mean)})
        rows.append({**shared, "measure": "sd", "estimate": spread, "n_obs": mean.n_obs})
        if study.data_of(construct) == data and study.spec.constructs[construct].mode == "formative":
            why = "formative: its items need not agree"
            n_obs = len(study.items(construct).dropna())
            rows.append({**shared, "measure": "alpha", "n_obs": n_obs, "undefined": why})
        elif study.data_of(construct) == data:
            fit = reliability_of(study.items(construct), construct, weights=weights, level=study.level)
            rows.append(
                {
                    "construct": construct,
                    "measure": "alpha",
                    "other": "",
                    "estimate": fit.alpha,
                    "conf_low": fit.alpha_low,
                    "conf_high": fit.alpha_high,
                    "n_obs": fit.n_obs,
                    "undefined": fit.undefined.get("alpha", ""),
                }
            )
    for left, right in combinations(scores.columns, 2):
        pair = correlation_of(scores[right], scores[left], **options)
        why = "" if pair.n_obs > 3 else f"{pair.n_obs} rows with both"
        if not why and np.isnan(pair.estimate):
            why = "one of the two does not vary in the rows with both"
        rows.append(
            {"construct": right, "measure": "correlation", "other": left, **_numbers(pair), "undefined": why}
        )
    frame = pd.DataFrame(
        rows,
        columns=["construct", "measure", "other", "estimate", "conf_low", "conf_high", "n_obs", "undefined"],
    )
    frame["undefined"] = frame["undefined"].fillna("")
    return Table(
        id="table_one" if place == 0 else f"table_one_{data}",
        title=Phrase(key="table.table_one" if place == 0 else "table.table_one_of", values={"data": data}),
        rows=frame,
        notes=(
            *score_notes(study, data),
            Phrase(
                key="note.correlation"
                if clusters is None and weights is None
                else "note.correlation_clustered"
            ),
        ),
        layout="table_one",
    )


_NUMBERS = ("estimate", "conf_low", "conf_high", "n_obs")


def _numbers(answer: MeanEstimate) -> dict[str, object]:
    return {
        "estimate": answer.estimate,
        "conf_low": answer.conf_low,
        "conf_high": answer.conf_high,
        "n_obs": answer.n_obs,
    }


def _deviation(score: pd.Series, weights: pd.Series | None) -> float:
    """Standard deviation with n - 1; weighted by n/(n-1) times the weighted mean square."""
    known = score.dropna()
    if weights is None or len(known) < 2:
        return float(known.std(ddof=1))
    w = weights.loc[known.index].astype(float)
    mean = (w * known).sum() / w.sum()
    return float(((w * (known - mean) ** 2).sum() / w.sum() * len(known) / (len(known) - 1)) ** 0.5)


def _items(study: Study) -> pd.DataFrame:
    """Share of every answer to every item on a scale of few answers."""
    parts = []
    for construct in study.spec.constructs:
        scale = study.scale_of(construct)
        if scale is None or scale.max - scale.min >= _LIKERT_CATEGORIES:
            continue
        data = study.data_of(construct)
        for name, answers in study.items(construct).items():
            shares = answer_shares(answers, weights=study.weights(data))
            if len(shares) <= _LIKERT_CATEGORIES:
                shares.insert(0, "item", str(name))
                shares.insert(0, "construct", construct)
                parts.append(shares)
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _with_ends(study: Study, items: pd.DataFrame) -> pd.DataFrame:
    """Shares with the ends of each item's scale, which decide its colours."""
    scales = {name: study.scale_of(name) for name in items["construct"].unique()}
    low = {name: scale.min for name, scale in scales.items() if scale is not None}
    high = {name: scale.max for name, scale in scales.items() if scale is not None}
    return items.assign(low=items["construct"].map(low), high=items["construct"].map(high))


def _top_box(study: Study) -> pd.DataFrame:
    """Share of scores in the two highest categories, and the net promoter score of recommending, 0-10."""
    rows = []
    for construct in study.spec.constructs:
        scale = study.scale_of(construct)
        if scale is None or not 3 <= scale.max - scale.min < _LIKERT_CATEGORIES:
            continue  # of two or three answers the top two are nearly all, of a hundred nearly none
        data = study.data_of(construct)
        score = study.scores[data][construct]
        options: dict[str, Any] = {
            "weights": study.weights(data),
            "clusters": study.clusters(data),
            "level": study.level,
        }
        cut = top_box_cut(scale.min, scale.max)
        hits = (score >= cut).astype(float).where(score.notna())
        rows.append(
            {"construct": construct, "measure": "top_two_box", "low": cut, "high": scale.max}
            | _numbers(share_of(hits, **options))
        )
        items = study.items(construct)
        asks = {construct, *(str(item).casefold() for item in items.columns)} & set(_NPS_ITEMS)
        if (scale.min, scale.max) == (0, 10) and items.shape[1] == 1 and asks:
            answer = net_promoter_score(items.iloc[:, 0], **options)
            rows.append(
                {"construct": construct, "measure": "nps", "low": 0.0, "high": 10.0} | _numbers(answer)
            )
    return pd.DataFrame(rows)


def _gaps(study: Study) -> pd.DataFrame:
    """Mean perception, expectation and gap of constructs that ask for both, over the same answers."""
    rows = []
    for construct, spec in study.spec.constructs.items():
        if not spec.expectation:
            continue
        data = study.data_of(construct)
        gap, perceived = gap_scores(study, construct), study.items(construct)
        expected = study.frames[data][list(spec.expectation)].set_axis(perceived.columns, axis=1)
        pairs = perceived.notna() & expected.notna()
        parts = {
            "perception": perceived.where(pairs).mean(axis=1),
            "expectation": expected.where(pairs).mean(axis=1),
            "gap": gap,
        }
        for measure, score in parts.items():
            answer = mean_of(
                score.where(gap.notna()),
                weights=study.weights(data),
                clusters=study.clusters(data),
                level=study.level,
            )
            rows.append({"construct": construct, "measure": measure, **_numbers(answer)})
    return pd.DataFrame(rows)


def _waves(study: Study, data: str, wave: str, place: int) -> Table:
    """Mean of every score in every wave, and its change since the wave before."""
    waves, scores = study.frames[data][wave], study.scores[data]
    options: dict[str, Any] = {
        "weights": study.weights(data),
        "clusters": study.clusters(data),
        "level": study.level,
    }
    names = sorted(waves.dropna().unique())
    rows = []
    for construct in scores.columns:
        score = scores[construct]
        for order, name in enumerate(names):
            here = waves == name
            head = {"construct": construct, "wave": f"{name:.15g}" if isinstance(name, float) else str(name)}
            rows.append(head | {"measure": "mean"} | _numbers(mean_of(score.where(here), **options)))
            if order:
                moved = difference_of_means(score, here, waves == names[order - 1], **options)
                rows.append(head | {"measure": "change_since_last_wave"} | _numbers(moved))
    return Table(
        id="waves" if place == 0 else f"waves_{data}",
        title=Phrase(key="table.waves"),
        rows=pd.DataFrame(rows, columns=["construct", "wave", "measure", *_NUMBERS]),
        notes=score_notes(study, data),
    )
