"""servicefx: what service quality does, for whom, how surely, and what it is worth.

The names below load when first used, so that ``import servicefx`` costs nothing.
"""

from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from servicefx.errors import DataError as DataError
    from servicefx.errors import Problem as Problem
    from servicefx.errors import ServicefxError as ServicefxError
    from servicefx.errors import StudyError as StudyError
    from servicefx.measurement.assessment.measurement_report import (
        MeasurementReport as MeasurementReport,
    )
    from servicefx.measurement.assessment.whole import assess as assess
    from servicefx.moments.moments import Moments as Moments
    from servicefx.report.figures import render_figure as render_figure
    from servicefx.report.page import labels_of as labels_of
    from servicefx.report.stage import write_section as write_section
    from servicefx.report.stage import write_staged_report as write_staged_report
    from servicefx.run import run_study as run_study
    from servicefx.run import verify_report as verify_report
    from servicefx.sections.antecedents import antecedents_section as antecedents_section
    from servicefx.sections.benefit import benefit_section as benefit_section
    from servicefx.sections.causal import causal_section as causal_section
    from servicefx.sections.chain import chain_section as chain_section
    from servicefx.sections.claims import claims_section as claims_section
    from servicefx.sections.composite import composite_section as composite_section
    from servicefx.sections.descriptives import descriptives_section as descriptives_section
    from servicefx.sections.drivers import drivers_section as drivers_section
    from servicefx.sections.gap import gap_section as gap_section
    from servicefx.sections.hypotheses import hypotheses_section as hypotheses_section
    from servicefx.sections.invariance import invariance_section as invariance_section
    from servicefx.sections.loyalty import loyalty_section as loyalty_section
    from servicefx.sections.measurement import measurement_section as measurement_section
    from servicefx.sections.mediation import mediation_section as mediation_section
    from servicefx.sections.moderation import moderation_section as moderation_section
    from servicefx.sections.money import money_section as money_section
    from servicefx.sections.panel import panel_section as panel_section
    from servicefx.sections.recovery import recovery_section as recovery_section
    from servicefx.sections.referral import referral_section as referral_section
    from servicefx.sections.repurchase import repurchase_section as repurchase_section
    from servicefx.sections.sample import sample_section as sample_section
    from servicefx.sections.screening import screening_section as screening_section
    from servicefx.sections.segments import segments_section as segments_section
    from servicefx.sections.service_quality import service_quality_section as service_quality_section
    from servicefx.sections.structure import structure_section as structure_section
    from servicefx.sections.waiting import waiting_section as waiting_section
    from servicefx.study.simulate import simulate as simulate
    from servicefx.study.study import Study as Study
    from servicefx.study.study import check_study as check_study
    from servicefx.study.study import load_study as load_study
    from servicefx.values.effect import Effect as Effect
    from servicefx.values.estimates import Estimates as Estimates
    from servicefx.values.table import Section as Section
    from servicefx.values.table import Table as Table

_HOMES = {
    # what travels, and how we refuse
    "Study": "study.study",
    "Moments": "moments.moments",
    "Estimates": "values.estimates",
    "Effect": "values.effect",
    "Table": "values.table",
    "Section": "values.table",
    "Problem": "errors",
    "ServicefxError": "errors",
    "StudyError": "errors",
    "DataError": "errors",
    # a study, whole
    "load_study": "study.study",
    "check_study": "study.study",
    "simulate": "study.simulate",
    "run_study": "run",
    "verify_report": "run",
    "assess": "measurement.assessment.whole",
    "MeasurementReport": "measurement.assessment.measurement_report",
    # a study, section by section
    "sample_section": "sections.sample",
    "descriptives_section": "sections.descriptives",
    "measurement_section": "sections.measurement",
    "screening_section": "sections.screening",
    "invariance_section": "sections.invariance",
    "service_quality_section": "sections.service_quality",
    "benefit_section": "sections.benefit",
    "drivers_section": "sections.drivers",
    "structure_section": "sections.structure",
    "composite_section": "sections.composite",
    "chain_section": "sections.chain",
    "repurchase_section": "sections.repurchase",
    "gap_section": "sections.gap",
    "waiting_section": "sections.waiting",
    "moderation_section": "sections.moderation",
    "antecedents_section": "sections.antecedents",
    "segments_section": "sections.segments",
    "mediation_section": "sections.mediation",
    "loyalty_section": "sections.loyalty",
    "referral_section": "sections.referral",
    "recovery_section": "sections.recovery",
    "causal_section": "sections.causal",
    "panel_section": "sections.panel",
    "money_section": "sections.money",
    "hypotheses_section": "sections.hypotheses",
    "claims_section": "sections.claims",
    "labels_of": "report.page",
    "render_figure": "report.figures",
    "write_section": "report.stage",
    "write_staged_report": "report.stage",
}

__all__ = sorted(_HOMES)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})


if not TYPE_CHECKING:  # a type checker reads the imports above, and still refuses a misspelt name

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module 'servicefx' has no name '{name}'")
        from importlib import import_module

        value = getattr(import_module(f"servicefx.{_HOMES[name]}"), name)
        globals()[name] = value
        return value
