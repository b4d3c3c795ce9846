"""Mechanisms: one seed stream for each, and the place where an intervention takes hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from servicefx.errors import Problem, StudyError, closest

__all__ = ["Intervention", "Mechanisms", "skewed"]

Intervention = float | Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""A number added to a quantity, or a function giving its new values from the old ones."""


class Mechanisms:
    """The random streams of a simulation and the interventions made in it.

    Parameters
    ----------
    seed : int
        Of the whole simulation, >= 0.
    intervene : mapping of str to float or callable
        Quantity -> shift in its own unit, or function from its values to new values of the same shape.
    quantities : sequence of str
        What may be intervened on.

    Raises
    ------
    StudyError
        If the seed is negative or a quantity to intervene on is not known.

    Examples
    --------
    >>> mechanisms = Mechanisms(1, {"trust": 0.5}, ("trust", "loyalty"))
    >>> mechanisms.settle("trust", np.array([4.0, 5.0]))
    array([4.5, 5.5])
    """

    def __init__(self, seed: int, intervene: Mapping[str, Intervention], quantities: Sequence[str]) -> None:
        if seed < 0:
            raise StudyError(
                Problem("simulate(seed=…)", f"{seed}; a seed is a whole number from 0", "Change the seed.")
            )
        unknown = [name for name in intervene if name not in quantities]
        if unknown:
            raise StudyError(
                *(
                    Problem(
                        "simulate(intervene=…)",
                        f"'{name}' is not a quantity of the simulation{closest(name, quantities)}",
                        f"Name one of: {', '.join(quantities)}.",
                    )
                    for name in unknown
                )
            )
        self._seed = seed
        self._intervene = dict(intervene)
        self._drawn: set[str] = set()

    def stream(self, mechanism: str) -> np.random.Generator:
        """A fresh generator that belongs to this mechanism alone, whatever else is simulated."""
        if mechanism in self._drawn:
            raise AssertionError(f"two mechanisms draw from the stream '{mechanism}'")
        self._drawn.add(mechanism)
        return np.random.default_rng([self._seed, *mechanism.encode()])

    def settle(self, quantity: str, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values of a quantity once the intervention on it, if there is one, has taken hold.

        Parameters
        ----------
        quantity : str
            Name of the quantity.
        values : ndarray
            What its causes give.

        Returns
        -------
        ndarray, shape of ``values``

        Raises
        ------
        StudyError
            If a function given for the quantity returns another shape.
        """
        change = self._intervene.get(quantity)
        if change is None:
            return values
        if not callable(change):
            return values + float(change)
        changed = np.asarray(change(values), dtype=np.float64)
        if changed.shape != values.shape:
            raise StudyError(
                Problem(
                    f"simulate(intervene={{'{quantity}': …}})",
                    f"the function returned shape {changed.shape}, expected {values.shape}",
                    "Return one value for each value given.",
                )
            )
        return changed


def skewed(
    rng: np.random.Generator, shape: int | tuple[int, ...], concentration: float = 4.0
) -> NDArray[np.float64]:
    """Disturbances with mean 0, variance 1 and a long left tail (a reflected gamma).

    Parameters
    ----------
    rng : Generator
        Stream of the mechanism.
    shape : int or tuple of int
        Shape of the result.
    concentration : float
        Shape of the gamma; the skewness is ``-2 / sqrt(concentration)``.

    Returns
    -------
    ndarray, shape ``shape``
    """
    drawn = rng.standard_gamma(concentration, size=shape)
    return np.asarray((concentration - drawn) / np.sqrt(concentration), dtype=np.float64)
