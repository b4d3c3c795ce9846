# Rscript make.R, in this folder: writes every csv and json beside it.
# Needs lavaan and semTools; the data come with lavaan.
suppressMessages({library(lavaan); library(semTools)})
options(digits = 17)
hs <- HolzingerSwineford1939
items <- paste0("x", 1:9)
three <- "visual =~ x1 + x2 + x3
textual =~ x4 + x5 + x6
speed =~ x7 + x8 + x9"
paths <- "x7 ~ x1 + x2 + x3
x8 ~ x7 + x1"
ordered_hs <- hs
for (i in 1:9) ordered_hs[[items[i]]] <- as.integer(cut(hs[[items[i]]], 3 + (i %% 2)))
set.seed(1)
ordered_hs$halves <- rep(1:2, length.out = 301)
missing_hs <- hs
for (i in 1:9) missing_hs[sample(301, 30), items[i]] <- NA
democracy <- "ind60 =~ x1 + x2 + x3
dem60 =~ y1 + y2 + y3 + y4
dem65 =~ y5 + y6 + y7 + y8
dem60 ~ ind60
dem65 ~ ind60 + dem60
y1 ~~ y5
y2 ~~ y4 + y6
y3 ~~ y7
y4 ~~ y8
y6 ~~ y8"
set.seed(7)
noise <- as.data.frame(matrix(rnorm(150), 30))
names(noise) <- paste0("V", 1:5)
# lavaan stops early by default; the measures are compared with what our functions make of *its* statistics.
fits <- list(
  ml = cfa(three, hs),
  mlm = cfa(three, hs, estimator = "MLM"),
  mlr = cfa(three, hs, estimator = "MLR"),
  mlmv = cfa(three, hs, estimator = "MLMV"),
  groups_ml = cfa(three, hs, group = "school", group.equal = c("loadings", "intercepts")),
  groups_mlr = cfa(three, hs, estimator = "MLR", group = "school", group.equal = "loadings"),
  democracy = sem(democracy, PoliticalDemocracy),
  uls = cfa(three, hs, estimator = "ULS"),
  gls = cfa(three, hs, estimator = "GLS"),
  dwls_groups = cfa(three, hs, estimator = "DWLS", group = "school"),
  ulsmv = cfa(three, hs, estimator = "ULSMV"),
  wlsmv = cfa(three, ordered_hs, ordered = items),
  wlsmv_theta = cfa(three, ordered_hs, ordered = items, parameterization = "theta"),
  wlsmv_mixed = cfa(three, ordered_hs, ordered = items[1:6], group = "school"),
  wlsmv_groups = cfa(sub(" + x9", "", three, fixed = TRUE), ordered_hs, ordered = items[1:8], group = "halves"),
  fiml = cfa(three, missing_hs, missing = "fiml"),
  fiml_mlr = cfa(three, missing_hs, missing = "fiml", estimator = "MLR"),
  fixed_x = sem(paths, hs),
  fixed_x_mlr = sem(paths, hs, estimator = "MLR", meanstructure = TRUE),
  saturated = cfa("v =~ x1 + x2 + x3", hs),
  saturated_mlr = cfa("v =~ x1 + x2 + x3", hs, estimator = "MLR"),
  tiny = cfa("v =~ x4 + x5 + x6 + x1", hs[1:25, ], estimator = "MLR"),
  noise = sem("V1 ~ V2 + V3
V4 ~ V1
V5 ~ V1 + V2 + V3", noise, estimator = "MLM", fixed.x = FALSE)
)
names_of <- c(
  chisq = "chi2", df = "df", pvalue = "p_value", chisq.scaled = "chi2_scaled",
  chisq.scaling.factor = "scaling_factor", pvalue.scaled = "p_value_scaled",
  baseline.chisq = "chi2_baseline", baseline.df = "df_baseline",
  baseline.chisq.scaled = "chi2_baseline_scaled",
  baseline.chisq.scaling.factor = "scaling_factor_baseline",
  cfi = "cfi", tli = "tli", nfi = "nfi", cfi.scaled = "cfi_scaled", tli.scaled = "tli_scaled",
  cfi.robust = "cfi_robust", tli.robust = "tli_robust",
  rmsea = "rmsea", rmsea.ci.lower = "rmsea_low", rmsea.ci.upper = "rmsea_high", rmsea.pvalue = "rmsea_close",
  rmsea.scaled = "rmsea_scaled", rmsea.ci.lower.scaled = "rmsea_scaled_low",
  rmsea.ci.upper.scaled = "rmsea_scaled_high", rmsea.pvalue.scaled = "rmsea_scaled_close",
  rmsea.robust = "rmsea_robust", rmsea.ci.lower.robust = "rmsea_robust_low",
  rmsea.ci.upper.robust = "rmsea_robust_high", rmsea.pvalue.robust = "rmsea_robust_close",
  srmr = "srmr", logl = "logl", aic = "aic", bic = "bic", bic2 = "bic_adjusted", npar = "n_free"
)
measures <- do.call(rbind, lapply(names(fits), function(name) {
  fit <- fits[[name]]
  values <- fitMeasures(fit)
  values <- values[intersect(names(values), names(names_of))]
  test <- lavInspect(fit, "test")
  baseline <- fit@baseline$test
  shift <- function(tests) {
    found <- if (length(tests) > 1) tests[[2]]$shift.parameter else NULL
    if (is.null(found)) 0 else found
  }
  given <- c(n_obs = sum(lavInspect(fit, "nobs")), n_groups = lavInspect(fit, "ngroups"),
             shift = shift(test), shift_baseline = shift(baseline))
  data.frame(fit = name, measure = c(names_of[names(values)], names(given)),
             estimate = c(as.numeric(values), as.numeric(given)))
}))
write.csv(measures, "measures.csv", row.names = FALSE, na = "")

# moments of the fits, as the SRMR, the log-likelihood and the baseline test see them
number <- function(x) paste0("[", paste(sprintf("%.17g", x), collapse = ","), "]")
table <- function(x) paste0("[", paste(apply(x, 1, number), collapse = ","), "]")
tables <- function(x) paste0("[", paste(sapply(x, table), collapse = ","), "]")
only <- function(x) tables(list(x))
groups_of <- function(x) if (is.list(x[[1]])) x else list(x)
member <- function(name, text) sprintf("\"%s\": %s", name, text)
object <- function(parts) paste0("{", paste(parts, collapse = ",\n"), "}")
moments <- sapply(setdiff(names(fits), "noise"), function(name) {
  fit <- fits[[name]]
  have <- groups_of(lavInspect(fit, "sampstat"))
  want <- groups_of(lavInspect(fit, "implied"))
  fixed <- match(lavNames(fit, "ov.x"), rownames(have[[1]]$cov)) - 1
  parts <- c(
    member("n_obs", number(lavInspect(fit, "nobs"))),
    member("fixed_x", if (grepl("fixed", name)) number(fixed) else "[]"),
    member("sample", paste0("[", paste(sapply(have, function(g) table(g$cov)), collapse = ","), "]")),
    member("implied", paste0("[", paste(sapply(want, function(g) table(g$cov)), collapse = ","), "]")))
  means <- !is.null(want[[1]]$mean) && !lavInspect(fit, "categorical")
  if (means) parts <- c(parts,
    member("sample_means", paste0("[", paste(sapply(have, function(g) number(g$mean)), collapse = ","), "]")),
    member("implied_means", paste0("[", paste(sapply(want, function(g) number(g$mean)), collapse = ","), "]")))
  object(parts)
})
writeLines(object(mapply(member, names(moments), moments)), "moments.json")

number <- function(x) paste0("[", paste(sprintf("%.11g", x), collapse = ","), "]")
# robust measures under missing data and with ordered items: the ingredients of their mean factors
duplication <- function(p) {
  D <- matrix(0, p * p, p * (p + 1) / 2)
  k <- 0
  for (j in 1:p) for (i in j:p) {
    k <- k + 1
    D[(j - 1) * p + i, k] <- 1
    D[(i - 1) * p + j, k] <- 1
  }
  D
}
D9 <- duplication(9)
normal <- function(M) 0.5 * t(D9) %*% kronecker(solve(M), solve(M)) %*% D9
discrepancy <- function(S, sigma, m = 0 * diag(S), mu = 0 * diag(S)) {
  k <- solve(sigma)
  as.numeric(determinant(sigma)$modulus - determinant(S)$modulus) + sum(diag(S %*% k)) - nrow(S) +
    sum((m - mu) * (k %*% (m - mu)))
}
low <- which(lower.tri(diag(9), TRUE))
off <- !(low %in% which(diag(9) == 1))
robust <- list()
wlsmv <- fits$wlsmv
gamma <- lavInspect(wlsmv, "gamma")
cells <- nrow(gamma) - 36 + 1:36
jacobian <- lavInspect(wlsmv, "delta")[cells, ]
R <- lavInspect(wlsmv, "sampstat")$cov
sigma <- lavInspect(wlsmv, "implied")$cov
robust$wlsmv <- c(
  member("shares", "[1]"),
  member("chi2", number(c(301 * discrepancy(R, sigma), 301 * discrepancy(R, diag(9))))),
  member("weight", only(normal(sigma)[off, off])), member("weight_baseline", only(diag(36))),
  member("estimation_weight", only(lavInspect(wlsmv, "WLS.V")[cells, cells])),
  member("gamma", only(gamma[cells, cells])),
  member("jacobian", only(jacobian[, colSums(abs(jacobian)) > 1e-12])), member("jacobian_baseline", "[[]]"))
both <- fits$wlsmv_groups
share <- lavInspect(both, "nobs") / 301
D8 <- duplication(8)
low8 <- which(lower.tri(diag(8), TRUE))
off8 <- !(low8 %in% which(diag(8) == 1))
normal8 <- function(M) (0.5 * t(D8) %*% kronecker(solve(M), solve(M)) %*% D8)[off8, off8]
polychoric <- function(x) { keep <- nrow(x) - 28 + 1:28; if (ncol(x) == nrow(x)) x[keep, keep] else x[keep, ] }
R <- lapply(lavInspect(both, "sampstat"), function(g) g$cov)
sigma <- lapply(lavInspect(both, "implied"), function(g) g$cov)
jacobian <- lapply(lavInspect(both, "delta"), polychoric)
used <- colSums(abs(do.call(rbind, jacobian))) > 1e-12
robust$wlsmv_groups <- c(
  member("shares", number(share)),
  member("chi2", number(c(sum(301 * share * mapply(discrepancy, R, sigma)),
                          sum(301 * share * sapply(R, function(r) discrepancy(r, diag(8))))))),
  member("weight", tables(lapply(sigma, normal8))), member("weight_baseline", tables(list(diag(28), diag(28)))),
  member("estimation_weight", tables(lapply(lavInspect(both, "WLS.V"), polychoric))),
  member("gamma", tables(lapply(lavInspect(both, "gamma"), polychoric))),
  member("jacobian", tables(lapply(jacobian, function(d) d[, used]))), member("jacobian_baseline", "[[], []]"))
fiml <- fits$fiml
have <- lavInspect(fiml, "sampstat")
want <- lavInspect(fiml, "implied")
pairs <- unlist(sapply(1:9, function(i) paste0("x", i, "~~x", i:9)))
cells <- c(paste0("x", 1:9, "~1"), pairs)
saturated <- paste(sub("~~", " ~~ ", pairs), collapse = "\n")
saturated <- paste(saturated, paste0(items, " ~ 1", collapse = "\n"), sep = "\n")
covariance <- function(estimator) {
  301 * lavInspect(lavaan(saturated, missing_hs, missing = "fiml", estimator = estimator,
                          information = "observed"), "vcov")[cells, cells]
}
alone <- lavaan(paste0(c(paste0(items, " ~~ ", items), paste0(items, " ~ 1")), collapse = "\n"),
                missing_hs, missing = "fiml")
none <- lavInspect(alone, "implied")
weight <- matrix(0, 54, 54)
weight[1:9, 1:9] <- solve(have$cov)
weight[10:54, 10:54] <- normal(have$cov)
D0 <- matrix(0, 54, 18)
D0[1:9, 1:9] <- diag(9)
D0[9 + which(!off), 10:18] <- diag(9)
for (name in c("fiml", "fiml_mlr")) robust[[name]] <- c(
  member("shares", "[1]"),
  member("chi2", number(c(301 * discrepancy(have$cov, want$cov, have$mean, want$mean),
                          301 * discrepancy(have$cov, none$cov, have$mean, none$mean)))),
  member("weight", only(weight)), member("weight_baseline", only(weight)),
  member("estimation_weight", only(solve(covariance("ML")))),
  member("gamma", only(covariance(if (name == "fiml") "ML" else "MLR"))),
  member("jacobian", only(lavInspect(fiml, "delta"))), member("jacobian_baseline", only(D0)))
writeLines(object(mapply(member, names(robust), lapply(robust, object))), "robust.json")

# difference tests
zero <- paste(three, "visual ~~ 0*speed", "textual ~~ 0*speed", sep = "\n")
difference <- NULL
inputs <- list()
add <- function(case, method, fit0, fit1, test, between = NULL, traces = c(NA, NA)) {
  value <- function(fit, name) if (name %in% names(fitMeasures(fit))) fitMeasures(fit, name)[[1]] else NA
  difference <<- rbind(difference, data.frame(
    case = case, method = method, chi2_nested = value(fit0, "chisq"), df_nested = value(fit0, "df"),
    scaling_nested = value(fit0, "chisq.scaling.factor"), chi2_general = value(fit1, "chisq"),
    df_general = value(fit1, "df"), scaling_general = value(fit1, "chisq.scaling.factor"),
    scaling_between = if (is.null(between)) NA else value(between, "chisq.scaling.factor"),
    chi2_diff = test[2, "Chisq diff"], df_diff = test[2, "Df diff"], p_value = test[2, "Pr(>Chisq)"]))
}
traces_input <- function(general, nested) {
  jac <- function(fit) { d <- lavInspect(fit, "delta"); if (is.list(d)) d else list(d) }
  each <- function(x) if (is.list(x)) x else list(x)
  n <- lavInspect(general, "nobs")
  object(c(member("shares", number(n / sum(n))),
    member("weight", paste0("[", paste(sapply(each(lavInspect(general, "WLS.V")), table), collapse = ","), "]")),
    member("gamma", paste0("[", paste(sapply(each(lavInspect(general, "gamma")), table), collapse = ","), "]")),
    member("general", paste0("[", paste(sapply(jac(general), table), collapse = ","), "]")),
    member("nested", paste0("[", paste(sapply(jac(nested), table), collapse = ","), "]"))))
}
for (estimator in c("ML", "MLM", "MLR")) {
  general <- cfa(three, hs, estimator = estimator)
  nested <- cfa(zero, hs, estimator = estimator)
  if (estimator == "ML") {
    add("ML", "plain", nested, general, lavTestLRT(general, nested))
    next
  }
  # the general model, not iterated, at the nested model's estimates
  start <- parTable(general)
  at <- parTable(nested)
  key <- function(t) paste(t$lhs, t$op, t$rhs)
  start$ustart <- at$est[match(key(start), key(at))]
  start$est <- start$start <- start$ustart
  between <- suppressWarnings(cfa(start, hs, estimator = estimator, do.fit = TRUE, optim.method = "none",
                                  optim.force.converged = TRUE, baseline = FALSE))
  add(estimator, "satorra_bentler_2001", nested, general, lavTestLRT(general, nested, method = "satorra.bentler.2001"))
  add(estimator, "satorra_bentler_2010", nested, general, lavTestLRT(general, nested, method = "satorra.bentler.2010"), between)
}
general <- cfa(three, hs, estimator = "MLM"); nested <- cfa(zero, hs, estimator = "MLM")
inputs$mlm <- traces_input(general, nested)
add("mlm", "satorra_2000_mean", nested, general, lavTestLRT(general, nested, method = "satorra.2000", scaled.shifted = FALSE))
add("mlm", "satorra_2000", nested, general, lavTestLRT(general, nested, method = "satorra.2000"))
general <- fits$wlsmv
nested <- cfa(zero, ordered_hs, ordered = items)
inputs$wlsmv <- traces_input(general, nested)
add("wlsmv", "satorra_2000", nested, general, lavTestLRT(general, nested))
writeLines(object(mapply(member, names(inputs), inputs)), "difference.json")
write.csv(difference, "difference.csv", row.names = FALSE, na = "")

# ends of the RMSEA interval and close fit, to the last digits: lavaan's own search stops at about 1e-5
cases <- expand.grid(chi2 = c(3, 40, 85.3, 900), df = c(1, 24.5, 300), n_obs = 301)
end <- function(chi2, df, below) {
  excess <- function(lambda) pchisq(chi2, df, lambda) - below
  if (excess(0) < 0) 0 else uniroot(excess, c(0, 5 * chi2 + 50), tol = 1e-13)$root
}
cases$low <- mapply(function(x, d, n) sqrt(end(x, d, 0.95) / d / n), cases$chi2, cases$df, cases$n_obs)
cases$high <- mapply(function(x, d, n) sqrt(end(x, d, 0.05) / d / n), cases$chi2, cases$df, cases$n_obs)
write.csv(cases, "rmsea_interval.csv", row.names = FALSE)

# power
cases <- expand.grid(df = c(1, 5, 24, 100), n_obs = c(50, 200, 1000), null = c(0, 0.05), alternative = c(0.01, 0.08),
                     n_groups = 1:2)
cases$power <- mapply(function(df, n, a, b, g) findRMSEApower(a, b, df, n, group = g),
                      cases$df, cases$n_obs, cases$null, cases$alternative, cases$n_groups)
write.csv(cases, "power.csv", row.names = FALSE)
sizes <- expand.grid(df = c(5, 24, 100), null = c(0, 0.05), alternative = c(0.03, 0.08), power = c(0.8, 0.9))
sizes$n_obs <- mapply(function(df, a, b, p) findRMSEAsamplesize(a, b, df, p), sizes$df, sizes$null, sizes$alternative, sizes$power)
write.csv(sizes, "sample_size.csv", row.names = FALSE)
nested <- expand.grid(df_nested = c(22, 30), n_obs = c(200, 500), null = c(0, 0.05), n_groups = 1:2)
nested$power <- mapply(function(d, n, a, g) if (a == 0)
    findRMSEApowernested(rmsea1A = 0.06, rmsea1B = 0.05, dfA = d, dfB = 20, n = n, group = g) else
    findRMSEApowernested(rmsea0A = a, rmsea0B = 0.04, rmsea1A = 0.07, rmsea1B = 0.05, dfA = d, dfB = 20, n = n, group = g),
  nested$df_nested, nested$n_obs, nested$null, nested$n_groups)
write.csv(nested, "nested_power.csv", row.names = FALSE)
