# Over several fits: difference tests, the invariance ladder, power, and every polychoric against its own likelihood.
DIFFERENCES <- NULL
difference <- function(restricted, free, method, ...) {
  test <- attempt(lavTestLRT(FITS[[free]], FITS[[restricted]], method = sub("standard", "default", method), ...))
  if (is.null(test)) return(invisible(cat("difference", restricted, free, method, "not given\n")))
  last <- as.data.frame(test)[2, ]
  DIFFERENCES <<- rbind(DIFFERENCES, data.frame(
    restricted = restricted, free = free, method = method, detail = paste(unlist(list(...)), collapse = " "),
    chi2_diff = last[["Chisq diff"]], df_diff = as.integer(last[["Df diff"]]), p_value = last[["Pr(>Chisq)"]]))
}
levels_of <- function(data, suffix = "") paste0(data, "_", names(LADDER), suffix)
for (data in c("school", "region")) {
  of <- levels_of(data)
  for (k in 2:5) difference(of[k], of[k - 1], "standard")
}
for (method in c("satorra.bentler.2001", "satorra.bentler.2010", "satorra.2000")) {
  of <- levels_of("school", "_mlr")
  for (k in 2:5) difference(of[k], of[k - 1], method)
  difference("poldem_labels_mlr", "poldem_mlr", method)
  difference("poldem_labels_mlm", "poldem_mlm", method)
  difference("holzinger_tau_mlr", "holzinger_mlr", method)
  difference("school_mlm", "school_mlm_free", method)
  difference("holzinger_fiml15_tau_mlr", "holzinger_fiml15_mlr", method)
}
difference("poldem_labels", "poldem_ml", "standard")
difference("holzinger_tau", "holzinger_std_lv", "standard")
difference("holzinger_orthogonal", "holzinger_ml", "standard")
difference("holzinger_fiml15_tau", "holzinger_fiml15_observed", "standard")
difference("growth_equal_residuals", "growth_ml", "standard")
for (A in c("delta", "exact")) for (shifted in c(TRUE, FALSE)) {
  difference("ordinal_equal_loadings", "ordinal_std_lv", "satorra.2000", A.method = A, scaled.shifted = shifted)
  difference("halves_loadings", "halves_configural", "satorra.2000", A.method = A, scaled.shifted = shifted)
  difference("halves_loadings_theta", "halves_configural_theta", "satorra.2000", A.method = A, scaled.shifted = shifted)
  difference("halves_thresholds", "halves_configural", "satorra.2000", A.method = A, scaled.shifted = shifted)
}
write_table(DIFFERENCES, ".", "differences.csv")

LADDERS <- NULL
for (suffix in c("school", "region", "school_mlr")) {
  data <- sub("_mlr", "", suffix)
  fits <- FITS[levels_of(data, sub(data, "", suffix))]
  # as servicefx reports them: scaled where the test is
  scaled <- if (grepl("mlr", suffix)) ".scaled" else ""
  values <- t(sapply(fits, function(f) fitMeasures(f, c(paste0(c("chisq", "df", "cfi", "rmsea"), scaled), "srmr"))))
  colnames(values) <- c("chisq", "df", "cfi", "rmsea", "srmr")
  tests <- lapply(2:5, function(k) as.data.frame(lavTestLRT(fits[[k - 1]], fits[[k]]))[2, ])
  LADDERS <- rbind(LADDERS, data.frame(
    ladder = suffix, level = names(LADDER), unclass(values), delta_cfi = c(NA, diff(values[, "cfi"])),
    delta_rmsea = c(NA, diff(values[, "rmsea"])), chi2_diff = c(NA, sapply(tests, `[[`, "Chisq diff")),
    df_diff = c(NA, sapply(tests, `[[`, "Df diff")), p_value = c(NA, sapply(tests, `[[`, "Pr(>Chisq)"))))
}
write_table(LADDERS, ".", "ladder.csv")

