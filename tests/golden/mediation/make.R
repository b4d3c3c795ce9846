# Writes data.csv, expected.csv and tal_or.csv: Rscript make.R (see README.md for versions).
# Everything is worked out from lm, glm, polr, integrate and lavaan; nothing of servicefx is used.
suppressPackageStartupMessages({library(lavaan); library(boot); library(MASS); library(psych)})

set.seed(20260101)
n <- 240
outlet <- rep(1:24, each = 10)
shock <- rnorm(24, 0, 0.4)[outlet]
c1 <- rnorm(n)
x <- 4 + 0.5 * c1 + rnorm(n) + shock
w <- 3 + rnorm(n)
d <- rbinom(n, 1, 0.45)
t01 <- rbinom(n, 1, 0.5)
m1 <- 1 + 0.5 * x + 0.2 * w + 0.15 * (x - 4) * (w - 3) + 0.3 * c1 + rnorm(n)
m2 <- 2 + 0.3 * x + 0.25 * m1 + 0.2 * d * (x - 4) + rnorm(n)
y <- 1 + 0.2 * x + 0.4 * m1 + 0.3 * m2 + 0.1 * (m1 - 4) * (w - 3) + 0.1 * (x - 4) * (w - 3) + 0.2 * c1 +
  rnorm(n) + shock
y01 <- rbinom(n, 1, plogis(-5 + 0.4 * x + 0.5 * m1 + 0.3 * m2 + 0.2 * c1))
m01 <- rbinom(n, 1, plogis(-2 + 0.5 * x - 0.3 * c1))
answer <- as.numeric(cut(0.3 * x + 0.5 * m1 + 0.2 * c1 + rlogis(n), c(-Inf, 2, 3, 4, 5.2, Inf)))
weight <- round(runif(n, 0.5, 2), 3)
data <- round(data.frame(x, w, c1, m1, m2, y), 6)
data <- cbind(data, d, t01, y01, m01, answer, weight, outlet)
write.csv(data, "data.csv", row.names = FALSE)
attach(data, warn.conflicts = FALSE)
x <- data$x; w <- data$w; c1 <- data$c1; m1 <- data$m1; m2 <- data$m2; y <- data$y

rows <- list()
put <- function(case, name, value) rows[[length(rows) + 1]] <<- data.frame(case = case, name = name, value = value)

# --- lavaan: products of paths as defined parameters -------------------------------------------------
parallel <- "m1 ~ a1*x + c1
m2 ~ a2*x + c1
y ~ c*x + b1*m1 + b2*m2 + c1
m1 ~~ m2
one := a1*b1
two := a2*b2
indirect := a1*b1 + a2*b2
total := c + a1*b1 + a2*b2
contrast := a1*b1 - a2*b2"
serial <- "m1 ~ a1*x + c1
m2 ~ a2*x + s*m1 + c1
y ~ c*x + b1*m1 + b2*m2 + c1
one := a1*b1
two := a2*b2
chain := a1*s*b2
indirect := a1*b1 + a2*b2 + a1*s*b2
total := c + a1*b1 + a2*b2 + a1*s*b2"
for (case in c("parallel", "serial")) {
  fit <- sem(get(case), data)
  table <- parameterEstimates(fit)
  found <- table[table$op == ":=", ]
  for (i in seq_len(nrow(found))) put(case, found$lhs[i], found$est[i])
  put(case, "direct", table$est[table$label == "c"])
  # fixed.x = FALSE so that standardised values use the sample's spread of x
  standard <- standardizedSolution(sem(get(case), data, fixed.x = FALSE))
  found <- standard[standard$op == ":=", ]
  for (i in seq_len(nrow(found))) put(case, paste("standardised", found$lhs[i]), found$est.std[i])
  set.seed(7)
  drawn <- bootstrapLavaan(fit, R = 1000, FUN = function(f) {
    p <- parameterEstimates(f, se = FALSE); p$est[p$op == ":="]
  })
  for (i in seq_len(ncol(drawn))) put(case, paste("bootstrap error", found$lhs[i]), sd(drawn[, i]))
}
weighted <- function(s) coef(lm(s, data, weights = weight))
a <- weighted(m1 ~ x + c1); b <- weighted(y ~ x + m1 + c1)
put("weighted", "indirect", a[["x"]] * b[["m1"]]); put("weighted", "direct", b[["x"]])

