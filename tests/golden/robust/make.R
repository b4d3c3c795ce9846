# Rscript make.R, in this folder: writes data.csv, cases.json, parameters.csv and tests.csv
# (lavaan 0.6-14; every fit polished to a gradient of zero by ../sem/runner.R).
source("../sem/runner.R")
number <- function(x) ifelse(is.na(x), "", formatC(x, digits = 12, format = "g", width = 1))

set.seed(20260103)
outlets <- rep(1:36, times = rep(c(6, 9, 13, 16), 9))
n <- length(outlets)
region <- ifelse(outlets %% 3 == 0, "south", "north") # outlets are nested in regions, teams are not
team <- sample(1:33, n, replace = TRUE)
shift <- matrix(rnorm(72, sd = .5), 36)
mood <- rnorm(33, sd = .5)
x1 <- round(rexp(n), 3)
x2 <- rbinom(n, 1, .4)
f <- .4 * x1 + .3 * x2 + rexp(n) + shift[outlets, 1]
g <- .5 * f + .2 * x1 + rt(n, 6) + shift[outlets, 2]
loading <- c(1, .8, .7, 1, .9, .6)
y <- sapply(1:6, function(j) 3 + loading[j] * (if (j < 4) f else g) + mood[team] + .8 * rt(n, 7))
weight <- round(exp(.5 * rnorm(n) + .15 * y[, 1]) * ifelse(region == "south", 2, 1), 3)
data <- data.frame(outlet = outlets, team = team, region = region, weight = weight, x1 = x1, x2 = x2,
                   setNames(as.data.frame(round(y, 3)), paste0("y", 1:6)))[sample(n), ]
write.csv(data, "data.csv", row.names = FALSE, quote = FALSE)

TWO <- "f =~ y1 + y2 + y3
g =~ y4 + y5 + y6
g ~ f"
COVARIATES <- "f =~ y1 + y2 + y3
g =~ y4 + y5 + y6
f ~ x1 + x2
g ~ f + x1"
PATHS <- "y1 ~ x1 + x2
y4 ~ y1 + x1"
EQUAL <- "f =~ y1 + a*y2 + b*y3
g =~ y4 + c*y5 + d*y6
g ~ e*f
a == c
b == d^2"
RIGID <- "f =~ 1*y1 + 0.8*y2 + 0.7*y3
g =~ 1*y4 + 0.9*y5 + 0.6*y6
g ~ f
y1 ~~ 0.9*y1
y4 ~~ 0.8*y4"
GROWTH <- "i =~ 1*y1 + 1*y2 + 1*y3
s =~ 0*y1 + 1*y2 + 2*y3
y1 ~ 0*1
y2 ~ 0*1
y3 ~ 0*1
i ~ 1
s ~ 1"

cases <- list(
  covariates_mlm = list(COVARIATES, estimator = "mlm"),
  covariates_mlr = list(COVARIATES, estimator = "mlr"),
  covariates_clustered = list(COVARIATES, estimator = "mlr", cluster = "outlet"),
  covariates_weighted = list(COVARIATES, estimator = "mlr", weights = "weight"),
  covariates_means_mlm = list(COVARIATES, estimator = "mlm", meanstructure = TRUE),
  paths_mlr = list(PATHS, estimator = "mlr"),
  paths_clustered = list(PATHS, estimator = "mlr", cluster = "outlet"),
  equal_mlm = list(EQUAL, estimator = "mlm"),
  equal_mlr = list(EQUAL, estimator = "mlr"),
  equal_clustered = list(EQUAL, estimator = "mlr", cluster = "outlet"),
  rigid_mlm = list(RIGID, estimator = "mlm"),
  rigid_mlr = list(RIGID, estimator = "mlr"),
  rigid_weighted = list(RIGID, estimator = "mlr", weights = "weight"),
  rigid_clustered = list(RIGID, estimator = "mlr", cluster = "outlet"),
  growth_mlm = list(GROWTH, estimator = "mlm"),
  growth_mlr = list(GROWTH, estimator = "mlr"),
  growth_clustered = list(GROWTH, estimator = "mlr", cluster = "outlet"),
  growth_weighted = list(GROWTH, estimator = "mlr", weights = "weight"),
  clustered = list(TWO, estimator = "mlr", cluster = "outlet"),
  clustered_weighted = list(TWO, estimator = "mlr", cluster = "outlet", weights = "weight"),
  ml_weighted = list(TWO, estimator = "ml", weights = "weight"),
  expected_mlr = list(TWO, estimator = "mlr", information = "expected"),
  region_mlm = list(TWO, estimator = "mlm", group = "region", group_equal = c("loadings", "intercepts")),
  region_mlr = list(TWO, estimator = "mlr", group = "region", group_equal = c("loadings", "intercepts")),
  region_nested = list(TWO, estimator = "mlr", group = "region", group_equal = c("loadings", "intercepts"), cluster = "outlet"),
  region_crossed = list(TWO, estimator = "mlr", group = "region", group_equal = c("loadings", "intercepts"), cluster = "team"),
  region_weighted = list(TWO, estimator = "mlr", group = "region", group_equal = "loadings", weights = "weight"),
  region_clustered_weighted = list(TWO, estimator = "mlr", group = "region", group_equal = "loadings", cluster = "outlet", weights = "weight")
)

parameters <- tests <- NULL
listed <- list()
for (name in names(cases)) {
  model <- cases[[name]][[1]]
  arguments <- cases[[name]][-1]
  fit <- try(fit_closely(model, data, NULL, arguments))
  if (inherits(fit, "try-error")) next
  cat(name, "gradient", distance(fit), "\n")
  table <- parameter_table(fit)
  parameters <- rbind(parameters, cbind(case = name, table[c("group", "lhs", "op", "rhs", "free", "est", "se")]))
  found <- fitMeasures(fit, c("chisq", "df", "chisq.scaling.factor", "baseline.chisq", "baseline.df", "baseline.chisq.scaling.factor"))
  tests <- rbind(tests, data.frame(case = name, chi2 = found[[1]], df = found[[2]], factor = found[[3]],
                                   chi2_baseline = found[[4]], df_baseline = found[[5]], factor_baseline = found[[6]]))
  listed[[name]] <- list(model = model, arguments = arguments)
}
write_table(parameters, ".", "parameters.csv")
write_table(tests, ".", "tests.csv")
write(toJSON(listed, auto_unbox = TRUE, pretty = TRUE), "cases.json")