POWER <- NULL
for (n in c(100, 200, 500)) for (df in c(5, 24, 100)) for (pair in list(c(.05, .08), c(.05, .01), c(0, .05))) {
  POWER <- rbind(POWER, data.frame(kind = "power", rmsea_null = pair[1], rmsea_true = pair[2], df = df, n = n, alpha = .05,
                                   value = semTools::findRMSEApower(pair[1], pair[2], df, n)))
}
for (df in c(5, 24, 100)) for (pair in list(c(.05, .08), c(.05, .01), c(0, .05))) {
  POWER <- rbind(POWER, data.frame(kind = "n_for_power_.80", rmsea_null = pair[1], rmsea_true = pair[2], df = df, n = NA,
                                   alpha = .05, value = semTools::findRMSEAsamplesize(pair[1], pair[2], df, .80)))
}
write_table(POWER, ".", "power.csv")

# Root of the score of the correlation, thresholds held at the margins: lavaan's two steps without its stopping rule.
density2 <- function(a, b, rho) {
  value <- exp(-(a^2 - 2 * rho * a * b + b^2) / (2 * (1 - rho^2))) / (2 * pi * sqrt(1 - rho^2))
  ifelse(is.finite(a) & is.finite(b), value, 0)
}
corners <- function(f, ta, tb) {
  grid <- outer(ta, tb, f)
  k <- nrow(grid); l <- ncol(grid)
  grid[-1, -1] - grid[-k, -1] - grid[-1, -l] + grid[-k, -l]
}
cumulative2 <- function(a, b, rho) {
  pbivnorm::pbivnorm(pmin(pmax(c(a), -30), 30), pmin(pmax(c(b), -30), 30), rho)
}
margins <- function(x) c(-Inf, qnorm(cumsum(table(x))[-length(table(x))] / length(x)), Inf)
polychoric <- function(x, y) {
  counts <- table(x, y); ta <- margins(x); tb <- margins(y)
  score <- function(rho) {
    p <- corners(function(a, b) matrix(cumulative2(a, b, rho), length(ta)), ta, tb)
    sum(ifelse(counts == 0, 0, counts / p) * corners(function(a, b) density2(a, b, rho), ta, tb))
  }
  uniroot(score, c(-.98, .98), tol = 1e-14)$root
}
polyserial <- function(x, y) {
  z <- (y - mean(y)) / sqrt(mean((y - mean(y))^2)); t <- margins(x); k <- as.integer(factor(x))
  score <- function(rho) {
    s <- sqrt(1 - rho^2)
    part <- function(t) ifelse(is.finite(t), dnorm((t - rho * z) / s) * (rho * t - z) / s^3, 0)
    sum((part(t[k + 1]) - part(t[k])) / (pnorm((t[k + 1] - rho * z) / s) - pnorm((t[k] - rho * z) / s)))
  }
  uniroot(score, c(-.98, .98), tol = 1e-14)$root
}
CORRELATIONS <- NULL
for (name in c("ordinal_three", "ordinal_five", "ordinal_seven", "mixed", "mixed_crossed", "holzinger_cut", "halves_configural")) {
  fit <- FITS[[name]]
  frames <- by_group(fit, lavInspect(fit, "data"))
  ordered <- lavNames(fit, "ov.ord")
  stats <- by_group(fit, lavInspect(fit, "sampstat"))
  for (g in seq_along(frames)) for (pair in combn(colnames(frames[[g]]), 2, simplify = FALSE)) {
    x <- frames[[g]][, pair[1]]; y <- frames[[g]][, pair[2]]
    own <- if (all(pair %in% ordered)) polychoric(x, y)
      else if (pair[1] %in% ordered) polyserial(x, y)
      else if (pair[2] %in% ordered) polyserial(y, x) else next
    cov <- stats[[g]]$cov
    CORRELATIONS <- rbind(CORRELATIONS, data.frame(
      case = name, group = group_names(fit)[g], lhs = pair[1], rhs = pair[2], maximum = own,
      lavaan = cov[pair[1], pair[2]] / sqrt(cov[pair[1], pair[1]] * cov[pair[2], pair[2]])))
  }
  mine <- CORRELATIONS[CORRELATIONS$case == name, ]
  cat(name, "largest |lavaan - maximum|", max(abs(mine$lavaan - mine$maximum)), "\n")
}
write_table(CORRELATIONS, ".", "polychorics.csv")
