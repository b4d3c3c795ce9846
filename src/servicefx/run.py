"""The standard chain: an ordered tuple of section functions, run whole and verified."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from importlib import import_module
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

from servicefx.errors import DataError, Problem, StudyError

if TYPE_CHECKING:
    import pandas as pd

    from servicefx.moments.moments import Moments
    from servicefx.report.compare import Difference
    from servicefx.sem.sem_fit import SemFit
    from servicefx.study.study import Study
    from servicefx.values.table import Section

__all__ = [
    "SECTIONS",
    "RunResult",
    "Verification",
    "find_study",
    "fit_model",
    "processes_for",
    "run_sections",
    "run_study",
    "verify_report",
]

SECTIONS: tuple[tuple[str, str], ...] = (
    ("sample", "servicefx.sections.sample:sample_section"),
    ("descriptives", "servicefx.sections.descriptives:descriptives_section"),
    ("screening", "servicefx.sections.screening:screening_section"),
    ("measurement", "servicefx.sections.measurement:measurement_section"),
    ("invariance", "servicefx.sections.invariance:invariance_section"),
    ("service_quality", "servicefx.sections.service_quality:service_quality_section"),
    ("benefit", "servicefx.sections.benefit:benefit_section"),
    ("drivers", "servicefx.sections.drivers:drivers_section"),
    ("gap", "servicefx.sections.gap:gap_section"),
    ("waiting", "servicefx.sections.waiting:waiting_section"),
    ("moderation", "servicefx.sections.moderation:moderation_section"),
    ("antecedents", "servicefx.sections.antecedents:antecedents_section"),
    ("segments", "servicefx.sections.segments:segments_section"),
    ("structure", "servicefx.sections.structure:structure_section"),
    ("composite", "servicefx.sections.composite:composite_section"),
    ("chain", "servicefx.sections.chain:chain_section"),
    ("mediation", "servicefx.sections.mediation:mediation_section"),
    ("loyalty", "servicefx.sections.loyalty:loyalty_section"),
    ("repurchase", "servicefx.sections.repurchase:repurchase_section"),
    ("referral", "servicefx.sections.referral:referral_section"),
    ("recovery", "servicefx.sections.recovery:recovery_section"),
    ("panel", "servicefx.sections.panel:panel_section"),
    ("causal", "servicefx.sections.causal:causal_section"),
    ("money", "servicefx.sections.money:money_section"),
    ("hypotheses", "servicefx.sections.hypotheses:hypotheses_section"),
    ("claims", "servicefx.sections.claims:claims_section"),
)
"""Id and place of every section, in the order of the report; a section is imported when it is reached."""

_LARGE = 100_000
"""Cells of the data from which several processes pay."""
_MOST_PROCESSES = 4

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """What a run made.

    Attributes
    ----------
    out : Path
        Folder of the report.
    files : tuple of str
        Files below it.
    refusals : tuple of Problem
        What could not be estimated, and what to do.
    """

    out: Path
    files: tuple[str, ...]
    refusals: tuple[Problem, ...]


def run_sections(
    study: Study, seed: int | None = None, progress: Progress | None = None, *, jobs: int = 1
) -> Iterator[Section]:
    """Every section the study has something for, in the order of the report.

    Parameters
    ----------
    study : Study
    seed : int
        By default the study's.
    progress : callable
        Told the section's id, its place and their number before each.
    jobs : int
        Processes; the sections do not depend on it, since each is seeded by the study alone.

    Yields
    ------
    Section
        One that could not be estimated holds the refusal.
    """
    seed = study.seed if seed is None else seed
    with ExitStack() as stack:
        built: Iterable[Section | None]
        if jobs > 1:
            pool = stack.enter_context(ProcessPoolExecutor(jobs, mp_context=get_context("spawn")))
            built = pool.map(_section, repeat(study), SECTIONS, repeat(seed))
        else:
            built = map(_section, repeat(study), SECTIONS, repeat(seed))
        waiting = iter(built)
        for place, (name, _) in enumerate(SECTIONS):
            if progress is not None:
                progress(name, place, len(SECTIONS))
            section = next(waiting)
            if section is not None:
                yield section


def processes_for(study: Study) -> int:
    """Processes worth their start: as many as the machine has, at most 4, where the data are large.

    A process takes about two seconds to start, which a small study does not save.
    """
    cells = sum(frame.size for frame in study.frames.values())
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(available, _MOST_PROCESSES) if cells >= _LARGE else 1


def _section(study: Study, entry: tuple[str, str], seed: int) -> Section | None:
    """One section; its module, and what that imports, is loaded here."""
    module, function = entry[1].split(":")
    build: Callable[..., Section | None] = getattr(import_module(module), function)
    return build(study, seed=seed)


def run_study(
    study_file: str | Path,
    out: str | Path | None = None,
    *,
    jobs: int | None = 1,
    progress: Progress | None = None,
) -> RunResult:
    """Read a study, answer its questions and write the report whole.

    Parameters
    ----------
    study_file : path
        ``study.toml`` or its folder.
    out : path
        Folder of the report; by default ``reports/<study id>`` below the working directory.
    jobs : int or None
        Processes; the report does not depend on it. None takes `processes_for` the study; a script that asks
        for several must be guarded by ``if __name__ == "__main__"``.
    progress : callable
        As `run_sections`.

    Returns
    -------
    RunResult

    Raises
    ------
    StudyError, DataError
        If the study file or its data do not hold; nothing is written then.
    """
    from servicefx.report.page import render_report
    from servicefx.report.write import write_report
    from servicefx.study.study import load_study

    study = load_study(study_file)
    jobs = processes_for(study) if jobs is None else jobs
    sections = tuple(run_sections(study, progress=progress, jobs=jobs))
    files = render_report(study, sections)
    folder = write_report(Path("reports") / study.id if out is None else Path(out), files)
    return RunResult(out=folder, files=tuple(sorted(files)), refusals=_refusals(sections))


def _refusals(sections: tuple[Section, ...]) -> tuple[Problem, ...]:
    return tuple(
        Problem(f"{section.id}: {note.values['what']}", str(note.values["why"]), str(note.values["remedy"]))
        for section in sections
        for note in section.notes
        if note.key == "note.refused"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What verifying a report found.

    Attributes
    ----------
    problems : tuple of Problem
        Files that are not what the manifest says.
    differences : tuple of Difference
        Cells, words and drawings that do not come out again.
    n_tables : int
        Tables compared.
    """

    problems: tuple[Problem, ...]
    differences: tuple[Difference, ...]
    n_tables: int

    @property
    def holds(self) -> bool:
        """Whether nothing differs."""
        return not self.problems and not self.differences


