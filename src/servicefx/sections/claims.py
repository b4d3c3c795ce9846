"""Claims put to the test: K2, K3, K6 and K8 on the study's data, and the ledger of all ten (K1-K10)."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from servicefx.effects.verdicts import BuysAgain, claim_k2, verdict_against
from servicefx.models.loyalty import is_binary
from servicefx.sections.notes import answering, score_notes
from servicefx.sections.people_claims import people_claims
from servicefx.sections.wait_claims import wait_claims
from servicefx.study.spec import ClaimSpec
from servicefx.study.study import Study
from servicefx.theory.catalogue import load_theory
from servicefx.values.table import Phrase, Section, Table

__all__ = ["claims_section"]

_FINDINGS = {"share": "finding.claim", "people": "finding.claim_people"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """K2 as this study can ask it."""

    data: str
    outcome: str
    satisfied: float
    highly: float
    buys: float


@answering("claims")
def claims_section(study: Study, seed: int | None = None) -> Section:
    """Verdicts on the claims the study's data can test, and the ledger of all of them.

    Parameters
    ----------
    study : Study
    seed : int
        Of the resamples behind K8; other intervals are Wilson's, and of means t intervals.

    Returns
    -------
    Section
        Tables ``claims`` (where K2, K3, K6 or K8 can be tested) and ``ledger``.
    """
    theory = load_theory()
    asked = _asked(study)
    people = people_claims(study)
    tables: list[Table] = []
    rows: list[dict[str, str | int | float]] = []
    notes: list[Phrase] = []
    if asked is not None:
        scores = study.scores[asked.data]
        answer = claim_k2(
            scores["satisfaction"],
            scores[asked.outcome],
            cut_satisfied=asked.satisfied,
            cut_highly=asked.highly,
            cut_buys=asked.buys,
            weights=study.weights(asked.data),
            clusters=study.clusters(asked.data),
            level=study.level,
        )
        rows += _rows(answer)
        cutoffs: dict[str, str | int | float] = {
            "satisfied": asked.satisfied,
            "highly_satisfied": asked.highly,
            "buys_again": asked.buys,
            "outcome": asked.outcome,
        }
        kind = "note.behaviour" if is_binary(study, asked.outcome, asked.data) else "note.intention"
        notes += [
            Phrase(key="note.cutoffs", values=cutoffs),
            Phrase(key=kind, values={"outcome": asked.outcome}),
        ]
    rows += people.rows
    notes += people.notes
    of_waits, wait_notes, waited = wait_claims(study, seed)
    rows += of_waits
    notes += wait_notes
    data = asked.data if asked is not None else people.data or waited
    if rows:
        tables.append(
            Table(
                id="claims",
                title=Phrase(key="table.claims"),
                rows=pd.DataFrame(rows),
                notes=(*notes, *score_notes(study, data)),
            )
        )
    verdicts = {
        claim: "; ".join(f"{row['measure']} {row['verdict']}" for row in rows if row["claim"] == claim)
        for claim in dict.fromkeys(str(row["claim"]) for row in rows)
    }
    findings = [
        Phrase(key=_FINDINGS.get(str(row["unit"]), "finding.claim_slope"), values=dict(row))
        for row in rows
        if row["n_obs"] or row["unit"] != "people"
    ]
    ledger = [
        {
            "claim": claim.id,
            "wording": claim.wording_en,
            "source": claim.source,
            "data_needed": claim.data_needed,
            "verdict": verdicts.get(claim.id, "not tested here"),
        }
        for claim in theory.claims.values()
    ]
    tables.append(Table(id="ledger", title=Phrase(key="table.ledger"), rows=pd.DataFrame(ledger)))
    return Section(
        id="claims",
        title=Phrase(key="section.claims"),
        findings=tuple(findings),
        tables=tuple(tables),
        notes=() if rows else (*people.notes, *wait_notes),
    )


def _asked(study: Study) -> _Asked | None:
    """Cut-offs in points, from the study file or as the claim's fractions of each scale."""
    spec = study.spec.claims.get("K2", ClaimSpec())
    outcome = spec.outcome or "repurchase"
    constructs = study.spec.constructs
    if "satisfaction" not in constructs or outcome not in constructs:
        return None
    data = study.data_of("satisfaction")
    if outcome not in study.scores[data].columns:
        return None
    fractions = load_theory().claims["K2"].cutoffs
    scale, aims = study.scale_of("satisfaction"), study.scale_of(outcome)

    def points(stated: float | None, name: str, low: float, high: float) -> float:
        return low + fractions[name] * (high - low) if stated is None else stated

    if scale is None and (spec.satisfied is None or spec.highly_satisfied is None):
        return None
    low, high = (scale.min, scale.max) if scale else (0.0, 1.0)
    if aims is None and not is_binary(study, outcome, data) and spec.buys_again is None:
        return None
    return _Asked(
        data=data,
        outcome=outcome,
        satisfied=points(spec.satisfied, "satisfied", low, high),
        highly=points(spec.highly_satisfied, "highly_satisfied", low, high),
        buys=points(spec.buys_again, "buys_again", aims.min, aims.max)
        if aims is not None
        else 1.0
        if spec.buys_again is None
        else spec.buys_again,
    )


def _rows(answer: BuysAgain) -> list[dict[str, str | int | float]]:
    """One row a part of the claim."""
    parts = load_theory().claims["K2"].parts
    rows: list[dict[str, str | int | float]] = []
    for part, share in zip(parts, (answer.satisfied, answer.highly_satisfied), strict=True):
        rows.append(
            {
                "claim": "K2",
                "measure": part.id,
                "wording": part.measured_en,
                "estimate": share.estimate,
                "conf_low": share.conf_low,
                "conf_high": share.conf_high,
                "unit": "share",
                "n_obs": share.n_obs,
                "target_low": part.target_low,
                "target_high": part.target_high,
                "verdict": verdict_against(
                    share.conf_low, share.conf_high, part.target_low, part.target_high
                ),
                "undefined": "" if share.n_obs else "nobody is in this group",
            }
        )
    return rows
