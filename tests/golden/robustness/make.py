"""Golden values of sensitivity analysis by PySensemakr 0.0.8, run on made-up data: python make.py."""

from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).parent


def main() -> None:
    import sensemakr  # not installed where the tests run
    import statsmodels.formula.api as smf

    rng = np.random.default_rng(11)
    n = 250
    a, b, c = rng.normal(size=(3, n))
    x = 0.5 * a + 0.3 * b + rng.normal(size=n)
    y = 0.25 * x + 0.4 * a - 0.2 * b + 0.1 * c + rng.normal(size=n)
    data = pd.DataFrame({"y": y, "x": x, "a": a, "b": b, "c": c}).round(4)
    data.to_csv(HERE / "data.csv", index=False)
    model = smf.ols("y ~ x + a + b + c", data=data).fit()
    rows = []
    for name in ("a", "b"):
        found = sensemakr.ovb_bounds(
            model=model, treatment="x", benchmark_covariates=name, kd=[1, 2], ky=[1, 2]
        )
        for multiple, (_, row) in zip((1, 2), found.iterrows(), strict=True):
            rows.append(
                {
                    "benchmark": name,
                    "multiple": multiple,
                    "r2_term": row["r2dz_x"],
                    "r2_outcome": row["r2yz_dx"],
                    "estimate": row["adjusted_estimate"],
                    "std_error": row["adjusted_se"],
                    "statistic": row["adjusted_t"],
                    "conf_low": row["adjusted_lower_CI"],
                    "conf_high": row["adjusted_upper_CI"],
                }
            )
    pd.DataFrame(rows).to_csv(HERE / "bounds.csv", index=False)
    values = []
    for t, df in ((1.2, 40), (2.5, 40), (4.184, 783), (9.0, 120), (60.0, 300)):
        for q in (0.5, 1.0):
            for alpha in (0.05, 0.1):
                values.append(
                    {
                        "statistic": t,
                        "df": df,
                        "reduction": q,
                        "level": 1 - alpha,
                        "robustness_value": float(
                            np.squeeze(sensemakr.robustness_value(t_statistic=t, dof=df, q=q))
                        ),
                        "robustness_value_interval": float(
                            np.squeeze(sensemakr.robustness_value(t_statistic=t, dof=df, q=q, alpha=alpha))
                        ),
                        "partial_r2": float(np.squeeze(sensemakr.partial_r2(t_statistic=t, dof=df))),
                    }
                )
    pd.DataFrame(values).to_csv(HERE / "values.csv", index=False)
    grid = []
    for term in (0.0, 0.1, 0.35):
        for outcome in (0.0, 0.2, 0.6):
            known = {"estimate": -0.4, "se": 0.1, "dof": 90, "r2dz_x": term, "r2yz_dx": outcome}
            grid.append(
                {
                    "r2_term": term,
                    "r2_outcome": outcome,
                    "estimate": float(sensemakr.adjusted_estimate(**known)),
                    "std_error": float(
                        sensemakr.adjusted_se(
                            **{key: value for key, value in known.items() if key != "estimate"}
                        )
                    ),
                    "statistic": float(sensemakr.adjusted_t(**known)),
                }
            )
    pd.DataFrame(grid).to_csv(HERE / "adjusted.csv", index=False)


if __name__ == "__main__":
    main()
