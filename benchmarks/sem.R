# lavaan's side of benchmarks/sem.py: Rscript sem.R TASK DATA.csv MODEL.lav REPEATS
# Prints the median seconds of one fit, parameterEstimates(standardized = TRUE) and fitMeasures read inside the timing.
suppressMessages(library(lavaan))
arguments <- commandArgs(trailingOnly = TRUE)
task <- arguments[1]
data <- read.csv(arguments[2])
model <- paste(readLines(arguments[3]), collapse = "\n")
repeats <- as.integer(arguments[4])
once <- function() {
  fit <- switch(task,
    ml = sem(model, data),
    mlr = sem(model, data, estimator = "MLR"),
    fiml = sem(model, data, missing = "ml"),
    wlsmv = sem(model, data, ordered = names(data), estimator = "WLSMV"),
    bootstrap = sem(model, data, se = "none", test = "none")
  )
  if (task == "bootstrap") {
    # as many draws as `repeats` says; the caller scales to its own number
    return(system.time(bootstrapLavaan(fit, R = repeats))[["elapsed"]])
  }
  parameterEstimates(fit, standardized = TRUE)
  fitMeasures(fit)
  NULL
}
if (task == "bootstrap") {
  cat(once(), "\n")
} else {
  seconds <- replicate(repeats, system.time(once())[["elapsed"]])
  cat(median(seconds), "\n")
}
