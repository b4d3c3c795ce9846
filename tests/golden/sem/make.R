# Rscript make.R [case ...], in this folder: writes data/*.csv and one folder a case (all cases when none is named),
# then differences.csv, ladder.csv, power.csv and polychorics.csv. README.md says with which versions it was run.
suppressMessages({
  source("runner.R")
  ONLY <- commandArgs(trailingOnly = TRUE)
  if (!length(ONLY)) source("data.R")
})
source("cases_continuous.R")
source("cases_groups.R")
source("cases_ordinal.R")
if (!length(ONLY) && file.exists("tests.R")) source("tests.R")