# --- Sobel by hand, with classical formulas on HC3 errors ---------------------------------------------
hc3 <- function(fit) sqrt(diag(sandwich::vcovHC(fit, type = "HC3")))
fa <- lm(m1 ~ x + c1, data); fb <- lm(y ~ x + m1 + c1, data)
ea <- hc3(fa)[["x"]]; eb <- hc3(fb)[["m1"]]
ka <- coef(fa)[["x"]]; kb <- coef(fb)[["m1"]]
put("sobel", "std_error", sqrt(kb^2 * ea^2 + ka^2 * eb^2))
put("sobel", "joint", max(2 * pt(-abs(ka / ea), fa$df.residual), 2 * pt(-abs(kb / eb), fb$df.residual)))

# --- BCa: acceleration from refits without each row, without each outlet ------------------------------
product <- function(data) {
  coef(lm(m1 ~ x + c1, data))[["x"]] * coef(lm(y ~ x + m1 + c1, data))[["m1"]]
}
accelerate <- function(left) { l <- mean(left) - left; sum(l^3) / (6 * sum(l^2)^1.5) }
accelerate_at <- function(left, whole) { l <- whole - left; sum(l^3) / (6 * sum(l^2)^1.5) }
left <- sapply(seq_len(n), function(i) product(data[-i, ]))
put("bca", "acceleration rows", accelerate_at(left, product(data)))
left <- sapply(unique(outlet), function(g) product(data[data$outlet != g, ]))
put("bca", "acceleration clusters", accelerate_at(left, product(data)))
set.seed(11)
drawn <- boot(data, function(data, i) product(data[i, ]), R = 20000)
ends <- boot.ci(drawn, type = c("perc", "bca"))
put("bca", "percentile low", ends$percent[4]); put("bca", "percentile high", ends$percent[5])
put("bca", "bca low", ends$bca[4]); put("bca", "bca high", ends$bca[5])
put("bca", "std_error", sd(drawn$t))

# --- moderated layouts by lm ----------------------------------------------------------------------------
for (case in c("w", "d")) {
  data$v <- data[[case]]
  at <- if (case == "w") quantile(w, c(.16, .5, .84)) else c(0, 1)
  for (i in seq_along(at)) put(paste("values", case), paste("at", i), at[[i]])
  first <- lm(m1 ~ x * v + c1, data); plain <- lm(m1 ~ x + c1, data)
  seconds <- list("1" = lm(y ~ x * v + c1, data), "7" = lm(y ~ x + m1 + c1, data),
    "8" = lm(y ~ x * v + m1 + c1, data), "14" = lm(y ~ x + m1 * v + c1, data),
    "15" = lm(y ~ x * v + m1 * v + c1, data), "58" = lm(y ~ x + m1 * v + c1, data),
    "59" = lm(y ~ x * v + m1 * v + c1, data))
  slope <- function(fit, term, value) {
    k <- coef(fit); crossed <- intersect(c(paste0(term, ":v"), paste0("v:", term)), names(k))
    k[[term]] + if (length(crossed)) k[[crossed]] * value else 0
  }
  bend <- function(fit, term) {
    k <- coef(fit); k[[intersect(c(paste0(term, ":v"), paste0("v:", term)), names(k))]]
  }
  for (layout in names(seconds)) {
    key <- paste("layout", layout, case); second <- seconds[[layout]]
    if (layout %in% c("1", "8", "15", "59")) {
      for (i in seq_along(at)) put(key, paste("direct", i), slope(second, "x", at[[i]]))
      put(key, "change", bend(second, "x"))
    } else put(key, "direct", coef(second)[["x"]])
    if (layout == "1") next
    one <- if (layout %in% c("7", "8", "58", "59")) first else plain
    values <- sapply(at, function(v) slope(one, "x", v) * slope(second, "m1", v))
    for (i in seq_along(at)) put(key, paste("indirect", i), values[[i]])
    put(key, "contrast", values[[length(at)]] - values[[1]])
    if (layout %in% c("7", "8")) put(key, "index", bend(first, "x") * coef(second)[["m1"]])
    if (layout %in% c("14", "15")) put(key, "index", coef(plain)[["x"]] * bend(second, "m1"))
  }
}

