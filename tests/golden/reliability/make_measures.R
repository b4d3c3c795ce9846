# Rscript make_measures.R AFTER_SALES_CUSTOMERS_CSV, in this folder: writes simulated.csv, bfi_covariance.csv,
# expected_measures.csv, expected_items.csv and expected_hierarchical.csv. Nothing of servicefx is used.
suppressMessages({
  library(psych)
  library(lavaan)
  library(semTools)
})
arguments <- commandArgs(trailingOnly = TRUE)
stopifnot(length(arguments) == 1)
options(digits = 15, warn = -1)
quietly <- function(expr) {
  capture.output(value <- suppressMessages(suppressWarnings(expr)))
  value
}
tight <- list(rel.tol = 1e-15, x.tol = 1e-13, iter.max = 100000, eval.max = 100000)

# a general construct, three dimensions of three items, answers 1-5 that are skewed
set.seed(20261122)
n <- 400
general <- rnorm(n)
answers <- NULL
for (dimension in 1:3) {
  construct <- c(.8, .7, .6)[dimension] * general + sqrt(1 - c(.8, .7, .6)[dimension]^2) * rnorm(n)
  for (item in 1:3) {
    loading <- c(.85, .7, .55)[item]
    answers <- cbind(answers, loading * construct + sqrt(1 - loading^2) * rnorm(n))
  }
}
simulated <- as.data.frame(apply(answers, 2, function(y) as.integer(cut(y, c(-Inf, -1.6, -.9, -.1, .8, Inf)))))
names(simulated) <- paste0("q", 1:9)
write.csv(simulated, "simulated.csv", row.names = FALSE)

big_five <- na.omit(psych::bfi[1:25])
write.csv(cov(big_five), "bfi_covariance.csv")
holzinger <- read.csv("../holzinger/data.csv")[paste0("x", 1:9)]
sales <- read.csv(arguments[1])
sales$res3 <- 8 - sales$res3
numbered <- function(stem, k) paste0(stem, seq_len(k))
blocks <- list(
  list("simulated", "first", simulated[1:3], TRUE), list("simulated", "all", simulated, TRUE),
  list("simulated", "five", simulated[c(1, 2, 4, 5, 7)], TRUE),
  list("holzinger", "visual", holzinger[1:3], FALSE), list("holzinger", "textual", holzinger[4:6], FALSE),
  list("holzinger", "all", holzinger, FALSE),
  list("after_sales", "reliability", na.omit(sales[numbered("rel", 5)]), TRUE),
  list("after_sales", "responsiveness", na.omit(sales[numbered("res", 4)]), TRUE),
  list("after_sales", "tangibles", na.omit(sales[numbered("tan", 4)]), FALSE),
  list("simulated", "six", simulated[c(1, 2, 4, 5, 7, 8)], TRUE),
  list("after_sales", "trust", na.omit(sales[numbered("tru", 3)]), TRUE),
  list("bfi", "agreeableness", big_five[1:5], FALSE), list("bfi", "openness", big_five[21:25], FALSE)
)

