# Rscript make.R, in this folder: writes expected.csv and measures.csv
library(lavaan)
data <- read.csv("data.csv")
expected <- NULL
measures <- NULL
for (file in sort(list.files(pattern = "[.]lav$"))) {
  model <- sub("[.]lav$", "", file)
  # lavaan stops early by default, and at this tolerance its optimisers may report "false convergence"
  # although they stand at the minimum: the gradient is what decides.
  text <- paste(readLines(file), collapse = "\n")
  close <- suppressWarnings(sem(text, data = data, control = list(rel.tol = 1e-13, x.tol = 1e-13),
                                optim.force.converged = TRUE))
  fit <- suppressWarnings(sem(text, data = data, start = close, optim.method = "BFGS",
                              control = list(reltol = 1e-16, maxit = 5000), optim.force.converged = TRUE))
  gradient <- max(abs(lavInspect(fit, "gradient")))
  cat(model, "largest gradient", gradient, "\n")
  stopifnot(gradient < 1e-6)
  table <- parameterEstimates(fit)
  table$std.all <- standardizedSolution(fit)$est.std
  expected <- rbind(expected, data.frame(
    model = model, lhs = table$lhs, op = table$op, rhs = table$rhs, estimate = table$est,
    std_error = table$se, statistic = table$z, p_value = table$pvalue,
    conf_low = table$ci.lower, conf_high = table$ci.upper, std_all = table$std.all
  ))
  values <- suppressWarnings(fitMeasures(fit, c(
    "chisq", "df", "pvalue", "baseline.chisq", "baseline.df", "cfi", "tli", "rmsea", "rmsea.ci.lower",
    "rmsea.ci.upper", "rmsea.pvalue", "srmr", "logl", "aic", "bic", "ntotal", "npar"
  )))
  # the baseline model of the refit does not converge where an item has no residual
  compared <- c("baseline.chisq", "baseline.df", "cfi", "tli")
  values[compared] <- fitMeasures(close, compared)
  names(values) <- c(
    "chi2", "df", "p_value", "chi2_baseline", "df_baseline", "cfi", "tli", "rmsea", "rmsea_low",
    "rmsea_high", "rmsea_close", "srmr", "logl", "aic", "bic", "n_obs", "n_free"
  )
  r2 <- lavInspect(fit, "rsquare")
  measures <- rbind(
    measures,
    data.frame(model = model, measure = names(values), estimate = as.numeric(values)),
    data.frame(model = model, measure = paste0("r2_", names(r2)), estimate = as.numeric(r2))
  )
}
options(digits = 15)
write.csv(expected, "expected.csv", row.names = FALSE, na = "")
write.csv(measures, "measures.csv", row.names = FALSE, na = "")