# --- natural effects: every mean written out and integrated numerically -------------------------------
over <- function(f, sd) integrate(function(e) f(e) * dnorm(e, 0, sd), -8 * sd, 8 * sd, rel.tol = 1e-11)$value
ml_sd <- function(fit) sqrt(mean(residuals(fit)^2))
natural <- function(case, mean_of, x0, x1) {
  q <- function(direct, mediated) mean_of(direct, mediated)
  put(case, "pure direct", q(x1, x0) - q(x0, x0)); put(case, "total indirect", q(x1, x1) - q(x1, x0))
  put(case, "total direct", q(x1, x1) - q(x0, x1)); put(case, "pure indirect", q(x0, x1) - q(x0, x0))
  put(case, "total", q(x1, x1) - q(x0, x0))
}
fm <- lm(m1 ~ x + c1, data); sdm <- ml_sd(fm); km <- coef(fm)
for (case in c("logit", "probit", "logit product", "logit shift")) {
  link <- if (case == "probit") pnorm else plogis
  family <- binomial(if (case == "probit") "probit" else "logit")
  form <- if (case == "logit product") y01 ~ x * m1 + c1 else y01 ~ x + m1 + c1
  fy <- glm(form, family, data, control = glm.control(epsilon = 1e-14, maxit = 50))
  mean_of <- function(direct, mediated) {
    xd <- if (case == "logit shift") x + direct else rep(direct, n)
    xm <- if (case == "logit shift") x + mediated else rep(mediated, n)
    mean(sapply(seq_len(n), function(i) over(function(e) {
      m <- km[["(Intercept)"]] + km[["x"]] * xm[i] + km[["c1"]] * c1[i] + e
      link(predict_row(fy, xd[i], m, c1[i]))
    }, sdm)))
  }
  predict_row <- function(fit, xv, m, cv) {
    k <- coef(fit)
    k[["(Intercept)"]] + k[["x"]] * xv + k[["m1"]] * m + k[["c1"]] * cv +
      if ("x:m1" %in% names(k)) k[["x:m1"]] * xv * m else 0
  }
  if (case == "logit shift") natural(case, mean_of, 0, 1) else natural(case, mean_of, 3.5, 4.5)
  k <- coef(fy)
  held <- function(v) mean(link(predict_row(fy, v, mean(m1), c1)))
  if (case != "logit shift") put(case, "controlled", held(4.5) - held(3.5))
}
# binary mediator: outcomes of every kind
fm01 <- glm(m01 ~ x + c1, binomial, data, control = glm.control(epsilon = 1e-14, maxit = 50))
chance <- function(v) plogis(coef(fm01)[[1]] + coef(fm01)[["x"]] * v + coef(fm01)[["c1"]] * c1)
fl <- lm(y ~ x * m01 + c1, data)
value <- function(v, m) coef(fl)[[1]] + coef(fl)[["x"]] * v + coef(fl)[["m01"]] * m + coef(fl)[["c1"]] * c1 +
  coef(fl)[["x:m01"]] * v * m
natural("binary linear", function(direct, mediated)
  mean(chance(mediated) * value(direct, 1) + (1 - chance(mediated)) * value(direct, 0)), 3.5, 4.5)
fb01 <- glm(y01 ~ x + m01 + c1, binomial, data, control = glm.control(epsilon = 1e-14, maxit = 50))
share <- function(v, m) {
  k <- coef(fb01); plogis(k[[1]] + k[["x"]] * v + k[["m01"]] * m + k[["c1"]] * c1)
}
natural("binary logit", function(direct, mediated)
  mean(chance(mediated) * share(direct, 1) + (1 - chance(mediated)) * share(direct, 0)), 3.5, 4.5)
