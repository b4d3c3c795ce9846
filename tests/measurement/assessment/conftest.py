"""Small studies to assess, from tests/models/studies.py: four constructs of three items each."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pytest

from servicefx.study.study import Study


@pytest.fixture(scope="session")
def made() -> ModuleType:
    """`studies.py`: its functions make small studies."""
    place = Path(__file__).parents[2] / "models" / "studies.py"
    spec = importlib.util.spec_from_file_location("servicefx_made_studies", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def frame(made: ModuleType) -> pd.DataFrame:
    """Answers of 300 without a gap, the test's own."""
    answers: pd.DataFrame = made.quality_frame()
    return answers


@pytest.fixture
def gappy(made: ModuleType) -> pd.DataFrame:
    """The same with a gap in 5 % of the answers to items."""
    answers: pd.DataFrame = made.quality_frame(gaps=0.05)
    return answers


@pytest.fixture
def declared(made: ModuleType) -> Callable[..., dict[str, dict[str, Any]]]:
    """Makes the table of constructs."""
    table: Callable[..., dict[str, dict[str, Any]]] = made.quality_constructs
    return table


@pytest.fixture
def study_of(made: ModuleType) -> Callable[..., Study]:
    """A study over a frame; keywords are tables of the study file."""
    build: Callable[..., Study] = made.quality_study
    return build
