"""What every test may ask for: the repository's folder, a seeded generator, data that are not ours."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def repository() -> Path:
    """The folder that holds pyproject.toml."""
    return ROOT


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> np.random.Generator:
    """A generator of the test's own, the same at every run and whatever other tests there are."""
    return np.random.default_rng([20260101, *request.node.name.encode()])


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real data that are not part of the project, for tests marked `external`.

    It is ``data`` below the folder that the environment variable SERVICEFX_SHARED names, or else below
    ``../shared`` beside the repository; without it the test is skipped.
    """
    shared = Path(os.environ.get("SERVICEFX_SHARED") or ROOT.parent / "shared")
    if not (shared / "data").is_dir():
        pytest.skip("needs data that are not part of the project (SERVICEFX_SHARED names their folder)")
    return shared / "data"