# ordered outcome: share at 4 or above, and the mean answer
fo <- polr(factor(answer) ~ x + m1 + c1, data, control = list(reltol = 1e-15, maxit = 1000))
above <- function(j) function(direct, mediated) mean(sapply(seq_len(n), function(i) over(function(e) {
  m <- km[["(Intercept)"]] + km[["x"]] * mediated + km[["c1"]] * c1[i] + e
  plogis(coef(fo)[["x"]] * direct + coef(fo)[["m1"]] * m + coef(fo)[["c1"]] * c1[i] - fo$zeta[[j]])
}, sdm)))
natural("ordered 4", above(3), 3.5, 4.5)
natural("ordered mean", function(direct, mediated) 1 + sum(sapply(1:4, function(j) above(j)(direct, mediated))), 3.5, 4.5)
# two mediators in a row under a logit: a plane of errors
f2 <- lm(m2 ~ x + m1 + c1, data); sd2 <- ml_sd(f2); k2 <- coef(f2)
fs <- glm(y01 ~ x + m1 + m2 + c1, binomial, data, control = glm.control(epsilon = 1e-14, maxit = 50))
ks <- coef(fs)
grid <- seq(-7, 7, length.out = 141); density <- dnorm(grid); density <- density / sum(density)
plane <- function(direct, one, two, both) {
  # levels of the source on: its own step, the route through m1, through m2, through m1 then m2
  mean(sapply(seq_len(n), function(i) {
    base <- km[["(Intercept)"]] + km[["c1"]] * c1[i]
    e1 <- grid * sdm; e2 <- grid * sd2
    m1_y <- base + km[["x"]] * one + e1
    m1_m2 <- base + km[["x"]] * both + e1
    m2_mean <- k2[["(Intercept)"]] + k2[["x"]] * two + k2[["m1"]] * m1_m2 + k2[["c1"]] * c1[i]
    eta <- ks[["(Intercept)"]] + ks[["x"]] * direct + ks[["m1"]] * m1_y + ks[["m2"]] * m2_mean + ks[["c1"]] * c1[i]
    sum(density * sapply(eta, function(v) sum(density * plogis(v + ks[["m2"]] * e2))))
  }))
}
s <- c(plane(3.5, 3.5, 3.5, 3.5), plane(4.5, 3.5, 3.5, 3.5), plane(4.5, 4.5, 3.5, 3.5),
  plane(4.5, 4.5, 4.5, 3.5), plane(4.5, 4.5, 4.5, 4.5), plane(3.5, 4.5, 4.5, 4.5))
for (i in 1:4) put("serial logit", c("pure direct", "m1", "m2", "m1 m2")[i], s[i + 1] - s[i])
put("serial logit", "total", s[5] - s[1]); put("serial logit", "pure indirect", s[6] - s[1])
# side by side with errors that go together
f2 <- lm(m2 ~ x + c1, data); k2 <- coef(f2)
errors <- cov(cbind(residuals(fm), residuals(f2))) * (n - 1) / n
root <- chol(errors)
plane <- function(direct, one, two) mean(sapply(seq_len(n), function(i) {
  eta <- ks[["(Intercept)"]] + ks[["x"]] * direct + ks[["c1"]] * c1[i] +
    ks[["m1"]] * (km[["(Intercept)"]] + km[["x"]] * one + km[["c1"]] * c1[i]) +
    ks[["m2"]] * (k2[["(Intercept)"]] + k2[["x"]] * two + k2[["c1"]] * c1[i])
  e <- outer(grid, grid, function(u, v) ks[["m1"]] * root[1, 1] * u + ks[["m2"]] * (root[1, 2] * u + root[2, 2] * v))
  sum(outer(density, density) * plogis(eta + e))
}))
s <- c(plane(3.5, 3.5, 3.5), plane(4.5, 3.5, 3.5), plane(4.5, 4.5, 3.5), plane(4.5, 4.5, 4.5))
for (i in 1:3) put("parallel logit", c("pure direct", "m1", "m2")[i], s[i + 1] - s[i])

