"""Claims about how many people a customer tells (K3, K6), put to the test where that was asked."""

from __future__ import annotations

from dataclasses import dataclass

from servicefx.effects.verdicts import verdict_against
from servicefx.errors import ServicefxError
from servicefx.models.loyalty import is_binary
from servicefx.models.referral import PeopleGroups, people_groups
from servicefx.sections.notes import refused
from servicefx.study.spec import ClaimSpec
from servicefx.study.study import Study
from servicefx.theory.catalogue import load_theory
from servicefx.values.table import Phrase

__all__ = ["PEOPLE_CLAIMS", "PeopleClaims", "people_claims"]

PEOPLE_CLAIMS = ("K3", "K6")
_OUTCOME = "people_told"
_MEANS = {"K3a": "satisfied_only", "K6a": "satisfied_or_more", "K6b": "dissatisfied"}
_DIFFERENCES = {"K3b": ("highly_satisfied", "satisfied_only")}


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PeopleClaims:
    """Rows of the table ``claims``, and what to say under it.

    Attributes
    ----------
    rows : tuple of dict
        One a part of a claim.
    notes : tuple of Phrase
        Cut-offs and readings; refusals.
    data : str
        Data file; empty where no claim is tested.
    """

    rows: tuple[dict[str, str | int | float], ...]
    notes: tuple[Phrase, ...]
    data: str


def people_claims(study: Study) -> PeopleClaims:
    """Verdicts on K3 and K6 where satisfaction and a number of people told are measured together.

    The outcome is ``[claims.K3]``'s or ``[claims.K6]``'s, else ``people_told``: one item without a scale.
    People told count good and bad; those that satisfied customers tell are read as recommended to.

    Parameters
    ----------
    study : Study

    Returns
    -------
    PeopleClaims
        Without rows where the study cannot ask.
    """
    rows: list[dict[str, str | int | float]] = []
    notes: list[Phrase] = []
    tested = ""
    for claim in PEOPLE_CLAIMS:
        outcome = study.spec.claims.get(claim, ClaimSpec()).outcome or _OUTCOME
        data = _home(study, outcome)
        if data is None:
            continue
        try:
            groups = people_groups(study, outcome, data, claim=claim)
        except ServicefxError as error:
            notes += refused("claims", error).notes
            continue
        if groups is None:
            continue
        tested = data
        rows += _rows(claim, groups)
        values: dict[str, str | int | float] = {
            "claim": claim,
            "outcome": outcome,
            "dissatisfied": groups.cuts.dissatisfied,
            "satisfied": groups.cuts.satisfied,
            "highly": groups.cuts.highly,
        }
        notes.append(Phrase(key=f"note.cutoffs_{claim}", values=values))
    return PeopleClaims(rows=tuple(rows), notes=tuple(_once(notes).values()), data=tested)


def _once(notes: list[Phrase]) -> dict[str, Phrase]:
    """Notes by what they say: a refusal that both claims meet stands once."""
    return {f"{note.key} {sorted(note.values.items())}": note for note in notes}


def _home(study: Study, outcome: str) -> str | None:
    """Data file in which customers say how many people they told, beside their satisfaction."""
    spec = study.spec.constructs.get(outcome)
    if spec is None or len(spec.items) != 1 or study.scale_of(outcome) is not None:
        return None
    data = study.data_of(outcome)
    if "satisfaction" not in study.scores[data].columns or is_binary(study, outcome, data):
        return None
    return data


def _rows(claim: str, groups: PeopleGroups) -> list[dict[str, str | int | float]]:
    """One row a part of the claim."""
    means = {str(row["group"]): row for row in groups.means.to_dict("records")}
    pairs = {
        (str(row["group_left"]), str(row["group_right"])): row
        for row in groups.differences.to_dict("records")
    }
    rows: list[dict[str, str | int | float]] = []
    for part in load_theory().claims[claim].parts:
        found = pairs[_DIFFERENCES[part.id]] if part.id in _DIFFERENCES else means[_MEANS[part.id]]
        low, high = float(found["conf_low"]), float(found["conf_high"])
        rows.append(
            {
                "claim": claim,
                "measure": part.id,
                "wording": part.measured_en,
                "estimate": float(found["estimate"]),
                "conf_low": low,
                "conf_high": high,
                "unit": part.unit,
                "n_obs": int(found["n_obs"]),
                "target_low": part.target_low,
                "target_high": part.target_high,
                "verdict": verdict_against(low, high, part.target_low, part.target_high),
                "undefined": str(found["undefined"]),
            }
        )
    return rows
