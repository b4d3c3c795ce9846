"""Rows in which a good deal goes through two mediators."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest


def mediated_rows(n: int = 300, seed: int = 4) -> pd.DataFrame:
    """Source x, mediators m and k, outcomes y, bought (0/1) and answer (1-4), moderator w, covariate c."""
    rng = np.random.default_rng(seed)
    shop = np.arange(n) % 20
    c, w = rng.standard_normal((2, n))
    x = 4 + 0.4 * c + rng.standard_normal(n)
    m = 1 + 0.5 * x + 0.2 * x * w / 4 + 0.3 * c + rng.standard_normal(n) + 0.2 * np.sin(shop)
    k = 2 + 0.3 * x + 0.2 * m + rng.standard_normal(n)
    y = 1 + 0.2 * x + 0.4 * m + 0.3 * k + 0.2 * c + rng.standard_normal(n) + 0.3 * np.sin(shop)
    latent = -3 + 0.2 * x + 0.4 * m + 0.3 * k + rng.logistic(size=n)
    frame = pd.DataFrame({"x": x, "m": m, "k": k, "y": y, "w": w, "c": c, "shop": shop})
    frame["bought"] = (latent > 0.5).astype(float)
    frame["visited"] = (0.6 * (x - 4) + rng.logistic(size=n) > 0).astype(float)
    frame["answer"] = np.digitize(latent, [-1.0, 0.5, 2.0]) + 1.0
    frame["weight"] = rng.uniform(0.5, 2.0, n)
    return frame


@pytest.fixture(scope="session")
def mediated() -> pd.DataFrame:
    return mediated_rows()
