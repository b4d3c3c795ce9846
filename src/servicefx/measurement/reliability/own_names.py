"""A model's refusal told in the names of the reader's items, where the model was written in plain ones."""

from __future__ import annotations

import re
from collections.abc import Mapping

from servicefx.errors import Problem, ServicefxError

__all__ = ["in_own_names"]


def in_own_names(refusal: ServicefxError, names: Mapping[str, str]) -> ServicefxError:
    """The same refusal with every plain name (``y0``, ``d1``, …) replaced.

    Parameters
    ----------
    refusal : ServicefxError
    names : mapping of str to str
        Plain name -> the reader's.

    Returns
    -------
    ServicefxError
        Of the same class.
    """

    def told(text: str) -> str:
        return re.sub(r"\b[yd]\d+\b", lambda found: names.get(found[0], found[0]), text)

    return type(refusal)(*(Problem(told(p.where), told(p.found), told(p.remedy)) for p in refusal.problems))
