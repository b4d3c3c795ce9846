# Rscript make.R MOBI_CSV HOLZINGER_CSV, in this folder: writes htmt.csv, correlations.csv, loadings.csv,
# discriminant_validity.csv (semTools' CI_CFA and chi2(cut), by its author) and cut_tests.csv (the same test with tight
# optimisation). Nothing of servicefx is used.
library(lavaan)
library(semTools)
arguments <- commandArgs(trailingOnly = TRUE)
stopifnot(length(arguments) == 2)
options(digits = 15)

mobi <- read.csv(arguments[1])
names(mobi) <- toupper(names(mobi))
holzinger <- read.csv(arguments[2])
numbered <- function(stem, k) paste0(stem, seq_len(k))
cases <- list(
  mobi = list(data = mobi, constructs = list(
    image = numbered("IMAG", 5), expectation = numbered("CUEX", 3), quality = numbered("PERQ", 7),
    value = numbered("PERV", 2), satisfaction = numbered("CUSA", 3), loyalty = numbered("CUSL", 3)
  )),
  holzinger = list(data = holzinger, constructs = list(
    visual = paste0("x", 1:3), textual = paste0("x", 4:6), speed = paste0("x", 7:9)
  ))
)
model_of <- function(constructs) {
  paste(names(constructs), "=~", sapply(constructs, paste, collapse = " + "), collapse = "\n")
}
tight <- list(rel.tol = 1e-15, x.tol = 1e-15, iter.max = 100000, eval.max = 100000)
tightly <- function(model, ...) {
  close <- suppressWarnings(cfa(model, ..., std.lv = TRUE, control = tight, optim.force.converged = TRUE))
  fit <- suppressWarnings(cfa(model, ..., std.lv = TRUE, start = close, optim.method = "BFGS",
                              control = list(reltol = 1e-16, maxit = 10000), optim.force.converged = TRUE))
  stopifnot(max(abs(lavInspect(fit, "gradient"))) < 1e-6)
  fit
}
solution <- function(fit, op, label) {
  table <- standardizedSolution(fit, level = .95)
  table <- table[table$op == op & table$lhs %in% lavNames(fit, "lv"), ]
  if (op == "~~") table <- table[table$lhs != table$rhs, ]
  data.frame(data = label[1], estimator = label[2], construct = table$lhs, other = table$rhs, estimate = table$est.std,
             std_error = table$se, conf_low = table$ci.lower, conf_high = table$ci.upper, p_value = table$pvalue)
}

ratios <- correlations <- loadings <- tests <- discriminant <- NULL
for (name in names(cases)) {
  x <- cases[[name]]$data[unlist(cases[[name]]$constructs)]
  model <- model_of(cases[[name]]$constructs)
  kinds <- list(htmt = list(TRUE, FALSE), raw = list(FALSE, FALSE), htmt2 = list(TRUE, TRUE))
  for (kind in names(kinds)) {
    found <- unclass(htmt(model, x, absolute = kinds[[kind]][[1]], htmt2 = kinds[[kind]][[2]]))
    for (i in seq_len(nrow(found))[-nrow(found)]) for (j in (i + 1):nrow(found)) {
      ratios <- rbind(ratios, data.frame(data = name, measure = kind, left = rownames(found)[i],
                                         right = colnames(found)[j], ratio = found[j, i]))
    }
  }
  for (estimator in c("ml", "mlr")) {
    fit <- tightly(model, data = x, estimator = estimator)
    correlations <- rbind(correlations, solution(fit, "~~", c(name, estimator)))
    loadings <- rbind(loadings, solution(fit, "=~", c(name, estimator)))
  }
  free <- tightly(model, data = x)
  known <- suppressWarnings(discriminantValidity(cfa(model, data = x, std.lv = TRUE), cutoff = .9))
  discriminant <- rbind(discriminant, data.frame(
    data = name, construct = known$lhs, other = known$rhs, estimate = known$est, conf_low = known$ci.lower,
    conf_high = known$ci.upper, chi2_diff = known[["Chisq diff"]], p_value = known[["Pr(>Chisq)"]]
  ))
  pairs <- combn(names(cases[[name]]$constructs), 2)
  for (at in seq_len(ncol(pairs))) {
    line <- paste0(pairs[1, at], " ~~ 0.9*", pairs[2, at])
    held <- tightly(paste(model, line, sep = "\n"), data = x)
    change <- lavTestLRT(free, held)
    tests <- rbind(tests, data.frame(data = name, construct = pairs[1, at], other = pairs[2, at],
                                     chi2_diff = change[2, "Chisq diff"], p_value = change[2, "Pr(>Chisq)"]))
  }
}
names(loadings)[names(loadings) == "other"] <- "item"
write.csv(ratios, "htmt.csv", row.names = FALSE)
write.csv(correlations, "correlations.csv", row.names = FALSE)
write.csv(loadings, "loadings.csv", row.names = FALSE)
write.csv(discriminant, "discriminant_validity.csv", row.names = FALSE)
write.csv(tests, "cut_tests.csv", row.names = FALSE)
