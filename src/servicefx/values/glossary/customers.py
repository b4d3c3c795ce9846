"""Columns of the questions about customers: drivers, waits, moderators, robustness and the like."""

from __future__ import annotations

from servicefx.values.glossary.column import Column

__all__ = ["CUSTOMERS"]

CUSTOMERS: dict[str, Column] = {
    "gap": Column("perception less expectation", "points of the scale", "estimate"),
    "expectation": Column("score of what was expected", "points of the scale", "estimate"),
    "perception": Column("score of what was perceived", "points of the scale", "estimate"),
    "n_below": Column("rows below the place of the row, or below expectation", "count", "count"),
    "n_above": Column("rows above the place of the row, or above expectation", "count", "count"),
    "drawn_low": Column(
        "lower end of the percentile interval of the resamples", "as the estimate", "estimate"
    ),
    "drawn_high": Column(
        "upper end of the percentile interval of the resamples", "as the estimate", "estimate"
    ),
    "share_low": Column("lower end of the interval of a share", "[0, 1]", "share"),
    "share_high": Column("upper end of the interval of a share", "[0, 1]", "share"),
    "rank": Column("place from the largest, 1 first", "count from 1", "count"),
    "rank_low": Column("best place within the draws' interval", "count from 1", "count"),
    "rank_high": Column("worst place within the draws' interval", "count from 1", "count"),
    "chance_first": Column("share of the draws in which it is first", "[0, 1]", "share"),
    "simulation_error": Column(
        "standard error due to sampling orders of entry; 0 where exact", "as the estimate", "estimate"
    ),
    "n_dropped": Column("rows left out because of a gap", "count", "count"),
    "n_others": Column("drivers already in the model", "count", "count"),
    "dominates": Column("which driver of a pair explains more; 'neither' where none does", "-", "text"),
    "chance_left": Column("share of the draws in which the first of a pair dominates", "[0, 1]", "share"),
    "chance_right": Column("share of the draws in which the second of a pair dominates", "[0, 1]", "share"),
    "chance_neither": Column("share of the draws in which neither of a pair dominates", "[0, 1]", "share"),
    "dominance": Column("strictest sense in which the first of a pair explains more", "-", "text"),
    "complete": Column(
        "share of the draws in which a driver explains more next to any others", "[0, 1]", "share"
    ),
    "conditional": Column(
        "share of the draws in which a driver explains more on average next to every number of others",
        "[0, 1]",
        "share",
    ),
    "general": Column("share of the draws in which a driver explains more on average", "[0, 1]", "share"),
    "alone": Column("squared correlation of a driver and the outcome", "[0, 1]", "estimate"),
    "last": Column("what R² loses without a driver", "[0, 1]", "estimate"),
    "johnson": Column("part of R² by Johnson's relative weights", "[0, 1]", "estimate"),
    "pratt": Column("part of R² by Pratt: coefficient times correlation", "(-inf, inf)", "estimate"),
    "lmg": Column("part of R², mean over all orders of entry (Shapley)", "[0, 1]", "estimate"),
    "reproduced": Column("share of the draws that agree with the sample", "[0, 1]", "share"),
    "per_point": Column(
        "the estimate per point of the driver between the groups' means", "points per point", "estimate"
    ),
    "per_point_low": Column("lower end of the interval per point", "points per point", "estimate"),
    "per_point_high": Column("upper end of the interval per point", "points per point", "estimate"),
    "per_point_p_value": Column("p-value of the number per point", "[0, 1]", "p_value"),
    "impact_asymmetry": Column("reward less size of the penalty, over their sum", "[-1, 1]", "estimate"),
    "kano": Column("class of a driver: basic, performance, excitement or reversed", "-", "text"),
    "chance_basic": Column(
        "chance that poor service costs more than excellent service earns", "[0, 1]", "share"
    ),
    "chance_performance": Column("chance that penalty and reward are alike", "[0, 1]", "share"),
    "chance_excitement": Column(
        "chance that excellent service earns more than poor service costs", "[0, 1]", "share"
    ),
    "chance_reversed": Column(
        "chance that less of the driver goes with more of the outcome", "[0, 1]", "share"
    ),
    "cut_low": Column("at or below it a driver counts as low", "points of the driver", "estimate"),
    "cut_high": Column("at or above it a driver counts as high", "points of the driver", "estimate"),
    "distance_low": Column(
        "mean of the middle group less that of the low one", "points of the driver", "estimate"
    ),
    "distance_high": Column(
        "mean of the high group less that of the middle one", "points of the driver", "estimate"
    ),
    "n_low": Column("rows where the driver is low", "count", "count"),
    "n_middle": Column("rows where the driver is neither low nor high", "count", "count"),
    "n_high": Column("rows where the driver is high", "count", "count"),
    "hybrid": Column("impact asymmetry up to which a driver counts as performance", "(0, 1)", "estimate"),
    "df_residual": Column("residual degrees of freedom", "count", "count"),
    "quadrant": Column("place on the map of importance and performance", "-", "text"),
    "quadrant_chance": Column(
        "share of the draws in which a driver stands in the same quadrant", "[0, 1]", "share"
    ),
    "priority": Column(
        "importance times the share of the scale still to be gained", "as the importance", "estimate"
    ),
    "priority_low": Column("lower end of the interval of a priority", "as the importance", "estimate"),
    "priority_high": Column("upper end of the interval of a priority", "as the importance", "estimate"),
    "split_importance": Column("importance at which the quadrants meet", "as the importance", "estimate"),
    "split_performance": Column("performance at which the quadrants meet", "points of 100", "estimate"),
    "tolerance": Column("share of a driver's variance that the others do not explain", "[0, 1]", "share"),
    "condition": Column("largest singular value over this one, columns of length 1", "[1, inf)", "estimate"),
    "sup_f": Column(
        "F statistic of a bend, at its best place or held against another", "[0, inf)", "estimate"
    ),
    "wait": Column("how long customers waited", "as the study records it", "estimate"),
    "n_parameters": Column(
        "numbers a model estimates, thresholds and error variance among them", "count", "count"
    ),
    "logl": Column("log likelihood under normal errors", "(-inf, inf)", "estimate"),
    "aic": Column("Akaike's information criterion: lower is better", "(-inf, inf)", "estimate"),
    "bic": Column("Schwarz's information criterion: lower is better", "(-inf, inf)", "estimate"),
    "delta_aic": Column("AIC above that of the best model", "[0, inf)", "estimate"),
    "delta_bic": Column("BIC above that of the best model", "[0, inf)", "estimate"),
    "moderator": Column("what a slope may depend on", "-", "label"),
    "at": Column("value of the moderator at which a number stands", "as the moderator", "estimate"),
    "second": Column("second moderator; empty where there is one", "-", "label"),
    "second_at": Column("value of the second moderator", "as the moderator", "estimate"),
    "sign": Column("sign of an effect in a region: positive, negative or undecided", "-", "text"),
    "role": Column("what holding a variable does to a causal answer", "-", "text"),
    "why": Column("the reason, in a sentence", "-", "text"),
    "given": Column("what is held; empty where nothing", "-", "label"),
    "r2_term": Column(
        "share of the term's remaining variance an unmeasured cause explains", "[0, 1]", "share"
    ),
    "r2_outcome": Column(
        "share of the outcome's remaining variance an unmeasured cause explains", "[0, 1]", "share"
    ),
    "multiple": Column("how many times as strong as the benchmark", "(0, inf)", "estimate"),
    "dispersion": Column(
        "alpha of a count's variance mu + alpha mu²; 0 of a Poisson's", "[0, inf)", "estimate"
    ),
    "zeros_expected": Column("share of the rows that a model expects to be 0", "[0, 1]", "share"),
    "expected_poisson": Column("share of the rows that a Poisson count expects", "[0, 1]", "share"),
    "expected_model": Column("share of the rows that the chosen model expects", "[0, 1]", "share"),
    "expected_people": Column("mean number of people that the chosen model expects", "people", "estimate"),
    "slope_below": Column("slope of the log of a mean below a centre", "log people per point", "estimate"),
    "slope_above": Column("slope of the log of a mean above a centre", "log people per point", "estimate"),
    "score": Column("value of a score at which a number stands", "points of the score", "estimate"),
    "promoters": Column("share of answers of 9 or 10 on a scale from 0 to 10", "[0, 1]", "share"),
    "passives": Column("share of answers of 7 or 8 on a scale from 0 to 10", "[0, 1]", "share"),
    "detractors": Column("share of answers of 0 to 6 on a scale from 0 to 10", "[0, 1]", "share"),
}