def find_study(study_sha256: str, below: Path) -> Path:
    """The study file of a hash among ``analyses/*/study.toml`` below a folder.

    Raises
    ------
    StudyError
        If none has it.
    """
    from servicefx.report.manifest import sha256_of

    candidates = sorted(below.glob("analyses/*/study.toml"))
    for candidate in candidates:
        if sha256_of(candidate.read_bytes()) == study_sha256:
            return candidate
    raise StudyError(
        Problem(
            "manifest.json: study_sha256",
            f"none of the {len(candidates)} study files in analyses/*/ has the hash {study_sha256[:12]}…",
            "Name the study file with --study, or run from the folder that holds analyses/.",
        )
    )


def verify_report(
    report: str | Path,
    study_file: str | Path | None = None,
    *,
    jobs: int | None = 1,
    progress: Progress | None = None,
) -> Verification:
    """Check a report's files against its manifest, rebuild it, and compare the two cell by cell.

    Parameters
    ----------
    report : path
        Folder of the report.
    study_file : path
        The study; by default the one among ``analyses/*/study.toml`` with the manifest's hash.
    jobs : int or None
        As `run_study`.
    progress : callable
        As `run_sections`.

    Returns
    -------
    Verification
        Cells agree if |new − old| ≤ 1e-6 · max(|old|, the column's scale) + 1e-12.

    Raises
    ------
    StudyError, DataError
        If the folder is no report of ours, or the study or its data are not there.
    """
    from servicefx.report.compare import compare_reports
    from servicefx.report.page import render_report
    from servicefx.report.seals import check_hashes, read_manifest, report_files
    from servicefx.study.study import load_study

    folder = Path(report)
    manifest = read_manifest(folder)
    problems = check_hashes(folder)
    kept = report_files(folder)
    if study_file is None:
        study_file = find_study(str(manifest["study_sha256"]), Path())
    study = load_study(study_file)
    jobs = processes_for(study) if jobs is None else jobs
    rebuilt = render_report(study, tuple(run_sections(study, progress=progress, jobs=jobs)))
    return Verification(
        problems=tuple(problems),
        differences=tuple(compare_reports(kept, rebuilt)),
        n_tables=sum(name.endswith(".csv") for name in rebuilt),
    )


