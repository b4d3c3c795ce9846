"""Whether the drivers regression would say the same in another version, and how far its terms overlap."""

from __future__ import annotations

import pandas as pd

from servicefx.models.apart import free_name
from servicefx.models.drivers import collinearity, compare_versions, latent_drivers
from servicefx.models.drivers.collinearity import CONDITION_FAILS, CONDITION_WARNS
from servicefx.models.drivers.decomposition import EXACT
from servicefx.sections.drivers_asked import AskedDrivers, Pages, listed
from servicefx.sections.notes import slope_unit, step_of
from servicefx.values.table import Phrase, Table

__all__ = ["latent_pages", "overlap_pages", "version_pages"]

_LOG_ODDS = "ordered logit"


def overlap_pages(asked: AskedDrivers) -> Pages:
    """Table ``collinearity``: variance inflation, and what each term shares with the weakest direction."""
    terms = [*asked.drivers, *asked.held]
    if len(terms) < 2:
        return Pages()
    found = collinearity(asked.frame, asked.outcome, terms, weights=asked.weights)
    weakest = found.indices[found.indices["component"] == found.indices["component"].max()]
    share = weakest.set_index("term")["variance_share"]
    rows = found.drivers.assign(variance_share=[float(share[term]) for term in found.drivers["term"]])
    columns = ["term", "vif", "tolerance", "threshold", "judgement", "variance_share"]
    condition = {
        "condition": found.condition_number, "warns": CONDITION_WARNS, "fails": CONDITION_FAILS,
    }  # fmt: skip
    problems = tuple(
        Phrase(key="note.problem", values={"where": p.where, "found": p.found, "remedy": p.remedy})
        for p in found.problems
    )
    return Pages(
        tables=(
            Table(
                id="collinearity",
                title=Phrase(key="table.collinearity", values={"outcome": asked.outcome}),
                rows=rows[columns],
                notes=(
                    *asked.rows_notes(),
                    Phrase(key="note.collinearity"),
                    Phrase(key="note.condition", values=condition),
                    *problems,
                ),
            ),
        )
    )


def version_pages(asked: AskedDrivers) -> Pages:
    """Table ``driver_versions``: least squares, ordered logit and three quantiles, term by term."""
    study, terms = asked.study, [*asked.drivers, *asked.held]
    versions = compare_versions(
        asked.frame, asked.outcome, terms, clusters=asked.clusters, weights=asked.weights
    )
    table = versions.table(level=study.level)
    table = table[table["term"].isin(terms)]
    order = {term: place for place, term in enumerate(terms)}
    table = table.assign(place=table["term"].map(order)).sort_values("place", kind="stable")
    table["unit"] = [
        f"log odds per {step_of(study, term, asked.data)}"
        if model == _LOG_ODDS
        else slope_unit(study, asked.outcome, term, asked.data)
        for model, term in zip(table["model"], table["term"], strict=True)
    ]
    table["n_obs"] = versions.n_obs
    columns = ["term", "model", "estimate", "conf_low", "conf_high", "std_error", "p_value", "unit", "n_obs"]
    missing = tuple(
        Phrase(key="note.no_version", values={"model": name, "why": why})
        for name, why in versions.undefined.items()
    )
    return Pages(
        tables=(
            Table(
                id="driver_versions",
                title=Phrase(key="table.driver_versions", values={"outcome": asked.outcome}),
                rows=table[columns],
                notes=(
                    *asked.rows_notes(),
                    Phrase(key="note.driver_versions"),
                    *_agreement(table),
                    *missing,
                    Phrase(key="note.level", values={"level": study.level}),
                ),
            ),
        )
    )


def _agreement(table: pd.DataFrame) -> tuple[Phrase, ...]:
    """Whether versions put terms on the same side of zero, by name where not, or where zero stays open."""
    side = (table["conf_low"] > 0).astype(int) - (table["conf_high"] < 0).astype(int)
    differ = [str(term) for term, sides in side.groupby(table["term"], sort=False) if len(set(sides)) > 1]
    undecided = [str(term) for term, sides in side.groupby(table["term"], sort=False) if not sides.any()]
    n_models, n_terms = int(table["model"].nunique()), int(table["term"].nunique())
    told = [Phrase(key="note.versions_differ", values={"term": term}) for term in differ]
    if not differ and n_models > 1 and len(undecided) < n_terms:
        told.append(Phrase(key="note.versions_agree", values={"n": n_models}))
    if undecided:
        told.append(Phrase(key="note.versions_open", values={"names": listed(undecided)}))
    return tuple(told)


def latent_pages(asked: AskedDrivers) -> Pages:
    """Table ``latent_drivers``: the same drivers as constructs behind their items, beside their scores."""
    study = asked.study
    names = [asked.outcome, *asked.drivers]
    items = {name: list(study.items(name).columns) for name in names if study.data_of(name) == asked.data}
    several = any(len(columns) > 1 for columns in items.values())
    if len(items) < len(names) or len(names) > EXACT + 1 or not several:
        return Pages()
    if asked.weights is not None:
        return Pages(notes=(Phrase(key="note.no_latent_weights"),))
    answers = pd.concat([study.items(name) for name in names], axis=1).astype(float)
    clusters, cluster = asked.clusters, None
    if clusters is not None:
        cluster = free_name(str(clusters.name), answers.columns)
        answers[cluster] = clusters
    found = latent_drivers(
        answers, asked.outcome, items, cluster=cluster,
        draws=study.draws, seed=asked.seed, level=study.level,
    )  # fmt: skip
    columns = [
        "term", "model", "estimate", "conf_low", "conf_high", "p_value", "importance", "importance_low",
        "importance_high", "n_obs", "undefined",
    ]  # fmt: skip
    cautions = dict.fromkeys(part for text in found["caution"] for part in str(text).split("; ") if part)
    explained = found.drop_duplicates("kind").set_index("kind")["r2"]
    n_obs, n_dropped = int(found["n_obs"].iloc[0]), int(found["n_dropped"].iloc[0])
    return Pages(
        tables=(
            Table(
                id="latent_drivers",
                title=Phrase(key="table.latent_drivers", values={"outcome": asked.outcome}),
                rows=found.rename(columns={"kind": "model"})[columns],
                notes=(
                    Phrase(key="note.sample", values={"n_obs": n_obs, "data": asked.data}),
                    *((Phrase(key="note.latent_rows", values={"n": n_dropped}),) if n_dropped else ()),
                    Phrase(
                        key="note.latent_drivers",
                        values={
                            "observed": float(explained["observed"]),
                            "latent": float(explained["latent"]),
                        },
                    ),
                    *((Phrase(key="note.latent_not_held"),) if asked.held else ()),
                    *(Phrase(key="note.latent_caution", values={"text": text}) for text in cautions),
                    Phrase(key="note.level", values={"level": study.level}),
                ),
            ),
        )
    )
