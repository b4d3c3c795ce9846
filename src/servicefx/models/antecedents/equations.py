"""Which equations lead from what the firm can change to an outcome, as the study's paths declare them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from servicefx.errors import IdentificationError, Problem, StudyError
from servicefx.models.drivers import declared_terms
from servicefx.study.study import Study
from servicefx.theory.catalogue import load_theory

__all__ = ["ServiceChain", "service_chain"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ServiceChain:
    """The equations of a chain, causes before effects.

    Attributes
    ----------
    data : str
        Data file.
    outcome : str
        Where the chain ends.
    antecedents : tuple of str
        Where it starts: what the firm can change (H3).
    equations : mapping of str to tuple of str
        Explained construct -> its terms, in an order in which every cause comes before its effects; the
        outcome's hold the antecedents too, so that what does not pass the mediators is seen.
    added : tuple of str
        Those antecedents that no declared path leads straight to the outcome.
    """

    data: str
    outcome: str
    antecedents: tuple[str, ...]
    equations: Mapping[str, tuple[str, ...]]
    added: tuple[str, ...]

    @property
    def mediators(self) -> tuple[str, ...]:
        """Constructs an antecedent leads to directly, other than the outcome."""
        return tuple(
            name
            for name, terms in self.equations.items()
            if name != self.outcome and any(term in self.antecedents for term in terms)
        )

    @property
    def terms(self) -> tuple[str, ...]:
        """Every name in the equations, once; explained ones first."""
        named = dict.fromkeys(self.equations)
        for terms in self.equations.values():
            named |= dict.fromkeys(terms)
        return tuple(named)


def service_chain(study: Study, outcome: str = "satisfaction", *, data: str | None = None) -> ServiceChain:
    """Equations of the study's paths that lead from antecedents of service quality to an outcome.

    Parameters
    ----------
    study : Study
    outcome : str
        Construct id.
    data : str
        Data file; by default where the outcome lives.

    Returns
    -------
    ServiceChain

    Raises
    ------
    StudyError
        If no declared path leads from an antecedent of the theory through another construct to the outcome.
    IdentificationError
        If the paths form a loop.
    """
    data = study.data_of(outcome) if data is None else data
    firm_sides = {path.source for path in load_theory().hypotheses["H3"].paths}
    found: dict[str, tuple[str, ...]] = {}
    open_ends: list[str] = []

    def visit(name: str) -> None:
        if name in found:
            return
        if name in open_ends:
            loop = [*open_ends[open_ends.index(name) :], name]
            told = " → ".join(f"'{step}'" for step in reversed(loop))
            where = "study.toml: paths"
            raise IdentificationError(Problem(where, f"{told} is a loop", "Remove one of these paths."))
        terms = declared_terms(study, name, data) if name in study.spec.constructs else ()
        open_ends.append(name)
        for term in terms:
            visit(term)
        open_ends.pop()
        if terms:
            found[name] = terms

    visit(outcome)
    antecedents = tuple(
        dict.fromkeys(
            term
            for name, terms in found.items()
            for term in terms
            if term in firm_sides and term not in found and name != outcome
        )
    )
    if outcome not in found or not antecedents:
        remedy = "Add [[paths]] of hypothesis H3 from staff, process or support to service dimensions."
        told = f"no path leads from what the firm can change through another construct to '{outcome}'"
        raise StudyError(Problem("study.toml: paths", told, remedy))
    added = tuple(name for name in antecedents if name not in found[outcome])
    found[outcome] = (*found[outcome], *added)
    return ServiceChain(data=data, outcome=outcome, antecedents=antecedents, equations=found, added=added)