measures <- items <- NULL
add <- function(data, block, measure, estimate) {
  measures <<- rbind(measures, data.frame(data = data, construct = block, measure = measure,
                                          estimate = as.numeric(estimate)))
}
closer <- function(model, x, ...) {
  # lavaan's own solution, then BFGS from there: the first alone stops up to 1e-4 of an estimate short
  close <- quietly(cfa(model, x, control = tight, optim.force.converged = TRUE, ...))
  fit <- quietly(cfa(model, x, start = close, optim.method = "BFGS", optim.force.converged = TRUE,
                     control = list(reltol = 1e-16, maxit = 10000), ...))
  stopifnot(max(abs(lavInspect(fit, "gradient"))) < 1e-6)
  fit
}
one_factor <- function(x, ...) {
  names <- names(x)
  p <- length(names)
  model <- c(paste("f =~", paste0("l", 1:p, "*", names, collapse = " + ")),
             if (!("ordered" %in% names(list(...)))) paste0(names, " ~~ t", 1:p, "*", names))
  sums <- paste0("l", 1:p, collapse = " + ")
  error <- if ("ordered" %in% names(list(...))) paste0("(1 - l", 1:p, "^2)", collapse = " + ") else
    paste0("t", 1:p, collapse = " + ")
  model <- c(model, sprintf("w := (%s)^2/((%s)^2 + %s)", sums, sums, error))
  closer(paste(model, collapse = "\n"), x, std.lv = TRUE, ...)
}
defined <- function(fit, name = "w") {
  table <- parameterEstimates(fit)
  table[table$lhs == name & table$op == ":=", ]
}
for (entry in blocks) {
  data <- entry[[1]]; block <- entry[[2]]; x <- entry[[3]]
  value <- quietly(psych::alpha(x, warnings = FALSE, check.keys = FALSE))
  add(data, block, "alpha", value$total$raw_alpha)
  add(data, block, "alpha_standardised", value$total$std.alpha)
  add(data, block, "lambda6_standardised", value$total$`G6(smc)`)
  for (covar in c(TRUE, FALSE)) {
    y <- if (covar) x else as.data.frame(scale(x))
    kind <- if (covar) "" else "_standardised"
    halves <- combn(ncol(y), ncol(y) %/% 2)
    lambda4 <- apply(halves, 2, function(a) {
      first <- rowSums(y[a])
      second <- rowSums(y[-a])
      4 * cov(first, second) / var(first + second)
    })
    splits <- quietly(psych::splitHalf(x, covar = covar, brute = TRUE, check.keys = FALSE))
    if (ncol(y) %% 2 == 0) {  # psych weighs halves of unequal length otherwise; with equal ones it is the check
      stopifnot(abs(splits$maxrb - max(lambda4)) < 1e-10, abs(splits$minrb - min(lambda4)) < 1e-10,
                abs(splits$meanr - mean(lambda4)) < 1e-10)
    }
    add(data, block, paste0("lambda4_max", kind), max(lambda4))
    add(data, block, paste0("lambda4_min", kind), min(lambda4))
    add(data, block, paste0("lambda4_mean", kind), mean(lambda4))
    if (covar) {
      add(data, block, "lambda6", splits$lambda6)
      r <- cor(rowSums(x[c(TRUE, FALSE)]), rowSums(x[c(FALSE, TRUE)]))
      if (ncol(x) %% 2 == 0) add(data, block, "spearman_brown", 2 * r / (1 + r))
    }
  }
  fit <- one_factor(x, estimator = "MLR")
  old <- quietly(reliability(fit))
  add(data, block, "omega_implied", old["omega", 1])
  add(data, block, "omega_observed", old["omega3", 1])
  stopifnot(abs(compRelSEM(fit, obs.var = FALSE) - old["omega", 1]) < 1e-10,
            abs(compRelSEM(fit) - old["omega3", 1]) < 1e-10, abs(defined(fit)$est - old["omega", 1]) < 1e-8)
  add(data, block, "omega_error", defined(fit)$se)
  if (ncol(x) > 3) {
    loaded <- quietly(psych::fa(x, 1, fm = "ml"))
    add(data, block, "omega_psych", 1 - sum(loaded$uniquenesses) / sum(cor(x)))
    total <- quietly(psych::omega(x, nfactors = 1, fm = "ml", plot = FALSE, flip = FALSE))$omega.tot
    add(data, block, "omega_tot", total)
  }
  if (entry[[4]]) {
    ordered <- one_factor(x, ordered = names(x), estimator = "WLSMV")
    add(data, block, "ordinal_alpha", quietly(reliability(ordered))["alpha.ord", 1])
    add(data, block, "ordinal_alpha_psych",
        quietly(psych::alpha(psych::polychoric(x, correct = 0)$rho))$total$raw_alpha)
    add(data, block, "ordinal_omega", compRelSEM(ordered, obs.var = FALSE, ord.scale = FALSE))
    add(data, block, "ordinal_omega_error", defined(ordered)$se)
    add(data, block, "categorical_omega_implied", compRelSEM(ordered, obs.var = FALSE, ord.scale = TRUE))
    add(data, block, "categorical_omega_observed", compRelSEM(ordered, obs.var = TRUE, ord.scale = TRUE))
  }
  drop <- value$alpha.drop
  stats <- value$item.stats
  items <- rbind(items, data.frame(
    data = data, construct = block, item = names(x), n_obs = stats$n, mean = stats$mean, sd = stats$sd,
    item_total = stats$raw.r, item_total_standardised = stats$std.r, item_rest = stats$r.drop,
    item_common = stats$r.cor, alpha_if_deleted = drop$raw_alpha, alpha_standardised_if_deleted = drop$std.alpha
  ))
}
write.csv(measures, "expected_measures.csv", row.names = FALSE)
write.csv(items, "expected_items.csv", row.names = FALSE)

