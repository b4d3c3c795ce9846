"""PlsTerm: the name of one number of a fit."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PlsTerm"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlsTerm:
    """One number of a fit.

    Attributes
    ----------
    lhs, op, rhs : str
        ``y ~ x`` a path or effect, ``c <~ item`` a weight, ``c =~ item`` a loading, ``y r2`` an explained
        share, ``a ~~ b`` a pair; a number of one construct has it left, and no ``rhs``.
    quantity : str
        ``path, weight, loading, r2, indirect, total, alpha, rho_a, composite_reliability,
        average_variance_extracted, htmt, effect_size``.
    via : str
        Mediators of an indirect effect in order, joined by " → "; "all" for the sum of all routes.
    """

    lhs: str
    op: str
    rhs: str
    quantity: str
    via: str = ""

    def __str__(self) -> str:
        """The term in a line."""
        line = f"{self.lhs} {self.op} {self.rhs}".strip()
        told = "" if self.quantity == "path" else f" ({self.quantity})"
        return line + told + (f" via {self.via}" if self.via else "")
