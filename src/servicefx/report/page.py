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

_ENGLISH = re.compile(r"(?:\b[A-Za-z][a-z'-]* ){4}")
_CITATION = re.compile(r"\(\d{4}\), ")
"""Five words in a row are a sentence, unless a source is cited."""
_MOST_FOUND = 4
"""Findings of a section that the box at the top repeats."""


def labels_of(study: ReportStudy, language: str = "en") -> Labels:
    """Id -> the label the study or theory gives it; whatever neither knows stays as it is.

    A lagged term, ``"satisfaction (lag 1)"``, keeps its lag behind its label.
    """
    theory = load_theory()
    known = {**theory.benefit_lines, **theory.cost_lines, **theory.moderators}
    texts = _claims_in(language)

    def labels(name: str) -> str:
        if name in study.spec.constructs:
            return study.label(name, language)
        if name in known:
            return str(getattr(known[name], f"label_{language}"))
        if name in texts:
            return texts[name]
        lagged = re.fullmatch(r"(.+) \(lag (\d+)\)", name)
        if lagged is None:
            return name
        values: dict[str, str | int | float] = {"term": labels(lagged[1]), "lag": int(lagged[2])}
        return say(Phrase(key="page.lagged", values=values), str, language)

    return labels


@lru_cache
def _claims_in(language: str) -> dict[str, str]:
    """What the claims say, English text -> text in a language."""
    claims = load_theory().claims.values()
    pairs = [(claim.wording_en, claim.wording_zh) for claim in claims]
    pairs += [(part.measured_en, part.measured_zh) for claim in claims for part in claim.parts]
    return {english: english if language == "en" else chinese for english, chinese in pairs}


def render_section(
    section: Section, labels: Labels, language: str = "en", ending: str = ""
) -> dict[str, bytes]:
    """Tables and figures of one section.

    Parameters
    ----------
    section : Section
    labels, language
        As in `render_report`.
    ending : str
        Put before the file's kind where the report's first language has the plain name: ``".zh"``.

    Returns
    -------
    dict of str to bytes
        ``tables/<id>.csv`` (without an ending only: it holds no words), ``tables/<id>.md`` and
        ``figures/<id>.svg``.
    """
    out: dict[str, bytes] = {}
    for table in section.tables:
        if not ending:
            out[f"tables/{table.id}.csv"] = render_csv(table)
        out[f"tables/{table.id}{ending}.md"] = render_markdown(table, labels, language).encode()
    for figure in section.figures:
        out[f"figures/{figure.id}{ending}.svg"] = render_figure(figure, labels, language).encode()
    return out


def render_report(
    study: ReportStudy, sections: Sequence[Section], languages: Sequence[str] | None = None
) -> dict[str, bytes]:
    """Every file of a report.

    Parameters
    ----------
    study : Study
        Names, labels, hashes and settings.
    sections : sequence of Section
        In reading order.
    languages : sequence of str, optional
        Some of `servicefx.report.words.LANGUAGES`; by default those the study file states for its report.

    Returns
    -------
    dict of str to bytes
        Name below the report's folder -> content: tables, figures, ``manifest.json``, and a page in each
        language: ``report.html`` in the first, ``report.zh.html`` (and ``figures/<id>.zh.svg``,
        ``tables/<id>.zh.md``) in another. The same arguments give the same bytes.

    Raises
    ------
    ValueError
        If two tables, or two figures, share an id.
    """
    stated = study.spec.report.languages if languages is None else languages
    endings = {language: f".{language}" if place else "" for place, language in enumerate(_once(stated))}
    out: dict[str, bytes] = {}
    for section in sections:
        made: dict[str, bytes] = {}
        for language, ending in endings.items():
            made |= render_section(section, labels_of(study, language), language, ending)
        twice = sorted(out.keys() & made.keys())
        if twice:
            raise ValueError(
                f"section '{section.id}' makes {', '.join(twice)}, which another section has made"
            )
        out.update(made)
    manifest = build_manifest(study, sections, out)
    pages = {
        _page_name(ending): _render_page(study, sections, manifest, out, language, endings)
        for language, ending in endings.items()
    }
    out.update(pages)
    out[MANIFEST] = as_json(build_manifest(study, sections, out))
    return out


def _once(languages: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(languages))


def _page_name(ending: str) -> str:
    return f"report{ending}.html"


def _render_page(
    study: ReportStudy,
    sections: Sequence[Section],
    manifest: Mapping[str, Any],
    made: Mapping[str, bytes],
    language: str,
    endings: Mapping[str, str],
) -> bytes:
    """The page of one language from what was rendered already."""
    labels, ending = labels_of(study, language), endings[language]
    n_tables = n_figures = 0
    shown = []
    for section in sections:
        figures = []
        for figure in section.figures:
            n_figures += 1
            svg = made[f"figures/{figure.id}{ending}.svg"].decode()
            figures.append(
                {
                    "id": figure.id,
                    "lead": wording("page.figure", language).format(number=n_figures),
                    "title": say(figure.title, labels, language),
                    "svg": Markup(svg),
                    "width": _width(svg),
                    "source": figure.source,
                    "file": f"figures/{figure.id}{ending}.svg",
                    "notes": [say(note, labels, language) for note in figure.notes],
                }
            )
        tables = []
        for table in section.tables:
            if table.layout == "behind":
                continue
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
        language=wording("page.language_tag", language),
        others=[
            (wording("page.language_tag", other), wording("page.language", other), _page_name(endings[other]))
            for other in endings
            if other != language
        ],
        is_mixed=language != "en" and _has_english(shown),
        title=study.title(language),
        sections=shown,
        provenance=_provenance(manifest, language),
        manifest=manifest,
        study=study.id,
        most_found=_MOST_FOUND,
        coded=lambda column, code: coded(column, code, language) or code,
        word=lambda key, **values: wording(f"page.{key}", language).format(**values),
        style=Markup(_resource("page.css")),
    )
    return text.encode("utf-8")


def _has_english(shown: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the notes or tables of a page in another language hold an English sentence."""
    texts = [
        text
        for section in shown
        for text in (
            *section["findings"],
            *section["notes"],
            *(note for figure in section["figures"] for note in figure["notes"]),
            *(piece for table in section["tables"] for piece in re.split(r"<[^>]*>", table)),
        )
    ]
    return any(_ENGLISH.search(text) and not _CITATION.search(text) for text in texts)


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