hierarchical <- NULL
put <- function(data, model, construct, measure, estimate, std_error = NA) {
  hierarchical <<- rbind(hierarchical, data.frame(
    data = data, model = model, construct = construct, measure = measure, estimate = as.numeric(estimate),
    std_error = std_error
  ))
}
for (data in c("simulated", "holzinger")) {
  x <- if (data == "simulated") simulated else holzinger
  v <- names(x)
  text <- sprintf("A =~ %s\nB =~ %s\nC =~ %s\n", paste(c("1", "l2", "l3"), v[1:3], sep = "*", collapse = " + "),
                  paste(c("1", "l5", "l6"), v[4:6], sep = "*", collapse = " + "),
                  paste(c("1", "l8", "l9"), v[7:9], sep = "*", collapse = " + "))
  errors <- paste0(v, " ~~ t", 1:9, "*", v, collapse = "\n")
  second <- paste0(text, errors, "
G =~ NA*A + g1*A + g2*B + g3*C
G ~~ 1*G
A ~~ z1*A
B ~~ z2*B
C ~~ z3*C
common := ((1+l2+l3)*g1 + (1+l5+l6)*g2 + (1+l8+l9)*g3)^2
special := (1+l2+l3)^2*z1 + (1+l5+l6)^2*z2 + (1+l8+l9)^2*z3
own := t1+t2+t3+t4+t5+t6+t7+t8+t9
h := common/(common + special + own)
w := (common + special)/(common + special + own)
s := (1+l2+l3)^2*z1/((1+l2+l3)^2*(z1 + g1^2) + t1+t2+t3)
")
  fit <- closer(second, x, estimator = "MLR")
  higher <- compRelSEM(fit, higher = "G", obs.var = FALSE)
  stopifnot(abs(higher["G"] - defined(fit, "h")$est) < 1e-8,
            abs(quietly(reliabilityL2(fit, "G"))["omegaL1"] - higher["G"]) < 1e-8)
  put(data, "second_order", "general", "omega_hierarchical", higher["G"], defined(fit, "h")$se)
  put(data, "second_order", "general", "omega", defined(fit)$est, defined(fit)$se)
  for (k in c("A", "B", "C")) put(data, "second_order", k, "omega", higher[k])
  put(data, "second_order", "A", "omega_hierarchical_subscale", defined(fit, "s")$est, defined(fit, "s")$se)
}

dimensions <- list(tangibles = numbered("tan", 4), reliability = numbered("rel", 5), empathy = numbered("emp", 5))
x <- na.omit(sales[unlist(dimensions)])
bifactor <- c(paste("G =~", paste(names(x), collapse = " + ")), sapply(names(dimensions), function(k)
  paste(k, "=~", paste(dimensions[[k]], collapse = " + "))))
fit <- closer(paste(bifactor, collapse = "\n"), x, std.lv = TRUE, orthogonal = TRUE)
stopifnot(all(diag(lavInspect(fit, "est")$theta) > 0))
own <- compRelSEM(fit, obs.var = FALSE)
put("after_sales", "bifactor", "general", "omega_hierarchical", own["G"])
loaded <- lavInspect(fit, "est")
put("after_sales", "bifactor", "general", "omega", 1 - sum(loaded$theta) / sum(fitted(fit)$cov))
for (k in names(dimensions)) put("after_sales", "bifactor", k, "omega_hierarchical_subscale", own[k])
write.csv(hierarchical, "expected_hierarchical.csv", row.names = FALSE)
