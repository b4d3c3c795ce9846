"""Writes framing.csv: natural effects of statsmodels on the framing experiment it ships."""

from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd
import statsmodels.api as sm
from statsmodels.stats.mediation import Mediation

DRAWS = 4000


def main() -> None:
    data = pd.read_csv(files("statsmodels.stats.tests") / "results" / "framing.csv")
    data = data[["cong_mesg", "emo", "treat", "age", "educ", "gender", "income"]].dropna()
    levels = pd.get_dummies(data[["educ", "gender"]], drop_first=True).astype(float)
    covariates = pd.concat([data[["age", "income"]].astype(float), levels], axis=1)
    mediator = sm.add_constant(pd.concat([data["treat"].astype(float), covariates], axis=1))
    outcome = sm.add_constant(pd.concat([data[["emo", "treat"]].astype(float), covariates], axis=1))
    probit = sm.families.Binomial(link=sm.families.links.Probit())
    found = Mediation(
        sm.GLM(data["cong_mesg"].to_numpy(), outcome, family=probit),
        sm.OLS(data["emo"].to_numpy(), mediator),
        [outcome.columns.get_loc("treat"), mediator.columns.get_loc("treat")],
        outcome.columns.get_loc("emo"),
    ).fit(method="parametric", n_rep=DRAWS, rng=np.random.RandomState(1))
    table = found.summary().rename_axis("effect")
    width = (table["Upper CI bound"] - table["Lower CI bound"]) / (2 * 1.959964)
    table["monte_carlo_error"] = width / np.sqrt(DRAWS)
    table.to_csv(Path(__file__).parent / "framing.csv")


if __name__ == "__main__":
    main()
