"""The one glossary: every column a public frame may have, its meaning, unit and role."""

from __future__ import annotations

from typing import Literal, NamedTuple

__all__ = ["GLOSSARY", "Column", "Role"]

Role = Literal["label", "text", "estimate", "count", "share", "p_value", "money"]


class Column(NamedTuple):
    """One column of the glossary.

    Attributes
    ----------
    meaning : str
        In one plain line.
    unit : str
        Unit and range; ``"-"`` for text.
    role : str
        How the report shows it.
    """

    meaning: str
    unit: str
    role: Role


GLOSSARY: dict[str, Column] = {
    # what a row is about
    "outcome": Column("what is explained", "-", "label"),
    "term": Column("what explains it", "-", "label"),
    "construct": Column("what a set of items measures", "-", "label"),
    "other": Column("the second construct of a pair, or another program's estimate", "-", "label"),
    "item": Column("a question of the survey", "-", "label"),
    "answer": Column("an answer category of an item", "points of the item's scale", "label"),
    "measure": Column("which number stands in the row", "-", "label"),
    "from": Column("where a path starts", "-", "label"),
    "to": Column("where a path ends", "-", "label"),
    "via": Column("mediators of an indirect effect, in order", "-", "label"),
    "kind": Column("direct, indirect or total effect", "-", "label"),
    "hypothesis": Column("id of the hypothesis a path belongs to", "-", "label"),
    "claim": Column("id of a numeric claim", "-", "label"),
    "line": Column("cost line or benefit line", "-", "label"),
    "data": Column("which data file of the study", "-", "label"),
    "reason": Column("why a row or an answer is not used", "-", "label"),
    "wave": Column("survey wave", "-", "label"),
    "series": Column("which of several estimates of the same term", "-", "label"),
    "model": Column("which model of several", "-", "label"),
    "level": Column("what is held equal across groups, cumulatively", "-", "label"),
    "group": Column("which of the compared groups; empty where there is one", "-", "label"),
    "quantity": Column("which number of a parameter: estimate, standardised, effect", "-", "label"),
    "lhs": Column("left-hand side of a model line", "-", "label"),
    "op": Column("operator of a model line", "-", "label"),
    "rhs": Column("right-hand side of a model line", "-", "label"),
    # estimates
    "estimate": Column(
        "point estimate", "outcome per unit of the term, or as the table's title says", "estimate"
    ),
    "std_error": Column("standard error of the estimate", "as the estimate", "estimate"),
    "statistic": Column("estimate over its standard error", "dimensionless", "estimate"),
    "df": Column("degrees of freedom; inf means the normal", "count, (0, inf]", "count"),
    "p_value": Column("two-sided p-value of a zero estimate", "[0, 1]", "p_value"),
    "conf_low": Column("lower end of the confidence interval", "as the estimate", "estimate"),
    "conf_high": Column("upper end of the confidence interval", "as the estimate", "estimate"),
    "std_all": Column(
        "standardised estimate", "standard deviations of lhs per standard deviation of rhs", "estimate"
    ),
    "std_all_error": Column("standard error of the standardised estimate", "as the estimate", "estimate"),
    "std_lv": Column(
        "estimate with constructs in standard deviations", "items in their own units", "estimate"
    ),
    "population": Column("value the samples are drawn from", "as the estimate", "estimate"),
    "bias": Column("mean estimate less the population's value", "as the estimate", "estimate"),
    "bias_error": Column("simulation error of the bias", "as the estimate", "estimate"),
    "std_deviation": Column("standard deviation of the estimates", "as the estimate", "estimate"),
    "coverage": Column("share of intervals that hold the population's value", "[0, 1]", "share"),
    "power": Column("share of samples in which the estimate differs from zero", "[0, 1]", "share"),
    "power_error": Column("simulation error of the power", "[0, 1]", "share"),
    "difference": Column("another program's estimate less ours", "as the estimate", "estimate"),
    "index": Column("what chi2 would fall by if the parameter were free", "chi2, [0, inf)", "estimate"),
    "expected_change": Column("value the freed parameter would move by", "as the parameter", "estimate"),
    "chi2": Column("test statistic of a model", "chi2, [0, inf)", "estimate"),
    "chi2_diff": Column("difference of two models' test statistics, scaled where needed", "chi2", "estimate"),
    "df_diff": Column("difference of two models' degrees of freedom", "count", "count"),
    "cfi": Column("comparative fit index", "[0, 1]", "estimate"),
    "rmsea": Column("root mean square error of approximation", "[0, inf)", "estimate"),
    "srmr": Column("standardised root mean square residual", "[0, inf)", "estimate"),
    "delta_cfi": Column("change in CFI from the level before", "dimensionless", "estimate"),
    "delta_rmsea": Column("change in RMSEA from the level before", "dimensionless", "estimate"),
    "covariance_kind": Column("how the sampling covariance was estimated", "-", "text"),
    "mean": Column("mean", "points of the scale", "estimate"),
    "sd": Column("standard deviation (n - 1)", "points of the scale", "estimate"),
    "low": Column("lowest value", "as the measure", "estimate"),
    "high": Column("highest value", "as the measure", "estimate"),
    "bin_low": Column("lower end of a bin", "as the measure", "estimate"),
    "bin_high": Column("upper end of a bin", "as the measure", "estimate"),
    "share": Column("share of answers", "[0, 1]", "share"),
    "loading": Column("standardised loading of an item on its construct", "[-1, 1]", "estimate"),
    "alpha": Column("Cronbach's alpha", "(-inf, 1]", "estimate"),
    "alpha_low": Column("lower end of alpha's confidence interval", "(-inf, 1]", "estimate"),
    "alpha_high": Column("upper end of alpha's confidence interval", "(-inf, 1]", "estimate"),
    "composite_reliability": Column(
        "share of the score's variance due to the construct", "[0, 1]", "estimate"
    ),
    "average_variance_extracted": Column("mean squared standardised loading", "[0, 1]", "estimate"),
    "weight": Column("outer weight of an item in its composite", "dimensionless", "estimate"),
    "target_low": Column("lower bound the claim states", "as the estimate", "estimate"),
    "target_high": Column("upper bound the claim states; inf for 'or more'", "as the estimate", "estimate"),
    "amount": Column("money", "currency of the study at its price year", "money"),
    "amount_low": Column("lower end of the interval of an amount", "as the amount", "money"),
    "amount_high": Column("upper end of the interval of an amount", "as the amount", "money"),
    # counts
    "n_obs": Column("rows used", "count", "count"),
    "n_units": Column("units (customers, outlets, firms) in those rows", "count", "count"),
    "n_clusters": Column("dependence groups in those rows", "count", "count"),
    "n_items": Column("items of the construct", "count", "count"),
    "n_draws": Column("resamples in which the number exists", "count", "count"),
    "n_missing": Column("answers missing", "count", "count"),
    "n_rows": Column("rows concerned", "count", "count"),
    "free": Column("number of a free parameter in its model; 0 where it is not estimated", "count", "count"),
    # words
    "label": Column("name in the reader's language, or of a parameter in its model", "-", "text"),
    "unit": Column("unit of the estimate", "-", "text"),
    "design": Column("what the comparison rests on", "-", "text"),
    "estimand": Column("what is asked, as a sentence", "-", "text"),
    "predicted": Column("sign a hypothesis predicts", "-", "text"),
    "verdict": Column("supported, contradicted or undecided", "-", "text"),
    "undefined": Column("why a number of the row does not exist; empty where all do", "-", "text"),
    "wording": Column("the claim in short", "-", "text"),
    "source": Column("where a claim or a rule comes from", "-", "text"),
    "data_needed": Column("data that would test the claim", "-", "text"),
}
