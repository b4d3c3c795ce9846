"""The manifest: what a report was made from and what it consists of, without a path or a time."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Protocol

import servicefx
from servicefx.values.table import Section

__all__ = ["MANIFEST", "ReportStudy", "as_json", "build_manifest", "sha256_of"]

MANIFEST = "manifest.json"
MADE_BY = "servicefx"
SCHEMA = 1

_ENGINES = ("linearmodels", "numpy", "pandas", "scipy", "semopy", "statsmodels")


class ReportStudy(Protocol):
    """What a report needs of a study; `servicefx.study.Study` has it all."""

    @property
    def spec(self) -> Any:
        """The study file as it was understood."""
        ...

    @property
    def study_sha256(self) -> str:
        """Of study.toml's bytes."""
        ...

    @property
    def inputs(self) -> Mapping[str, str]:
        """Data name -> sha256 of its file."""
        ...

    @property
    def counts(self) -> Mapping[str, Mapping[str, int]]:
        """Data name -> rows by what happened to them."""
        ...

    @property
    def id(self) -> str:
        """Of the study."""
        ...

    @property
    def seed(self) -> int:
        """Of its draws."""
        ...

    @property
    def level(self) -> float:
        """Of its intervals."""
        ...

    @property
    def draws(self) -> int:
        """How many."""
        ...

    def title(self, language: str = "en") -> str:
        """In words."""
        ...

    def label(self, construct: str, language: str = "en") -> str:
        """Of a construct, in words."""
        ...


def sha256_of(content: bytes) -> str:
    """Hexadecimal sha256.

    Examples
    --------
    >>> sha256_of(b"")[:8]
    'e3b0c442'
    """
    return hashlib.sha256(content).hexdigest()


def as_json(value: object) -> bytes:
    """Canonical JSON: keys sorted, two spaces, letters as they are, one line feed at the end."""
    text = json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode("utf-8")


def build_manifest(
    study: ReportStudy, sections: Iterable[Section], files: Mapping[str, bytes]
) -> dict[str, Any]:
    """What the report stands on, as a mapping ready for `as_json`.

    Parameters
    ----------
    study : Study
        Read for its id, hashes, settings and counts of rows.
    sections : iterable of Section
        Read for what they refuse (notes ``note.refused``).
    files : mapping of str to bytes
        Name below the report's folder, with ``/`` -> content; the manifest itself is left out.

    Returns
    -------
    dict
        ``made_by, schema, study, study_sha256, inputs, outputs, versions, seed, settings, drops, refusals``.
    """
    refusals = [
        {"section": section.id, **{name: str(value) for name, value in note.values.items()}}
        for section in sections
        for note in section.notes
        if note.key == "note.refused"
    ]
    return {
        "made_by": MADE_BY,
        "schema": SCHEMA,
        "study": study.id,
        "study_sha256": study.study_sha256,
        "inputs": {
            name: {"file": str(study.spec.data[name].file).replace("\\", "/"), "sha256": digest}
            for name, digest in study.inputs.items()
        },
        "outputs": {name: sha256_of(content) for name, content in files.items() if name != MANIFEST},
        "versions": {
            "python": ".".join(platform.python_version_tuple()[:2]),
            "servicefx": servicefx.__version__,
            **{name: _version(name) for name in _ENGINES},
        },
        "seed": int(study.seed),
        "settings": {
            "level": float(study.level),
            "draws": int(study.draws),
            "missing_data": str(study.spec.inference.missing_data),
        },
        "drops": {
            name: {reason: int(n) for reason, n in reasons.items()} for name, reasons in study.counts.items()
        },
        "refusals": refusals,
    }


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
