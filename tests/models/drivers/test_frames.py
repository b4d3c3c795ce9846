from __future__ import annotations

import numpy as np
import pandas as pd

from servicefx.models.drivers import (
    collinearity,
    compare_versions,
    dominance,
    fit_penalty_reward,
    importance_performance,
    joint_asymmetry,
    latent_drivers,
    penalty_reward,
    relative_importance,
)
from servicefx.values.glossary import GLOSSARY


def test_every_frame_about_drivers_has_glossary_columns(rng: np.random.Generator) -> None:
    scores = rng.integers(1, 8, size=(300, 3)).astype(float)
    data = pd.DataFrame(scores, columns=["a", "b", "c"]).assign(
        y=np.round(scores[:, 0] + rng.normal(size=300))
    )
    names = ["a", "b", "c"]
    compared, overlap = dominance(data, "y", names), collinearity(data, "y", names)
    frames = {
        "relative_importance": relative_importance(data, "y", names),
        "general": compared.general,
        "conditional": compared.conditional,
        "pairs": compared.pairs,
        "penalty_reward": penalty_reward(data, "y", names),
        "joint_asymmetry": joint_asymmetry(fit_penalty_reward(data, "y", names), names),
        "importance_performance": importance_performance(data, "y", names, draws=0),
        "collinearity": overlap.drivers,
        "indices": overlap.indices,
        "versions": compare_versions(data, "y", names).table(),
        "latent_drivers": latent_drivers(data, "y", {name: [name] for name in data}, draws=0),
    }
    unknown = {name: sorted(set(frame.columns) - set(GLOSSARY)) for name, frame in frames.items()}
    assert {name: columns for name, columns in unknown.items() if columns} == {}
    for name in ("relative_importance", "penalty_reward", "importance_performance", "latent_drivers"):
        columns = [column for column in frames[name].columns if column != "kind"]
        assert columns[:4] == ["term", "estimate", "conf_low", "conf_high"]
