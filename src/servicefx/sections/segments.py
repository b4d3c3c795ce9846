"""What matters to whom: slopes of the groups a study names, and latent classes of customers (H18)."""

from __future__ import annotations

from servicefx.errors import Problem, ServicefxError, StudyError
from servicefx.models.chain import draw_source, shared_counts
from servicefx.models.drivers import declared_terms
from servicefx.models.sample import numeric_columns
from servicefx.models.segments import GroupSlopes, slopes_by_group
from servicefx.sections.answered_once import refuse_elsewhere, refuse_over_time
from servicefx.sections.drivers_asked import Pages
from servicefx.sections.latent_segments import latent_pages
from servicefx.sections.notes import answering, refused, units_of
from servicefx.sections.segment_tables import AskedSegments, group_pages
from servicefx.study.question_roles import question_home
from servicefx.study.question_spec import SegmentsSpec
from servicefx.study.study import Study
from servicefx.theory.catalogue import service_dimensions
from servicefx.values.effect import Effect
from servicefx.values.table import Phrase, Section

__all__ = ["segments_section"]


@answering("segments")
def segments_section(study: Study, seed: int | None = None) -> Section | None:
    """Drivers by known group, and the needs that latent classes show, as ``[segments]`` asks.

    Parameters
    ----------
    study : Study
    seed : int
        Of the shared resamples and of the search for classes; by default the study's.

    Returns
    -------
    Section or None
        Tables ``segment_slopes``, ``segment_tests``, ``segment_differences`` and, where the theory predicts
        differences, ``segment_hypotheses``; ``class_selection``, ``class_quality`` and, where customers
        differ in what matters to them, ``class_slopes``, ``class_tests``, ``class_stability``,
        ``class_profiles``; figures of slopes. None where the study asks nothing of the kind.
    """
    spec = study.spec.segments
    if spec is None:
        return None
    asked = _asked(study, spec, study.seed if seed is None else seed)
    found: list[GroupSlopes] = []
    notes: list[Phrase] = []
    for by in asked.by:
        try:
            found.append(_groups(asked, by))
        except ServicefxError as error:
            notes += refused("segments", error).notes
    pages = [group_pages(asked, found)] if found else []
    effects: list[Effect] = [effect for groups in found for effect in groups.effects.values()]
    try:
        latent = latent_pages(asked)
    except ServicefxError as error:
        notes += refused("segments", error).notes
    else:
        pages.append(latent.pages)
        effects += latent.effects
    return _section(pages, effects, notes)


def _section(pages: list[Pages], effects: list[Effect], notes: list[Phrase]) -> Section:
    return Section(
        id="segments",
        title=Phrase(key="section.segments"),
        findings=tuple(finding for page in pages for finding in page.findings),
        tables=tuple(table for page in pages for table in page.tables),
        figures=tuple(figure for page in pages for figure in page.figures),
        effects=tuple(effects),
        notes=(*(note for page in pages for note in page.notes), *notes),
    )


def _asked(study: Study, spec: SegmentsSpec, seed: int) -> AskedSegments:
    """Rows, drivers and groups of ``[segments]``; every row of the file stands there, gaps kept."""
    data = question_home(study.spec, spec.data, (spec.outcome,)) or study.data_of(spec.outcome)
    refuse_over_time(study, data, "segments")
    refuse_elsewhere(study, data, "segments", (spec.outcome, *spec.drivers))
    measured = study.scores[data].columns
    drivers = list(spec.drivers)
    drivers = drivers or [name for name in declared_terms(study, spec.outcome, data) if name in measured]
    drivers = drivers or [name for name in service_dimensions() if name in measured and name != spec.outcome]
    if not drivers:
        found = f"no path leads to '{spec.outcome}', so that no drivers can be compared"
        raise StudyError(Problem("study.toml: segments", found, "Add drivers = a list of construct ids."))
    frame = numeric_columns(study, data, [spec.outcome, *drivers])
    known = {name: study.scores[data].get(name, study.frames[data].get(name)) for name in spec.by}
    return AskedSegments(
        study=study,
        data=data,
        outcome=spec.outcome,
        drivers=tuple(drivers),
        by=tuple(spec.by),
        classes=spec.classes,
        frame=frame.assign(**{name: column for name, column in known.items() if column is not None}),
        counts=shared_counts(study, data, seed),
        source=draw_source(study, data, seed),
        seed=seed,
    )


def _groups(asked: AskedSegments, by: str) -> GroupSlopes:
    return slopes_by_group(
        asked.frame, asked.outcome, asked.drivers, by,
        clusters=asked.clusters, weights=asked.weights, counts=asked.counts, source=asked.source,
        unit=f"{units_of(asked.study, asked.outcome, asked.data)} per step of the driver",
        level=asked.study.level,
    )  # fmt: skip
