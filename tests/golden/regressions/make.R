# Rscript make.R AFTER_SALES_CUSTOMERS_CSV, in this folder: writes data.csv (made-up, seeded), expected.csv and
# expected_fit.csv by lm, glm and sandwich.
library(sandwich)
library(lmtest)
arguments <- commandArgs(trailingOnly = TRUE)
stopifnot(length(arguments) == 1)
options(digits = 15)

set.seed(20260101, kind = "Mersenne-Twister", normal.kind = "Inversion", sample.kind = "Rejection")
n <- 180
cluster <- sample(rep(1:24, times = 1:24)[1:300], n)  # unequal clusters
shock <- rnorm(24)
x1 <- rnorm(n) + 0.6 * shock[cluster]
x2 <- rexp(n)
x3 <- rbinom(n, 1, 0.3)
made <- data.frame(
  cluster = cluster, weight = round(exp(rnorm(n, sd = 0.7)), 3), x1 = round(x1, 3), x2 = round(x2, 3), x3 = x3
)
made$y <- round(1 + 0.5 * x1 - 0.3 * x2 + 0.8 * x3 + shock[cluster] + (0.5 + x2) * rnorm(n), 3)
made$answer <- rbinom(n, 1, plogis(-0.4 + 0.7 * x1 - 0.5 * x2 + 0.6 * x3 + shock[cluster]))
write.csv(made, "data.csv", row.names = FALSE)
made <- read.csv("data.csv")

sales <- read.csv(arguments[1])
sales$res3 <- 8 - sales$res3
score <- function(stem, k) {
  x <- sales[paste0(stem, seq_len(k))]
  ifelse(2 * rowSums(!is.na(x)) >= k, rowMeans(x, na.rm = TRUE), NA)
}
scored <- data.frame(
  cluster = sales$firm_id, tangibles = score("tan", 4), reliability = score("rel", 5),
  responsiveness = score("res", 4), assurance = score("ass", 4), empathy = score("emp", 5),
  response_time = sales$first_response_hours, satisfaction = score("sat", 4), loyalty = score("loy", 3),
  repurchase = sales$repurchase
)

expected <- fits <- NULL
add <- function(case, fit, covariance, V, df, g = NA) {
  use <- if (is.infinite(df)) 0 else df  # coeftest takes 0 for the normal
  tests <- unclass(coeftest(fit, vcov. = V, df = use))
  ends <- coefci(fit, vcov. = V, df = use)
  term <- sub("^\\(Intercept\\)$", "constant", rownames(tests))
  expected <<- rbind(expected, data.frame(
    case = case, covariance = covariance, term = term, estimate = tests[, 1], std_error = tests[, 2],
    statistic = tests[, 3], df = df, p_value = tests[, 4], conf_low = ends[, 1], conf_high = ends[, 2]
  ))
}
all_kinds <- function(case, fit, cluster, classical = TRUE) {
  k <- df.residual(fit)
  if (classical) add(case, fit, "classical", vcov(fit), k)
  add(case, fit, "hc1", vcovHC(fit, type = "HC1"), k)
  add(case, fit, "hc3", vcovHC(fit, type = "HC3"), k)
  G <- length(unique(cluster))
  add(case, fit, "cluster", vcovCL(fit, cluster = cluster, type = "HC1", cadjust = TRUE), G - 1)
  fits <<- rbind(fits, data.frame(
    case = case, n_obs = nobs(fit), n_clusters = G, r_squared = summary(fit)$r.squared,
    r_squared_adjusted = summary(fit)$adj.r.squared, logl = NA, pseudo_r_squared = NA
  ))
}
all_kinds("made", lm(y ~ x1 + x2 + x3, made), made$cluster)
all_kinds("made, weighted", lm(y ~ x1 + x2 + x3, made, weights = weight), made$cluster, classical = FALSE)
drivers <- na.omit(scored[c("cluster", "satisfaction", "reliability", "responsiveness", "assurance", "empathy",
                            "tangibles", "response_time")])
all_kinds("after_sales", lm(
  satisfaction ~ reliability + responsiveness + assurance + empathy + tangibles + response_time, drivers
), drivers$cluster)
# means: a regression on nothing but the constant
all_kinds("mean", lm(y ~ 1, made), made$cluster)
all_kinds("mean, weighted", lm(y ~ 1, made, weights = weight), made$cluster, classical = FALSE)

logits <- function(case, formula, data) {
  tight <- glm.control(epsilon = 1e-15, maxit = 100)
  fit <- glm(formula, binomial, data, control = tight)
  null <- update(fit, . ~ 1)
  G <- length(unique(data$cluster))
  add(case, fit, "hc0", vcovHC(fit, type = "HC0"), Inf)
  # vcovCL with HC0 and cadjust: G/(G-1) alone, the factor of Stata's logit, vce(cluster)
  add(case, fit, "cluster", vcovCL(fit, cluster = data$cluster, type = "HC0", cadjust = TRUE), Inf)
  fits <<- rbind(fits, data.frame(
    case = case, n_obs = nobs(fit), n_clusters = G, r_squared = NA, r_squared_adjusted = NA,
    logl = as.numeric(logLik(fit)), pseudo_r_squared = 1 - as.numeric(logLik(fit)) / as.numeric(logLik(null))
  ))
  # mean change of the probability when a term rises by 1 for everybody
  for (term in attr(terms(fit), "term.labels")) {
    moved <- data
    moved[[term]] <- moved[[term]] + 1
    change <- mean(predict(fit, moved, type = "response") - predict(fit, data, type = "response"))
    expected <<- rbind(expected, data.frame(
      case = case, covariance = "mean change", term = term, estimate = change, std_error = NA,
      statistic = NA, df = NA, p_value = NA, conf_low = NA, conf_high = NA
    ))
  }
}
logits("logit, made", answer ~ x1 + x2 + x3, made)
bought <- na.omit(scored[c("cluster", "repurchase", "loyalty", "satisfaction")])
logits("logit, after_sales", repurchase ~ loyalty + satisfaction, bought)
write.csv(expected, "expected.csv", row.names = FALSE, na = "")
write.csv(fits, "expected_fit.csv", row.names = FALSE, na = "")
