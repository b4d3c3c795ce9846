# lavaan 0.6-14 on 200 small samples; makes lavaan.csv from the files that
# `python tests/golden/test_small_samples.py FOLDER` writes. Run: Rscript make.R FOLDER
suppressMessages(library(lavaan))
folder <- commandArgs(trailingOnly = TRUE)[1]
model <- "f =~ x1+x2+x3\ng =~ x4+x5+x6\nh =~ x7+x8+x9\ng ~ f\nh ~ f + g"
out <- NULL
for (seed in 0:199) {
  data <- read.csv(file.path(folder, sprintf("s%d.csv", seed)))
  fit <- try(suppressWarnings(sem(model, data)), silent = TRUE)
  conv <- !inherits(fit, "try-error") && lavInspect(fit, "converged")
  se <- conv && !inherits(try(suppressWarnings(vcov(fit)), silent = TRUE), "try-error")
  proper <- conv && isTRUE(try(suppressWarnings(lavInspect(fit, "post.check")), silent = TRUE))
  chi2 <- if (conv) as.numeric(lavTech(fit, "test")[[1]]$stat) else NA
  out <- rbind(out, data.frame(seed, conv, se, proper, chi2))
}
write.csv(out, file.path(folder, "lavaan.csv"), row.names = FALSE)
