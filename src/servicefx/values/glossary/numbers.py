"""Columns of estimates, their uncertainty and their tests."""

from __future__ import annotations

from servicefx.values.glossary.column import Column

__all__ = ["NUMBERS"]

NUMBERS: dict[str, Column] = {
    "correlation": Column("correlation of two constructs", "[-1, 1]", "estimate"),
    "ratio": Column("heterotrait-monotrait ratio of correlations", "[0, inf)", "estimate"),
    "cut": Column("where a rule begins to flag a row", "as the rule", "estimate"),
    "expected": Column("share of rows flagged by chance", "[0, 1]", "share"),
    "missing_share": Column("share of rows without an answer", "[0, 1]", "share"),
    "floor_share": Column("share of answers at the lowest possible one", "[0, 1]", "share"),
    "ceiling_share": Column("share of answers at the highest possible one", "[0, 1]", "share"),
    "skew": Column("skewness, corrected for sample size (G1)", "dimensionless", "estimate"),
    "kurtosis": Column(
        "excess kurtosis, corrected for sample size (G2): 0 for a normal", "dimensionless", "estimate"
    ),
    "threshold": Column("what passes the rule", "as the estimate", "estimate"),
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
    "difference": Column(
        "left less right, or another program's estimate less ours", "as the estimate", "estimate"
    ),
    "estimate_left": Column("estimate in the first group", "as the estimate", "estimate"),
    "estimate_right": Column("estimate in the second group", "as the estimate", "estimate"),
    "null_low": Column("lower end of what chance gives to groups alike", "as the estimate", "estimate"),
    "null_high": Column("upper end of what chance gives to groups alike", "as the estimate", "estimate"),
    "p_one_sided": Column("p-value of 'left no larger than right' against 'larger'", "[0, 1]", "p_value"),
    "p_adjusted": Column("two-sided p-value, corrected for the number of pairs", "[0, 1]", "p_value"),
    "p_composition": Column("p-value of 'composed alike in both groups'", "[0, 1]", "p_value"),
    "p_mean": Column("p-value of 'the same mean in both groups'", "[0, 1]", "p_value"),
    "p_variance": Column("p-value of 'the same variance in both groups'", "[0, 1]", "p_value"),
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
    "rmse": Column("root mean squared error on rows not learnt from", "as the item", "estimate"),
    "mae": Column("mean absolute error on rows not learnt from", "as the item", "estimate"),
    "q2_predict": Column("error the mean leaves that predictions take away", "(-inf, 1]", "estimate"),
    "rmse_linear": Column("the same RMSE of regressions of items on items", "as the item", "estimate"),
    "mae_linear": Column("the same mean absolute error of those regressions", "as the item", "estimate"),
    "q2_linear": Column("the same Q² of those regressions", "(-inf, 1]", "estimate"),
    "rmse_mean": Column("the same RMSE of the mean", "as the item", "estimate"),
    "mae_mean": Column("the same mean absolute error of the mean", "as the item", "estimate"),
    "rmse_in_sample": Column("root mean squared error on the rows learnt from", "as the item", "estimate"),
    "mae_in_sample": Column("mean absolute error on the rows learnt from", "as the item", "estimate"),
    "r2_in_sample": Column("explained share on the rows learnt from", "(-inf, 1]", "estimate"),
    "error_skew": Column("skewness of the errors of prediction", "dimensionless", "estimate"),
    "q2_spread": Column("standard deviation of Q² over repetitions", "[0, inf)", "estimate"),
    "loss": Column("mean squared error of predictions, over rows and items", "squared points", "estimate"),
    "benchmark_loss": Column("the same loss of the benchmark", "squared points", "estimate"),
    "loss_difference": Column("loss less the benchmark's: below 0 is better", "as the loss", "estimate"),
    "p_better": Column("p-value of 'no better than the benchmark' against 'better'", "[0, 1]", "p_value"),
    "importance": Column(
        "by how much the target rises with one point of it", "points of 100 per point of 100", "estimate"
    ),
    "importance_low": Column("lower end of the interval of an importance", "as the importance", "estimate"),
    "importance_high": Column("upper end of the interval of an importance", "as the importance", "estimate"),
    "importance_standardised": Column(
        "total effect in standard deviations", "standard deviations per standard deviation", "estimate"
    ),
    "performance": Column("mean score between the scale's ends", "points, [0, 100]", "estimate"),
    "performance_low": Column("lower end of the interval of a performance", "points of 100", "estimate"),
    "performance_high": Column("upper end of the interval of a performance", "points of 100", "estimate"),
    "delta_srmr": Column("change in SRMR from the level before", "dimensionless", "estimate"),
    "cfi_before": Column("CFI before the parameter was released", "[0, 1]", "estimate"),
    "points": Column("difference in points of the items", "points of the scale", "estimate"),
    "points_error": Column("standard error of the difference in points", "points of the scale", "estimate"),
    "covariance_kind": Column("how the sampling covariance was estimated", "-", "text"),
    "mean": Column("mean", "points of the scale", "estimate"),
    "sd": Column("standard deviation (n - 1)", "points of the scale", "estimate"),
    "low": Column("lowest value", "as the measure", "estimate"),
    "high": Column("highest value", "as the measure", "estimate"),
    "bin_low": Column("lower end of a bin", "as the measure", "estimate"),
    "bin_high": Column("upper end of a bin", "as the measure", "estimate"),
    "percentile": Column("percent of persons at or below the estimate", "(0, 100)", "label"),
    "share": Column("share of answers, or of rows where rows are counted", "[0, 1]", "share"),
    "loading": Column("standardised loading of an item on its construct", "[-1, 1]", "estimate"),
    "alpha": Column("Cronbach's alpha", "(-inf, 1]", "estimate"),
    "alpha_low": Column("lower end of alpha's confidence interval", "(-inf, 1]", "estimate"),
    "alpha_high": Column("upper end of alpha's confidence interval", "(-inf, 1]", "estimate"),
    "item_total": Column("correlation of an item with the sum of all", "[-1, 1]", "estimate"),
    "item_total_standardised": Column(
        "correlation of an item with the sum of all standardised items", "[-1, 1]", "estimate"
    ),
    "item_rest": Column("correlation of an item with the sum of the others", "[-1, 1]", "estimate"),
    "item_common": Column("correlation of an item with what the items share", "about [-1, 1]", "estimate"),
    "alpha_if_deleted": Column("Cronbach's alpha of the other items", "(-inf, 1]", "estimate"),
    "alpha_standardised_if_deleted": Column(
        "alpha of the other items, standardised", "(-inf, 1]", "estimate"
    ),
    "composite_reliability": Column(
        "share of the score's variance due to the construct", "[0, 1]", "estimate"
    ),
    "root_average_variance_extracted": Column(
        "square root of the mean squared standardised loading", "[0, 1]", "estimate"
    ),
    "average_variance_extracted": Column("mean squared standardised loading", "[0, 1]", "estimate"),
    "eigenvalue": Column("variance along a component of the items", "items, [0, p]", "estimate"),
    "simulated_mean": Column("mean eigenvalue of unrelated items", "as the eigenvalue", "estimate"),
    "simulated_quantile": Column(
        "high quantile of the eigenvalues of unrelated items", "as the eigenvalue", "estimate"
    ),
    "average_squared": Column("mean squared partial correlation left", "[0, 1]", "estimate"),
    "average_fourth": Column("mean fourth power of the partial correlations left", "[0, 1]", "estimate"),
    "structure": Column("correlation of an item with a factor", "[-1, 1]", "estimate"),
    "communality": Column(
        "share of an item's variance it has in common with the factors", "[0, 1]", "estimate"
    ),
    "uniqueness": Column("share of an item's variance that is its own", "[0, 1]", "estimate"),
    "sum_of_squares": Column("variance of all items a factor accounts for", "items, [0, p]", "estimate"),
    "variance_share": Column("the same as a share of all items' variance", "[0, 1]", "share"),
    "cumulative_share": Column("share of this factor and those before it", "[0, 1]", "share"),
    "adjusted": Column("the estimate after allowing for a common method", "as the estimate", "estimate"),
    "change": Column("adjusted less unadjusted estimate", "as the estimate", "estimate"),
    "published_statistic": Column("test statistic by the source's own formula", "dimensionless", "estimate"),
    "published_p_value": Column("p-value by the source's own formula", "[0, 1]", "p_value"),
    "method_loading": Column("standardised loading of an item on the method factor", "[-1, 1]", "estimate"),
    "construct_share": Column("share of the items' variance due to their construct", "[0, 1]", "share"),
    "method_share": Column("share of the items' variance due to a common method", "[0, 1]", "share"),
    "error_share": Column("share of the items' variance due to neither", "[0, 1]", "share"),
    "construct_reliability": Column(
        "part of a score's reliability due to its construct", "[0, 1]", "estimate"
    ),
    "method_reliability": Column(
        "part of a score's reliability due to a common method", "[0, 1]", "estimate"
    ),
    "total_reliability": Column("reliability of a score, whatever it is due to", "[0, 1]", "estimate"),
    "weight": Column("outer weight of an item in its composite", "dimensionless", "estimate"),
    "target_low": Column("lower bound the claim states", "as the estimate", "estimate"),
    "target_high": Column("upper bound the claim states; inf for 'or more'", "as the estimate", "estimate"),
    "amount": Column("money", "currency of the study at its price year", "money"),
    "amount_low": Column("lower end of the interval of an amount", "as the amount", "money"),
    "amount_high": Column("upper end of the interval of an amount", "as the amount", "money"),
    "own": Column("correlation of an item with its own composite", "[-1, 1]", "estimate"),
    "root_left": Column(
        "square root of the extracted variance of the pair's first construct", "[0, 1]", "estimate"
    ),
    "root_right": Column(
        "square root of the extracted variance of the pair's second construct", "[0, 1]", "estimate"
    ),
    "vif": Column("variance inflation factor", "[1, inf)", "estimate"),
    "rho_a": Column(
        "reliability of a composite's items as measures of one factor (rho_A)", "[0, 1]", "estimate"
    ),
    "slope_change": Column(
        "by how much a slope rises when the moderator rises by one standard deviation",
        "as the slope",
        "estimate",
    ),
    "critical": Column(
        "limit a test statistic keeps to with the stated probability", "as the estimate", "estimate"
    ),
    "setting": Column("a choice that makes programs differ", "-", "label"),
    "value": Column("what was chosen", "-", "text"),
    "note": Column("what a setting can change in the figures", "-", "text"),
    "r2": Column("explained share of variance", "(-inf, 1]", "estimate"),
    "ratio_high": Column("upper end of the ratio's interval", "[0, inf)", "estimate"),
    "ratio_geometric": Column("ratio from geometric means (HTMT2)", "[0, inf)", "estimate"),
    "omega": Column("reliability of the sum score, one factor (omega)", "[0, 1]", "estimate"),
    "ordinal_alpha": Column("alpha of the latent responses behind ordered answers", "(-inf, 1]", "estimate"),
}
