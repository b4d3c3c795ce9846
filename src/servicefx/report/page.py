"""The page: one self-contained report.html a reader leafs through, from findings to where they come from."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from servicefx.report.figures import render_figure
from servicefx.report.manifest import MANIFEST, ReportStudy, as_json, build_manifest
from servicefx.report.render import render_csv, render_html, render_markdown
from servicefx.report.words import Labels, coded, say, wording
from servicefx.theory.catalogue import load_theory
from servicefx.values.table import Phrase, Section

__all__ = ["labels_of", "render_report", "render_section"]

PAGE = "report.html"


def labels_of(study: ReportStudy, language: str = "en") -> Labels:
    """Id -> the label the study or theory gives it; whatever neither knows stays as it is.

    A lagged term, ``"satisfaction (lag 1)"``, keeps its lag behind its label.
    """
    theory = load_theory()
    known = {**theory.benefit_lines, **theory.cost_lines, **theory.moderators}

    def labels(name: str) -> str:
        if name in study.spec.constructs:
            return study.label(name, language)
        if name in known:
            return str(getattr(known[name], f"label_{language}"))
        lagged = re.fullmatch(r"(.+) \(lag (\d+)\)", name)
        if lagged is None:
            return name
        values: dict[str, str | int | float] = {"term": labels(lagged[1]), "lag": int(lagged[2])}
        return say(Phrase(key="page.lagged", values=values), str, language)

    return labels


def render_section(section: Section, labels: Labels, language: str = "en") -> dict[str, bytes]:
    """Tables and figures of one section.

    Returns
    -------
    dict of str to bytes
        ``tables/<id>.csv``, ``tables/<id>.md`` and ``figures/<id>.svg``.
    """
    out: dict[str, bytes] = {}
    for table in section.tables:
        out[f"tables/{table.id}.csv"] = render_csv(table)
        out[f"tables/{table.id}.md"] = render_markdown(table, labels, language).encode()
    for figure in section.figures:
        out[f"figures/{figure.id}.svg"] = render_figure(figure, labels, language).encode()
    return out


def render_report(study: ReportStudy, sections: Sequence[Section], language: str = "en") -> dict[str, bytes]:
    """Every file of a report.

    Parameters
    ----------
    study : Study
        Names, labels, hashes and settings.
    sections : sequence of Section
        In reading order.
    language : str
        One of `servicefx.report.words.LANGUAGES`.

    Returns
    -------
    dict of str to bytes
        Name below the report's folder -> content: tables, figures, ``report.html``, ``manifest.json``. The
        same arguments give the same bytes.

    Raises
    ------
    ValueError
        If two tables, or two figures, share an id.
    """
    labels = labels_of(study, language)
    out: dict[str, bytes] = {}
    for section in sections:
        made = render_section(section, labels, language)
        twice = sorted(out.keys() & made.keys())
        if twice:
            raise ValueError(
                f"section '{section.id}' makes {', '.join(twice)}, which another section has made"
            )
        out.update(made)
    manifest = build_manifest(study, sections, out)
    out[PAGE] = _render_page(study, sections, manifest, out, labels, language)
    out[MANIFEST] = as_json(build_manifest(study, sections, out))
    return out


def _render_page(
    study: ReportStudy,
    sections: Sequence[Section],
    manifest: Mapping[str, Any],
    made: Mapping[str, bytes],
    labels: Labels,
    language: str,
) -> bytes:
    """The page from what was rendered already."""
    n_tables = n_figures = 0
    shown = []
    for section in sections:
        figures = []
        for figure in section.figures:
            n_figures += 1
            svg = made[f"figures/{figure.id}.svg"].decode()
            figures.append(
                {
                    "id": figure.id,
                    "lead": wording("page.figure", language).format(number=n_figures),
                    "title": say(figure.title, labels, language),
                    "svg": Markup(svg),
                    "width": _width(svg),
                    "source": figure.source,
                    "notes": [say(note, labels, language) for note in figure.notes],
                }
            )
        tables = []
        for table in section.tables:
            n_tables += 1
            tables.append(render_html(table, labels, language, number=n_tables))
        shown.append(
            {
                "id": section.id,
                "title": say(section.title, labels, language),
                "findings": [say(finding, labels, language) for finding in section.findings],
                "figures": figures,
                "tables": tables,
                "notes": [say(note, labels, language) for note in section.notes],
                "is_refused": not section.tables
                and any(note.key == "note.refused" for note in section.notes),
            }
        )
    text = _template().render(
        language=language,
        title=study.title(language),
        sections=shown,
        provenance=_provenance(manifest, language),
        manifest=manifest,
        study=study.id,
        coded=lambda column, code: coded(column, code, language) or code,
        word=lambda key, **values: wording(f"page.{key}", language).format(**values),
        style=Markup(_resource("page.css")),
    )
    return text.encode("utf-8")


def _provenance(manifest: Mapping[str, Any], language: str) -> list[tuple[str, str]]:
    """What the report stands on, as term and text."""

    def word(key: str, **values: object) -> str:
        return wording(f"page.{key}", language).format(**values)

    settings = manifest["settings"]
    out = [(word("study_file"), f"sha256 {manifest['study_sha256'][:12]}…")]
    for name, entry in manifest["inputs"].items():
        out.append((word("data_file", data=name), f"{entry['file']}, sha256 {entry['sha256'][:12]}…"))
    for name, reasons in manifest["drops"].items():
        said = "; ".join(
            f"{coded('reason', reason, language) or reason} {n:,}" for reason, n in reasons.items()
        )
        out.append((word("counts", data=name), said))
    out.append(
        (
            word("settings"),
            ", ".join(
                [
                    word("seed", seed=manifest["seed"]),
                    word("level", level=settings["level"]),
                    word("draws", draws=settings["draws"]),
                    word("missing_data", missing_data=settings["missing_data"]),
                ]
            ),
        )
    )
    versions = ", ".join(f"{name} {number}" for name, number in manifest["versions"].items() if number)
    out.append((word("versions"), versions))
    return out


def _width(svg: str) -> int:
    """Pixels of a drawing's view box."""
    found = re.search(r'viewBox="0 0 ([0-9.]+)', svg)
    return round(float(found[1])) if found else 460


@lru_cache
def _template() -> Template:
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.from_string(_resource("page.html.j2"))


def _resource(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
