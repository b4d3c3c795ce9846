"""The front door: exactly the promised names, and nothing heavy loaded before it is used."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import servicefx

NAMES = [
    "DataError",
    "Effect",
    "Estimates",
    "MeasurementReport",
    "Moments",
    "Problem",
    "Section",
    "ServicefxError",
    "Study",
    "StudyError",
    "Table",
    "antecedents_section",
    "assess",
    "benefit_section",
    "causal_section",
    "chain_section",
    "check_study",
    "claims_section",
    "composite_section",
    "descriptives_section",
    "drivers_section",
    "gap_section",
    "hypotheses_section",
    "invariance_section",
    "labels_of",
    "load_study",
    "loyalty_section",
    "measurement_section",
    "mediation_section",
    "moderation_section",
    "money_section",
    "panel_section",
    "recovery_section",
    "referral_section",
    "render_figure",
    "repurchase_section",
    "run_study",
    "sample_section",
    "screening_section",
    "segments_section",
    "service_quality_section",
    "simulate",
    "structure_section",
    "verify_report",
    "waiting_section",
    "write_section",
    "write_staged_report",
]

HEAVY = ("numpy", "pandas", "scipy", "statsmodels", "linearmodels", "semopy", "sklearn", "pydantic", "typer")

# Prints seconds of the statement given, and which of the top-level packages it loaded.
PROBE = """
import json, sys, time
start = time.perf_counter()
exec(sys.argv[1])
seconds = time.perf_counter() - start
print(json.dumps({"seconds": seconds, "loaded": sorted(sys.modules)}))
"""


def probe(statement: str) -> dict[str, Any]:
    """What a statement costs in a process of its own."""
    ran = subprocess.run(
        [sys.executable, "-c", PROBE, statement], capture_output=True, text=True, check=True, timeout=120
    )
    return dict(json.loads(ran.stdout))


def test_the_public_names_are_exactly_the_promised_ones() -> None:
    assert list(servicefx.__all__) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_public_name_loads_from_its_home_and_is_documented(name: str) -> None:
    value = getattr(servicefx, name)
    assert value.__name__ == name
    assert value.__module__ == f"servicefx.{servicefx._HOMES[name]}"
    assert value.__doc__


def test_what_a_type_checker_reads_is_what_loads() -> None:
    # The imports under TYPE_CHECKING never run; here they do, into a namespace of their own.
    source = Path(servicefx.__file__).read_text(encoding="utf-8")
    block = source.split("if TYPE_CHECKING:\n")[1].split("\n\n")[0]
    read: dict[str, object] = {}
    exec("\n".join(line.strip() for line in block.splitlines()), read)
    del read["__builtins__"]
    assert read == {name: getattr(servicefx, name) for name in NAMES}


def test_dir_lists_the_names_before_they_are_loaded() -> None:
    assert set(NAMES) <= set(dir(servicefx))


def test_a_misspelt_name_is_refused() -> None:
    with pytest.raises(AttributeError, match="module 'servicefx' has no name 'load_studie'"):
        servicefx.load_studie  # noqa: B018
    with pytest.raises(ImportError, match="cannot import name 'load_studie'"):
        exec("from servicefx import load_studie")


def test_import_takes_less_than_a_third_of_a_second_and_loads_nothing_heavy() -> None:
    runs = [probe("import servicefx") for _ in range(3)]
    assert [name for name in HEAVY if name in runs[0]["loaded"]] == []
    assert min(run["seconds"] for run in runs) < 0.3  # the least disturbed of three


@pytest.mark.parametrize(
    "statement",
    [
        "from servicefx import load_study, check_study, simulate, Study, Estimates, Effect, Table",
        "from servicefx import run_study, verify_report, write_section, write_staged_report",
        "import servicefx.cli",
    ],
)
def test_no_estimator_is_loaded_before_a_section_fits(statement: str) -> None:
    loaded = probe(statement)["loaded"]
    early = ("statsmodels", "linearmodels", "semopy", "pyfixest", "sklearn", "sympy", "scipy.stats")
    assert [name for name in early if name in loaded] == []


def test_the_command_line_starts_without_numpy() -> None:
    loaded = probe("import servicefx.cli")["loaded"]
    assert [name for name in ("numpy", "pandas", "scipy") if name in loaded] == []