def fit_model(model: str | Path, data: str | Path, *, n_obs: int | None = None, **choices: Any) -> SemFit:
    """Fit a model in lavaan's language to a data file.

    Parameters
    ----------
    model : str or path
        A file that holds the model, or the model itself.
    data : path
        Any file `servicefx.study.files` reads: rows, or with ``n_obs`` a printed matrix.
    n_obs : int, optional
        Says that the file holds covariances or correlations of so many rows: columns named in the header,
        either triangle or both, the rows' names in a first column of text if there is one, and rows named
        ``sd`` and ``mean`` below if known. Correlations without SDs are fitted as they are.
    **choices
        As `servicefx.sem.fit`.

    Returns
    -------
    SemFit

    Raises
    ------
    StudyError, DataError, IdentificationError, ConvergenceError
        As `servicefx.sem.fit`; also if a file is not there.
    """
    from servicefx import sem
    from servicefx.study.files import read_table
    from servicefx.study.spec import DataSpec

    path = Path(data)
    if not path.is_file():
        raise DataError(Problem(path.name, "there is no such file", "Name an existing data file."))
    text = str(model)
    if "~" not in text:
        if not Path(text).is_file():
            raise StudyError(
                Problem(
                    f"model '{text}'", "it is neither a file nor a model", "Name a file, or write 'y ~ x'."
                )
            )
        text = Path(text).read_text(encoding="utf-8")
    try:
        frame = read_table(path, DataSpec(file=path.name)).frame
    except DataError as error:
        if n_obs is None:
            raise
        found = "a printed matrix is expected with --n-obs, its rows as long as the line of names"
        remedy = "Fill both triangles, or end the shorter rows with commas."
        raise DataError(*error.problems, Problem(path.name, found, remedy)) from error
    return sem.fit(text, frame if n_obs is None else _printed(frame, n_obs), **choices)


def _printed(frame: pd.DataFrame, n_obs: int) -> Moments:
    """Moments of a printed matrix, its rows named by a first column of text or by their order."""
    import numpy as np

    from servicefx.moments.moments import Moments

    text = [name for name, kind in frame.dtypes.items() if kind.kind not in "fiub"]
    names = [str(name) for name in frame.columns if name not in text[:1]]
    labels = (
        [str(value).strip() for value in frame[text[0]]] if text else [*names, "sd", "mean"][: len(frame)]
    )
    extra = {
        label.casefold(): frame[names].iloc[at].to_numpy(dtype=np.float64)
        for at, label in enumerate(labels)
        if label.casefold() in ("sd", "mean") and label not in names
    }
    matrix = frame[names].iloc[[at for at, label in enumerate(labels) if label.casefold() not in extra]]
    if len(matrix) != len(names):
        found = f"{len(matrix)} rows of numbers under {len(names)} names, as many expected"
        raise DataError(Problem("matrix", found, "Print one row a column, or leave --n-obs out."))
    mean = extra.get("mean")
    values = matrix.to_numpy(dtype=np.float64)
    if np.allclose(np.diag(values), 1.0, atol=1e-6):
        sd = extra.get("sd", np.ones(len(names)))
        return Moments.from_correlation(values, sd, n_obs, mean, names=names)
    return Moments.from_covariance(values, n_obs, mean, names=names)
