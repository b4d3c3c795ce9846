"""Studies made in memory, from tests/models/studies.py."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def made() -> ModuleType:
    """`studies.py`: its functions make small studies."""
    place = Path(__file__).parents[1] / "models" / "studies.py"
    spec = importlib.util.spec_from_file_location("servicefx_made_studies", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