# --- hidden causes: lavaan with the errors' correlation held ------------------------------------------
held <- function(text, rho) {
  fit <- sem(sprintf(text, rho), data, fixed.x = TRUE, control = list(rel.tol = 1e-14))
  table <- parameterEstimates(fit); setNames(table$est, ifelse(table$label == "", table$lhs, table$label))
}
one <- "m1 ~ a*x + c1
y ~ c*x + b*m1 + c1
m1 ~~ v*m1
y ~~ u*y
m1 ~~ k*y
k == %.10f * sqrt(v) * sqrt(u)"
two <- "m1 ~ a1*x + c1
m2 ~ a2*x + c1
y ~ c*x + b1*m1 + b2*m2 + c1
m1 ~~ m2
m1 ~~ v*m1
y ~~ u*y
m1 ~~ k*y
k == %.10f * sqrt(v) * sqrt(u)"
row <- "m1 ~ a1*x + c1
m2 ~ a2*x + s*m1 + c1
y ~ c*x + b1*m1 + b2*m2 + c1
m2 ~~ v*m2
y ~~ u*y
m2 ~~ k*y
k == %.10f * sqrt(v) * sqrt(u)"
for (rho in c(-0.4, 0.2, 0.5)) {
  p <- held(one, rho); put("rho one", sprintf("%g", rho), p[["a"]] * p[["b"]])
  p <- held(two, rho); put("rho parallel m1", sprintf("%g", rho), p[["a1"]] * p[["b1"]])
  p <- held(row, rho)
  put("rho serial m2", sprintf("%g", rho), (p[["a2"]] + p[["a1"]] * p[["s"]]) * p[["b2"]])
}
ra <- residuals(lm(m1 ~ x + c1, data)); rb <- residuals(lm(y ~ x + c1, data))
put("rho one", "vanishing", cor(ra, rb))
put("rho one", "whole", cor(ra, rb)^2 * (1 - summary(fm)$r.squared) * (1 - summary(lm(y ~ x + m1 + c1, data))$r.squared))
# a probit beside correlated errors: the joint likelihood maximised with rho held
for (rho in c(-0.4, 0.2, 0.5)) {
  joint <- function(p) {
    sd <- exp(p[4]); e <- m1 - p[1] - p[2] * x - p[3] * c1
    index <- p[5] + p[6] * x + p[7] * m1 + p[8] * c1
    -sum(dnorm(e, 0, sd, log = TRUE)) -
      sum(pnorm((2 * y01 - 1) * (index + rho * e / sd) / sqrt(1 - rho^2), log.p = TRUE))
  }
  start <- c(km[["(Intercept)"]], km[["x"]], km[["c1"]], log(sdm), coef(glm(y01 ~ x + m1 + c1, binomial("probit"), data)))
  best <- start
  for (i in 1:4) best <- optim(best, joint, method = "BFGS", control = list(reltol = 1e-16, maxit = 5000))$par
  sd <- exp(best[4])
  shared <- sqrt(1 + best[7]^2 * sd^2 + 2 * best[7] * rho * sd)
  index <- function(direct, mediated) best[5] + best[6] * direct +
    best[7] * (best[1] + best[2] * mediated + best[3] * c1) + best[8] * c1
  put("rho probit", sprintf("%g", rho), mean(pnorm(index(4.5, 4.5) / shared) - pnorm(index(4.5, 3.5) / shared)))
}

detach(data)
expected <- do.call(rbind, rows)
expected$value <- sprintf("%.15g", expected$value)
write.csv(expected, "expected.csv", row.names = FALSE, quote = FALSE)

# --- a printed example: psych::mediate(reaction ~ cond + (pmi), data = Tal_Or) -------------------------
used <- Tal_Or[, c("cond", "pmi", "reaction")]
set.seed(5)
printed <- psych::mediate(reaction ~ cond + (pmi), data = used, n.iter = 10, plot = FALSE)
moments <- rbind(mean = colMeans(used), cov(used))
moments <- cbind(row = rownames(moments), as.data.frame(moments))
moments$n_obs <- nrow(used)
write.csv(moments, "tal_or.csv", row.names = FALSE)
cat("psych: a", printed$a, "b", printed$b, "ab", printed$ab, "c", printed$c, "c'", printed$cprime, "\n")
