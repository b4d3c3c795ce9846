# Rscript make.R MOBI_CSV AFTER_SALES_CUSTOMERS_CSV, in this folder: writes expected.csv, expected_loadings.csv
# and expected_correlations.csv. Both files hold items as columns; nothing of servicefx is used.
library(psych)
library(lavaan)
arguments <- commandArgs(trailingOnly = TRUE)
stopifnot(length(arguments) == 2)
options(digits = 15)

mobi <- read.csv(arguments[1])
names(mobi) <- toupper(names(mobi))
sales <- read.csv(arguments[2])
sales$res3 <- 8 - sales$res3  # worded negatively, 1-7
numbered <- function(stem, k) paste0(stem, seq_len(k))
blocks <- list(
  ecsi_mobile = list(data = mobi, constructs = list(
    brand_image = numbered("IMAG", 5), expectation = numbered("CUEX", 3), service_quality = numbered("PERQ", 7),
    perceived_value = numbered("PERV", 2), satisfaction = numbered("CUSA", 3), loyalty = numbered("CUSL", 3)
  )),
  after_sales = list(data = sales, constructs = list(
    tangibles = numbered("tan", 4), reliability = numbered("rel", 5), responsiveness = numbered("res", 4),
    assurance = numbered("ass", 4), empathy = numbered("emp", 5), satisfaction = numbered("sat", 4),
    trust = numbered("tru", 3), perceived_value = numbered("val", 2), loyalty = numbered("loy", 3)
  ))
)

one_factor <- function(x) {
  # standardised loadings by maximum likelihood; two items: equal loadings
  z <- as.data.frame(scale(x))
  names(z) <- paste0("v", seq_along(z))
  label <- if (ncol(z) == 2) "a*" else ""
  model <- paste("f =~", paste0(label, names(z), collapse = " + "))
  tight <- list(rel.tol = 1e-15, x.tol = 1e-15, iter.max = 100000, eval.max = 100000)
  close <- suppressWarnings(cfa(model, z, std.lv = TRUE, control = tight, optim.force.converged = TRUE))
  fit <- suppressWarnings(cfa(model, z, std.lv = TRUE, start = close, optim.method = "BFGS",
                              control = list(reltol = 1e-16, maxit = 10000), optim.force.converged = TRUE))
  stopifnot(max(abs(lavInspect(fit, "gradient"))) < 1e-6)
  table <- standardizedSolution(fit)
  table$est.std[table$op == "=~"]
}

expected <- loadings <- correlations <- NULL
for (study in names(blocks)) {
  data <- blocks[[study]]$data
  scores <- list()
  for (construct in names(blocks[[study]]$constructs)) {
    items <- blocks[[study]]$constructs[[construct]]
    x <- na.omit(data[items])
    value <- suppressWarnings(psych::alpha(x, warnings = FALSE, check.keys = FALSE))$total$raw_alpha
    feldt <- alpha.ci(value, n.obs = nrow(x), n.var = ncol(x))
    l <- one_factor(x)
    heywood <- any(l^2 >= 1)
    expected <- rbind(expected, data.frame(
      study = study, construct = construct, n_items = ncol(x), n_obs = nrow(x), alpha = value,
      alpha_low = unname(unlist(feldt$lower.ci)), alpha_high = unname(unlist(feldt$upper.ci)),
      composite_reliability = if (heywood) NA else sum(l)^2 / (sum(l)^2 + sum(1 - l^2)),
      average_variance_extracted = if (heywood) NA else mean(l^2)
    ))
    loadings <- rbind(loadings, data.frame(study = study, construct = construct, item = items, loading = l))
    answered <- rowSums(!is.na(data[items]))
    scores[[construct]] <- ifelse(2 * answered >= length(items), rowMeans(data[items], na.rm = TRUE), NA)
  }
  scores <- as.data.frame(scores)
  for (i in seq_along(scores)[-1]) for (j in seq_len(i - 1)) {
    pair <- corr.test(scores[j], scores[i], adjust = "none", ci = TRUE)
    correlations <- rbind(correlations, data.frame(
      study = study, construct = names(scores)[i], other = names(scores)[j],
      estimate = pair$r[1, 1], conf_low = pair$ci$lower, conf_high = pair$ci$upper,
      n_obs = sum(complete.cases(scores[c(i, j)]))
    ))
  }
}
write.csv(expected, "expected.csv", row.names = FALSE, na = "")
write.csv(loadings, "expected_loadings.csv", row.names = FALSE)
write.csv(correlations, "expected_correlations.csv", row.names = FALSE)
