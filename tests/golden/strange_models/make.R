# Rscript make.R, in this folder: writes expected.json (lavaan 0.6-14; fits polished to a gradient of zero by ../sem/runner.R).
# Models that a search over hundreds of random ones found servicefx wrong in, before it was put right.
ONLY <- character()
source("../sem/runner.R")

holzinger <- read.csv("../sem/data/holzinger.csv")
outlets <- read.csv("../robust/data.csv")
growth <- read.csv("../sem/data/growth.csv")

# Ordered answers that correlate beyond .8, explained by a covariate.
set.seed(20260117)
n <- 400
w <- round(rnorm(n), 3)
satisfied <- rnorm(n)
loyal <- .7 * satisfied - .4 * w + .7 * rnorm(n)
latent <- sapply(1:6, function(j) (if (j < 4) satisfied else loyal) + c(.3, .6, .9)[(j - 1) %% 3 + 1] * rnorm(n))
answers <- data.frame(round(latent, 3), w)
names(answers) <- c(paste0("y", 1:6), "w")
for (item in paste0("y", 1:4)) answers[[item]] <- findInterval(answers[[item]], c(-.8, .1, .9)) + 1
write.csv(answers, "answers.csv", row.names = FALSE, quote = FALSE)
DATA <- list(holzinger = holzinger, outlets = outlets, growth = growth, answers = answers)

THREE <- "visual =~ x1 + x2 + x3
textual =~ x4 + x5 + x6"
TWO <- "f =~ y1 + y2 + y3
g =~ y4 + y5 + y6
g ~ f"
MIMIC <- "f =~ y1 + y2 + y3
g =~ y4 + y5 + y6
f + g ~ x1 + x2
y2 ~ x1"
PATHS <- "y1 ~ x1 + x2
y4 ~ y1 + x1"
CHAIN <- "y1 ~ x1
y2 ~ y1 + x2
y3 ~ y2"
CHANGE <- "x2 ~ 1*x1
change =~ 1*x2
x2 ~~ 0*x2
x2 ~ 0*1
change ~ 1
x1 ~ 1
x1 ~~ x1
change ~ x1 + ageyr"
SECOND <- "visual =~ x1 + x2 + x3
textual =~ x4 + x5 + x6
speed =~ x7 + x8 + x9
g =~ visual + textual + speed"

FREE_TIMES <- "i =~ 1*t1 + 1*t2 + 1*t3 + 1*t4
s =~ 0*t1 + 1*t2 + t3 + t4
i ~ 1
s ~ 1
t1 ~ 0*1
t2 ~ 0*1
t3 ~ 0*1
t4 ~ 0*1"
ANSWERS <- "f =~ y1 + y2 + y3
g =~ y4 + y5 + y6
g ~ f + w"

expected <- list()
add <- function(name, data, model, arguments = list(), scores = FALSE, modification = FALSE, residuals = FALSE) {
  frame <- DATA[[data]]
  first <- fit_once(model, frame, NULL, arguments)
  fit <- fit_closely(first, model, frame, NULL, arguments)
  table <- parameter_table(fit)
  measures <- all_measures(fit, first)
  out <- list(data = unbox(data), model = unbox(model),
              arguments = lapply(arguments, function(x) if (length(x) > 1) x else unbox(x)),
              gradient = unbox(signif(distance(fit), 2)),
              parameters = table[c("group", "lhs", "op", "rhs", "free", "est", "se", "std.all")],
              measures = lapply(as.list(unclass(measures)), function(x) unbox(if (is.finite(x)) x else NA)))
  if (!length(arguments)) out$arguments <- setNames(list(), character())
  if (scores) {
    out$scores <- lapply(list(regression = "regression", bartlett = "Bartlett"), function(method)
      as.data.frame(head(unclass(lavPredict(fit, method = method)), 5)))
  }
  if (modification) out$modification <- as.data.frame(modificationIndices(fit))[c("lhs", "op", "rhs", "mi", "epc")]
  if (residuals) out$residuals <- unname(unclass(residuals(fit, type = "standardized")$cov))
  expected[[name]] <<- out
  cat(sprintf("%-28s chisq %10.5f df %3d gradient %.1e\n", name, measures["chisq"], measures["df"], distance(fit)))
}

groups <- function(...) list(group = "school", ...)
add("equal_variances_std_lv", "holzinger", THREE, groups(std_lv = TRUE, group_equal = c("loadings", "lv_variances")))
add("fixed_in_one_group", "holzinger", "visual =~ x1 + c(NA,1.1)*x2 + x3 + x4", groups(group_equal = c("loadings", "intercepts")))
add("label_in_one_group", "holzinger", "visual =~ x1 + c(NA,a)*x2 + x3 + x4", groups(group_equal = c("loadings", "intercepts")))
add("free_covariates_mlr", "outlets", PATHS, list(estimator = "mlr", fixed_x = FALSE))
add("free_covariates_mlm", "outlets", PATHS, list(estimator = "mlm", fixed_x = FALSE))
add("clusters_bring_means", "outlets", TWO, list(estimator = "mlr", cluster = "outlet"))
add("weights_in_groups", "outlets", TWO, list(estimator = "mlr", weights = "weight", group = "region"))
add("free_covariates_in_groups", "outlets", "f =~ y1 + y2 + y3
f ~ x1 + x2", list(group = "region", fixed_x = FALSE, group_equal = c("loadings", "intercepts", "residuals", "residual_covariances")))
add("named_covariate_uls", "holzinger", CHANGE, list(estimator = "uls"))
add("direct_effects", "outlets", MIMIC, scores = TRUE, modification = TRUE)
add("direct_effects_means", "outlets", MIMIC, list(meanstructure = TRUE), scores = TRUE)
add("second_order", "holzinger", SECOND, scores = TRUE)
add("chain", "outlets", CHAIN, modification = TRUE)
for (estimator in c("gls", "uls", "dwls", "wls"))
  add(paste0("direct_effects_", estimator), "outlets", MIMIC, list(estimator = estimator), modification = TRUE)
add("free_times", "growth", FREE_TIMES, residuals = TRUE)
for (shape in c("delta", "theta"))
  add(paste0("answers_", shape), "answers", ANSWERS,
      list(estimator = "wlsmv", ordered = paste0("y", 1:4), parameterization = shape))

# Nearly a copy: the second item is the first one and a little noise.
near <- cov(holzinger[paste0("x", 1:6)])
near["x2", ] <- near[, "x2"] <- near["x1", ]
near["x2", "x2"] <- near["x1", "x1"] + 1e-4
fit <- suppressWarnings(sem(THREE, sample.cov = near, sample.nobs = 301))
stopifnot(lavInspect(fit, "converged"))
expected$near_copy <- list(cov = near, chi2 = unbox(fitMeasures(fit, "chisq")[[1]]),
                           loadings = unname(coef(fit)[1:4]))
write(toJSON(expected, digits = I(12), na = "null", pretty = 1), "expected.json")
