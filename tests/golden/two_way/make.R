# Rscript make.R AFTER_SALES_FIRMS_CSV, in this folder: writes expected.csv and expected_fit.csv by plm and lm.
library(plm)
library(sandwich)
arguments <- commandArgs(trailingOnly = TRUE)
stopifnot(length(arguments) == 1)
options(digits = 15)
expected <- fits <- NULL
add <- function(case, terms, b, V, G, n, r2, T) {
  s <- sqrt(diag(V)[terms])
  b <- b[terms]
  q <- qt(0.975, G - 1)
  expected <<- rbind(expected, data.frame(
    case = case, term = terms, estimate = b, std_error = s, statistic = b / s, df = G - 1,
    p_value = 2 * pt(-abs(b / s), G - 1), conf_low = b - q * s, conf_high = b + q * s
  ))
  fits <<- rbind(fits, data.frame(case = case, n_obs = n, n_units = G, n_periods = T, r_squared_within = r2))
}
by_plm <- function(case, formula, data, index) {
  fit <- plm(formula, data, index = index, model = "within", effect = "twoways")
  n <- nobs(fit); k <- length(coef(fit)); G <- pdim(fit)$nT$n
  # vcovHC(arellano, HC0) carries no factor: ours is G/(G-1) (n-1)/(n-k)
  V <- vcovHC(fit, method = "arellano", type = "HC0", cluster = "group") * G / (G - 1) * (n - 1) / (n - k)
  add(case, names(coef(fit)), coef(fit), V, G, n, unname(summary(fit)$r.squared["rsq"]), pdim(fit)$nT$T)
}
data("Grunfeld", package = "plm")
by_plm("Grunfeld", inv ~ value + capital, Grunfeld, c("firm", "year"))
unbalanced <- Grunfeld[(Grunfeld$year + round(Grunfeld$capital)) %% 7 != 0, ]
by_plm("Grunfeld, unbalanced", inv ~ value + capital, unbalanced, c("firm", "year"))

# weighted: lm with dummies, vcovCL without any factor times ours
unbalanced$w <- 1 + unbalanced$year %% 3 + unbalanced$value / 1000
fit <- lm(inv ~ value + capital + factor(firm) + factor(year), unbalanced, weights = w)
n <- nobs(fit); G <- length(unique(unbalanced$firm))
V <- vcovCL(fit, cluster = unbalanced$firm, type = "HC0", cadjust = FALSE) * G / (G - 1) * (n - 1) / (n - 2)
bare <- lm(inv ~ factor(firm) + factor(year), unbalanced, weights = w)
r2 <- 1 - sum(unbalanced$w * resid(fit)^2) / sum(unbalanced$w * resid(bare)^2)
add("Grunfeld, unbalanced, weighted", c("value", "capital"), coef(fit), V, G, n, r2, length(unique(unbalanced$year)))

firms <- read.csv(arguments[1])
firms <- pdata.frame(firms, index = c("firm_id", "quarter"))
firms$before <- plm::lag(firms$service_spending, 1)
by_plm("after_sales, market share", market_share ~ relative_service, firms, c("firm_id", "quarter"))
by_plm("after_sales, lag", satisfaction ~ before, firms[!is.na(firms$before), ], c("firm_id", "quarter"))
write.csv(expected, "expected.csv", row.names = FALSE)
write.csv(fits, "expected_fit.csv", row.names = FALSE)
