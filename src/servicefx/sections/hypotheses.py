"""The study's hypotheses, each with its estimate, interval and what that says of the predicted sign."""

from __future__ import annotations

import pandas as pd

from servicefx.effects.verdicts import sign_verdict
from servicefx.errors import ServicefxError
from servicefx.models.chain import chain_outcomes
from servicefx.models.drivers import fit_direct
from servicefx.models.loyalty import fit_repurchase, is_binary
from servicefx.models.over_time import fit_over_time, lag_name, panel_files
from servicefx.models.referral import is_told
from servicefx.sections.notes import answering, slope_unit, step_of
from servicefx.sections.recovery_hypotheses import recovery_hypotheses
from servicefx.sections.referral_hypotheses import told_hypotheses
from servicefx.sections.wait_claims import beyond_row
from servicefx.sections.waiting_asked import asked_waits
from servicefx.study.spec import PathSpec
from servicefx.study.study import Study
from servicefx.theory.catalogue import load_theory
from servicefx.values.estimates import Estimates
from servicefx.values.table import Phrase, Section, Table

__all__ = ["hypotheses_section"]


@answering("hypotheses")
def hypotheses_section(study: Study, seed: int | None = None) -> Section | None:
    """Every declared path, with the estimate of its own equation and a verdict on its predicted sign.

    Parameters
    ----------
    study : Study
    seed : int
        Of the shared resamples; by default the study's.

    Returns
    -------
    Section or None
        Table ``hypotheses``; None where the study declares no paths.
    """
    panels, waits = panel_files(study), asked_waits(study)
    rows: list[dict[str, str | int | float]] = []
    refusals: list[Phrase] = []
    for data in study.frames:
        for outcome in chain_outcomes(study, data):
            try:
                if is_told(study, outcome, data):
                    rows += told_hypotheses(study, outcome, data, seed)
                    continue
                fit = _fit(study, outcome, data, data in panels, seed)
            except ServicefxError as error:
                refusals += [
                    Phrase(
                        key="note.refused",
                        values={"what": problem.where, "why": problem.found, "remedy": problem.remedy},
                    )
                    for problem in error.problems
                ]
                continue
            table = {row["term"]: row for row in fit.table(level=study.level).to_dict("records")}
            design = "within_unit" if data in panels else "adjusted"
            for path in study.spec.paths:
                if path.to != outcome or path.data not in (None, data):
                    continue
                for source in path.sources:
                    wait = next((a for a in waits if a[:3] == (data, outcome, source)), None)
                    bent = None if wait is None else beyond_row(study, wait, seed)
                    term = lag_name(source, path.lag if data in panels else 0)
                    if term in table:
                        found = table[term] if bent is None else bent
                        sign = predicted_sign(path, source)
                        rows.append(
                            {
                                "hypothesis": path.hypothesis,
                                "data": data,
                                "from": term,
                                "to": outcome,
                                "estimate": float(found["estimate"]),
                                "conf_low": float(found["conf_low"]),
                                "conf_high": float(found["conf_high"]),
                                "p_value": float(found["p_value"]),
                                "n_obs": fit.n_obs,
                                "unit": str(bent["unit"])
                                if bent is not None
                                else f"log odds per {step_of(study, source, data)}"
                                if fit.estimator == "logit"
                                else slope_unit(study, outcome, source, data),
                                "design": design,
                                "predicted": {"+": "positive", "-": "negative"}.get(sign, "no sign"),
                                "verdict": "not predicted"
                                if sign == "none"
                                else sign_verdict(float(found["conf_low"]), float(found["conf_high"]), sign),
                            }
                        )
    rows += recovery_hypotheses(study)
    if not rows and not refusals:
        return None
    moderated = sorted({name for path in study.spec.paths for name in path.moderators})
    notes = [Phrase(key="note.verdict"), *refusals]
    if moderated:
        notes.append(Phrase(key="note.moderators", values={"names": ", ".join(moderated)}))
    notes.append(Phrase(key="note.level", values={"level": study.level}))
    counts = pd.Series([row["verdict"] for row in rows]).value_counts()
    tally: dict[str, int] = {
        name: int(counts.get(name, 0)) for name in ("supported", "contradicted", "undecided")
    }
    frame = pd.DataFrame(rows)
    return Section(
        id="hypotheses",
        title=Phrase(key="section.hypotheses"),
        findings=(Phrase(key="finding.hypotheses", values={"n": sum(tally.values()), **tally}),)
        if any(tally.values())
        else (),
        tables=(
            Table(id="hypotheses", title=Phrase(key="table.hypotheses"), rows=frame, notes=tuple(notes)),
        ),
    )


def _fit(study: Study, outcome: str, data: str, panel: bool, seed: int | None) -> Estimates:
    """The equation of one outcome, by what the data file is."""
    if panel:
        return fit_over_time(study, outcome, data=data)
    if is_binary(study, outcome, data):
        return fit_repurchase(study, outcome, data=data, seed=seed).estimates
    return fit_direct(study, outcome, data=data).estimates


def predicted_sign(path: PathSpec, source: str) -> str:
    """Sign the path's hypothesis predicts for one source: ``"+"``, ``"-"`` or ``"none"``.

    Only the hypothesis's own arrows count, from this source or from the construct it is a part of (a service
    dimension is a part of service quality), to this outcome; elsewhere nothing is predicted.
    """
    theory = load_theory()
    hypothesis = theory.hypotheses.get(path.hypothesis)
    if hypothesis is None:
        return "none"
    wholes = {name for name, entry in theory.constructs.items() if source in entry.parts}
    signs = {
        arrow.sign
        for arrow in hypothesis.paths
        if arrow.target == path.to and arrow.source in {source, *wholes}
    }
    signs = signs - {"none"} or signs  # beside a signed arrow an unsigned one tells of its form
    return signs.pop() if len(signs) == 1 else "none"
