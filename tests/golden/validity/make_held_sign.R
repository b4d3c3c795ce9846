# Rscript make_held_sign.R: chi2 of holding a correlation near zero at .9 and at -.9, which is one model.
suppressMessages(library(lavaan))
S <- as.matrix(read.csv("held_sign_covariance.csv"))
rownames(S) <- colnames(S)
model <- "F1 =~ v1 + v2 + v3 + v4
F2 =~ v5 + v6 + v7
F3 =~ v8 + v9 + v10 + v11
F4 =~ v12 + v13"
chi2 <- function(extra) {
  fit <- suppressWarnings(cfa(paste(model, extra, sep = "\n"), sample.cov = S, sample.nobs = 60,
    sample.cov.rescale = FALSE, std.lv = TRUE))
  stopifnot(lavInspect(fit, "converged"))
  as.numeric(fitMeasures(fit, "chisq"))
}
free <- chi2("")
held <- c(chi2("F1 ~~ 0.9*F2"), chi2("F1 ~~ -0.9*F2"))
write.csv(data.frame(chi2 = free, chi2_diff = min(held) - free), "held_sign.csv", row.names = FALSE)
