# Rscript make.R, in this folder: writes data_05.csv, data_15.csv, data_30.csv and moments_*.csv, summary.csv.
# README.md says with which versions it was run.
suppressMessages(library(lavaan))

TESTS <- paste0("x", 1:9)
complete <- HolzingerSwineford1939[, TESTS]
model <- "visual =~ x1 + x2 + x3\n textual =~ x4 + x5 + x6\n speed =~ x7 + x8 + x9"

# Missing at random: x2, ..., x9 are asked less often of pupils low on x1, which every pupil has (but for 30 %).
with_gaps <- function(percent) {
  set.seed(20260 + percent)
  data <- complete
  low <- plogis(-1.5 * scale(data$x1)[, 1])
  for (name in TESTS[-1]) {
    chance <- low * percent / 100 / mean(low)
    data[[name]][runif(nrow(data)) < chance] <- NA
  }
  if (percent == 30) {
    data$x1[data$x1 < 3 & runif(nrow(data)) < 0.3] <- NA
    data[c(7, 150), ] <- NA # two pupils with no answer at all
  }
  data
}

rows <- list()
for (percent in c(5, 15, 30)) {
  label <- sprintf("%02d", percent)
  write.csv(with_gaps(percent), sprintf("data_%s.csv", label), row.names = FALSE, na = "")
  data <- read.csv(sprintf("data_%s.csv", label)) # what is written is what is fitted
  fit <- suppressWarnings(cfa(model, data, missing = "ml", em.h1.tol = 1e-14, em.h1.iter.max = 10000))
  sample <- lavInspect(fit, "sampstat")
  moments <- data.frame(name = TESTS, mean = as.numeric(sample$mean[TESTS]), sample$cov[TESTS, TESTS])
  write.csv(moments, sprintf("moments_%s.csv", label), row.names = FALSE, quote = FALSE)
  rows[[label]] <- data.frame(
    percent = percent,
    n_obs = lavInspect(fit, "nobs"),
    n_empty = sum(rowSums(!is.na(data)) == 0),
    n_patterns = nrow(lavInspect(fit, "patterns")),
    coverage = min(lavInspect(fit, "coverage")),
    log_likelihood = as.numeric(fitMeasures(fit, "unrestricted.logl"))
  )
}
write.csv(do.call(rbind, rows), "summary.csv", row.names = FALSE, quote = FALSE)
cat(R.version.string, "lavaan", as.character(packageVersion("lavaan")), "\n")
