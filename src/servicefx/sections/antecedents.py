"""From what the firm can change, through the service dimensions, to satisfaction (H3, H8)."""

from __future__ import annotations

from servicefx.errors import ServicefxError
from servicefx.models.antecedents import (
    Decomposition,
    ServiceChain,
    latent_system,
    observed_system,
    service_chain,
)
from servicefx.sections.antecedent_tables import (
    VALUE,
    chain_notes,
    latent_table,
    parts_table,
    shares_table,
    total_rows,
    value_table,
)
from servicefx.sections.notes import answering, slope_unit, step_of, units_of
from servicefx.sem.sem_fit import SemFit
from servicefx.study.study import Study
from servicefx.theory.catalogue import load_theory, service_dimensions
from servicefx.values.table import Figure, Phrase, Section, Table

__all__ = ["antecedents_section"]


@answering("antecedents")
def antecedents_section(
    study: Study, outcome: str = "satisfaction", seed: int | None = None
) -> Section | None:
    """What each thing the firm can change does to an outcome, and by way of which service dimension.

    Parameters
    ----------
    study : Study
        Asked where a path leads from an antecedent of hypothesis H3 to a construct other than the outcome.
    outcome : str
        Construct id.
    seed : int
        Of the shared resamples; by default the study's.

    Returns
    -------
    Section or None
        Tables ``antecedents``, ``antecedent_shares``, ``antecedents_latent``, ``value`` and
        ``antecedent_totals``, figure ``antecedent_totals``; None where no path asks.
    """
    if not _asked(study, outcome):
        return None
    seed = study.seed if seed is None else seed
    chain = service_chain(study, outcome)
    unit = slope_unit(study, outcome, chain.antecedents[0], chain.data)
    system, sample = observed_system(study, chain, seed=seed, unit=unit)
    observed = system.decomposed(chain.antecedents, chain.mediators, outcome)
    latent: tuple[Decomposition, SemFit] | None = None
    notes: list[Phrase] = []
    try:
        between, fit = latent_system(study, chain, draws=study.draws, seed=seed)
        latent = between.decomposed(chain.antecedents, chain.mediators, outcome), fit
    except ServicefxError as error:
        notes += [
            Phrase(key="note.refused", values={"what": p.where, "why": p.found, "remedy": p.remedy})
            for p in error.problems
        ]
    dimensions = tuple(name for name in chain.equations.get(VALUE, ()) if name in _qualities())
    value = None
    if dimensions and VALUE in chain.equations[outcome] and outcome != VALUE:
        value = system.decomposed(dimensions, (VALUE,), outcome)
    told = chain_notes(study, chain, sample, observed, seed)
    tables = [parts_table(study, observed, told), shares_table(study, chain, observed, latent)]
    if latent is not None:
        tables.append(latent_table(study, *latent))
    if value is not None:
        tables.append(value_table(study, chain, value))
    totals = total_rows(observed, latent, study.level)
    tables.append(
        Table(
            id="antecedent_totals",
            title=Phrase(key="table.antecedent_totals", values={"outcome": outcome}),
            rows=totals,
            notes=(Phrase(key="note.level", values={"level": study.level}),),
            layout="behind",
        )
    )
    return Section(
        id="antecedents",
        title=Phrase(key="section.antecedents", values={"outcome": outcome}),
        findings=_findings(study, chain, observed, latent, value),
        tables=tuple(tables),
        figures=(
            Figure(
                id="antecedent_totals",
                kind="coefficients",
                title=Phrase(key="figure.antecedent_totals", values={"outcome": outcome}),
                rows=totals,
                source="antecedent_totals",
                notes=(
                    Phrase(key="note.antecedent_figure"),
                    Phrase(key="note.level", values={"level": study.level}),
                ),
            ),
        ),
        effects=tuple(
            observed.effect(name, via)
            for name in chain.antecedents
            for via in (*chain.mediators, "direct", "total")
        ),
        notes=tuple(notes),
    )


def _qualities() -> set[str]:
    """Service quality as a whole, and its dimensions."""
    return {"service_quality", *service_dimensions()}


def _asked(study: Study, outcome: str) -> bool:
    """Whether a path leads from what the firm can change to a construct measured beside the outcome."""
    if outcome not in study.spec.constructs:
        return False
    firm_sides = {path.source for path in load_theory().hypotheses["H3"].paths}
    measured = set(study.scores[study.data_of(outcome)].columns)
    return any(
        path.to != outcome and path.to in measured and firm_sides & measured & set(path.sources)
        for path in study.spec.paths
    )


def _findings(
    study: Study,
    chain: ServiceChain,
    observed: Decomposition,
    latent: tuple[Decomposition, SemFit] | None,
    value: Decomposition | None,
) -> tuple[Phrase, ...]:
    told = []
    for name in chain.antecedents:
        effect = observed.effect(name)
        low, high = effect.interval(study.level)
        place = chain.antecedents.index(name)
        parts = dict(zip(chain.mediators, observed.parts[place], strict=False))
        most = max(parts, key=lambda via: abs(parts[via]))
        values: dict[str, str | int | float] = {
            "term": name,
            "outcome": chain.outcome,
            "estimate": effect.estimate,
            "conf_low": low,
            "conf_high": high,
            "design": "adjusted",
            "via": most,
            "part": float(parts[most]),
            "step": step_of(study, name, chain.data),
            "unit": units_of(study, chain.outcome, chain.data),
        }
        sure = low > 0 or high < 0
        told.append(Phrase(key="finding.antecedent" if sure else "finding.antecedent_open", values=values))
    whole = observed.whole(level=study.level)
    shared = whole[(whole["kind"] == "mediator") & (whole["term"] != "direct")]
    units = {step_of(study, name, chain.data) for name in chain.antecedents}
    if len(units) == 1 and len(shared) > 1 and shared["share"].notna().all():
        ordered = shared.sort_values("share", ascending=False)
        first, second = ordered.iloc[0], ordered.iloc[1]
        values = {
            "outcome": chain.outcome,
            "left": str(first["term"]),
            "left_share": float(first["share"]),
            "right": str(second["term"]),
            "right_share": float(second["share"]),
        }
        direct = whole[whole["term"] == "direct"].iloc[0]
        told.append(Phrase(key="finding.antecedent_shares", values=values))
        values = {"share": float(direct["share"]), "outcome": chain.outcome}
        if latent is not None:
            also = latent[0].whole(level=study.level)
            freed = also[also["term"] == "direct"].iloc[0].to_dict()
            if freed["undefined"] == "":
                values["latent"] = float(freed["share"])
                told.append(Phrase(key="finding.antecedent_direct", values=values))
    if value is not None:
        passed = value.whole(level=study.level)
        row = passed[passed["term"] == VALUE].iloc[0]
        if row["undefined"] == "":
            values = {"outcome": chain.outcome, "construct": VALUE}
            values |= {name: float(row[name]) for name in ("share", "share_low", "share_high")}
            told.append(Phrase(key="finding.value", values=values))
    return tuple(told)
