"""Columns of known groups and latent classes."""

from __future__ import annotations

from servicefx.values.glossary.column import Column

__all__ = ["SEGMENTS"]

SEGMENTS: dict[str, Column] = {
    "f_statistic": Column("F statistic of a joint test", "[0, inf)", "estimate"),
    "n_classes": Column("latent classes", "count from 1", "count"),
    "slopes": Column("whether classes have slopes of their own: one, own or shared", "-", "label"),
    "aic3": Column("information criterion with 3 a parameter: lower is better", "(-inf, inf)", "estimate"),
    "icl": Column("BIC plus twice the classification's entropy", "(-inf, inf)", "estimate"),
    "entropy_r2": Column("how surely classes are told apart; 1 is surely", "(-inf, 1]", "estimate"),
    "smallest_share": Column("share of the smallest class", "[0, 1]", "share"),
    "n_starts": Column("places a search began at", "count", "count"),
    "n_followed": Column("starts followed to the top of the likelihood", "count", "count"),
    "n_reached": Column("of those, how many reached the highest likelihood", "count", "count"),
    "chosen": Column("whether the criterion is lowest: yes or no", "-", "text"),
    "chosen_share": Column("share of the resamples in which BIC prefers it", "[0, 1]", "share"),
    "sigma": Column("standard deviation of the errors", "as the outcome", "estimate"),
    "n_assigned": Column("rows for which the class is likeliest", "count", "count"),
    "assigned_share": Column("share of the rows for which the class is likeliest", "[0, 1]", "share"),
    "mean_posterior": Column("mean chance of the rows assigned to belong there", "[0, 1]", "share"),
    "wrong_share": Column("share of the rows assigned that belong elsewhere", "[0, 1]", "share"),
    "jaccard": Column("mean Jaccard similarity of a class to its match in resamples", "[0, 1]", "estimate"),
    "jaccard_decile": Column("lower decile of that similarity", "[0, 1]", "estimate"),
    "unadjusted": Column("the estimate among those assigned, not corrected", "as the estimate", "estimate"),
    "overall": Column("the same number over all rows", "as the estimate", "estimate"),
}
