# Counts and net promoter scores in R: glm, MASS, pscl, AER, sandwich, and optim on likelihoods written out here.
suppressMessages({library(MASS); library(pscl); library(AER); library(sandwich)})
set.seed(20260105)
n <- 400
outlet <- rep(1:40, each = 10)
shock <- rnorm(40, sd = .25)[outlet]
satisfaction <- round(pmin(pmax(rnorm(n, 4.6, 1.3) + shock, 1), 7) * 4) / 4
tenure <- round(rexp(n, 1 / 4), 1)
online <- rbinom(n, 1, .4)
months <- sample(3:24, n, replace = TRUE)
weight <- round(runif(n, .4, 2.2), 2)
eta <- .6 + .45 * pmax(4.25 - satisfaction, 0) + .22 * pmax(satisfaction - 4.25, 0) + .03 * tenure + .15 * online
told <- rnbinom(n, size = 1.8, mu = exp(eta)) * rbinom(n, 1, 1 - plogis(-2 + .8 * online))
recommend <- pmin(pmax(round(1.4 * satisfaction + rnorm(n, sd = 1.8)), 0), 10)
data <- data.frame(outlet, satisfaction, tenure, online, months, weight, told, recommend)
write.csv(data, "data.csv", row.names = FALSE, quote = FALSE)
data$dissatisfied <- pmax(4 - satisfaction, 0)
data$satisfied <- pmax(satisfaction - 4, 0)

rows <- list()
put <- function(case, name, value) rows[[length(rows) + 1]] <<- data.frame(case, name, value)
values <- function(case, kind, x) for (i in names(x)) put(case, paste(kind, i), x[[i]])
rename <- function(x) { names(x) <- sub("(Intercept)", "constant", names(x), fixed = TRUE); x }
f <- told ~ dissatisfied + satisfied + tenure + online

pois <- glm(f, poisson, data, control = glm.control(epsilon = 1e-14))
values("poisson", "estimate", rename(coef(pois)))
values("poisson", "classical", rename(sqrt(diag(vcov(pois)))))
values("poisson", "hc0", rename(sqrt(diag(sandwich(pois)))))
values("poisson", "cluster", rename(sqrt(diag(vcovCL(pois, data$outlet, type = "HC0", cadjust = TRUE)))))
put("poisson", "logl", as.numeric(logLik(pois)))
wpois <- glm(f, quasipoisson, data, weights = weight, control = glm.control(epsilon = 1e-14))
values("poisson weighted", "estimate", rename(coef(wpois)))
values("poisson weighted", "cluster", rename(sqrt(diag(vcovCL(wpois, data$outlet, type = "HC0", cadjust = TRUE)))))
exposed <- glm(update(f, . ~ . + offset(log(months))), poisson, data, control = glm.control(epsilon = 1e-14))
values("poisson exposure", "estimate", rename(coef(exposed)))

nb <- glm.nb(f, data, control = glm.control(epsilon = 1e-14, maxit = 200))
values("negative_binomial", "estimate", rename(coef(nb)))
put("negative_binomial", "estimate dispersion", 1 / nb$theta)
put("negative_binomial", "logl", as.numeric(logLik(nb)))

zip <- zeroinfl(told ~ dissatisfied + satisfied + tenure + online | online, data, dist = "poisson",
                control = zeroinfl.control(reltol = 1e-15))
zinb <- zeroinfl(told ~ dissatisfied + satisfied + tenure + online | online, data, dist = "negbin",
                 control = zeroinfl.control(reltol = 1e-15))
for (case in c("zero_inflated_poisson", "zero_inflated_negative_binomial")) {
  fit <- if (case == "zero_inflated_poisson") zip else zinb
  values(case, "estimate", rename(coef(fit, "count")))
  zero <- rename(coef(fit, "zero")); names(zero) <- paste("always zero:", names(zero))
  values(case, "estimate", zero)
  put(case, "logl", as.numeric(logLik(fit)))
}
put("zero_inflated_negative_binomial", "estimate dispersion", 1 / zinb$theta)

# errors of the joint parameters: numeric derivatives of likelihoods written out
y <- data$told
x <- model.matrix(f, data)
z <- model.matrix(~ online, data)
density <- function(p, family) {
  mu <- exp(drop(x %*% p[1:5]))
  if (family == "negative_binomial") return(dnbinom(y, size = exp(-p[6]), mu = mu, log = TRUE))
  odds <- drop(z %*% p[6:7])
  base <- if (family == "zero_inflated_poisson") dpois(y, mu) else dnbinom(y, size = exp(-p[8]), mu = mu)
  log(plogis(odds) * (y == 0) + plogis(-odds) * base)
}
steps <- function(p) 1e-4 * (1 + abs(p))
slopes <- function(g, p) sapply(seq_along(p), function(j) {
  h <- replace(0 * p, j, steps(p)[j])
  (8 * (g(p + h) - g(p - h)) - (g(p + 2 * h) - g(p - 2 * h))) / (12 * steps(p)[j]) })
starts <- list(negative_binomial = c(coef(nb), log(1 / nb$theta)),
               zero_inflated_poisson = c(coef(zip, "count"), coef(zip, "zero")),
               zero_inflated_negative_binomial = c(coef(zinb, "count"), coef(zinb, "zero"), log(1 / zinb$theta)))
for (family in names(starts)) {
  p <- starts[[family]]
  scores_at <- function(p) slopes(function(q) density(q, family), p)
  total <- function(p) colSums(scores_at(p))
  for (i in 1:20) p <- p - solve(slopes(total, p), total(p))   # Newton to the top, past optim's tolerance
  bread <- solve(-slopes(total, p))
  s <- scores_at(p)
  g <- rowsum(s, data$outlet)
  kinds <- list(classical = bread, hc0 = bread %*% crossprod(s) %*% bread,
                cluster = 40 / 39 * bread %*% crossprod(g) %*% bread)
  names_ <- c(names(rename(coef(pois))), if (family != "negative_binomial")
    c("always zero: constant", "always zero: online"), if (family != "zero_inflated_poisson") "log dispersion")
  put(family, "top logl", sum(density(p, family)))
  for (kind in names(kinds)) values(family, kind, setNames(sqrt(diag(kinds[[kind]])), names_))
  values(family, "top", setNames(p, names_))
  # zeros: the share seen less the share expected, as a second estimating equation stacked on the scores
  zero_chance <- function(p) {
    mu <- exp(drop(x %*% p[1:5]))
    if (family == "negative_binomial") return(dnbinom(0, size = exp(-p[6]), mu = mu))
    odds <- drop(z %*% p[6:7])
    base <- if (family == "zero_inflated_poisson") dpois(0, mu) else dnbinom(0, size = exp(-p[8]), mu = mu)
    plogis(odds) + plogis(-odds) * base
  }
  excess <- (y == 0) - zero_chance(p)
  pull <- drop(slopes(function(q) -mean(zero_chance(q)), p))
  influence <- excess + n * drop(s %*% bread %*% pull)
  put(family, "zeros estimate", mean(excess))
  put(family, "zeros error", sqrt(sum(influence^2)) / n)
  clustered <- rowsum(influence, data$outlet)
  put(family, "zeros cluster error", sqrt(40 / 39 * sum(clustered^2)) / n)
}
p <- coef(pois)
put("poisson", "zeros estimate", mean((y == 0) - exp(-exp(x %*% p))))
mu <- fitted(pois)
influence <- (y == 0) - exp(-mu) + n * drop((x * (y - mu)) %*% vcov(pois) %*% colMeans(x * mu * exp(-mu)))
put("poisson", "zeros error", sqrt(sum(influence^2)) / n)

# spread
for (trafo in 1:2) {
  test <- if (trafo == 1) dispersiontest(pois, trafo = 1) else dispersiontest(pois, trafo = 2)
  put("spread", c("linear", "quadratic")[trafo], as.numeric(test$estimate))
  put("spread", paste(c("linear", "quadratic")[trafo], "statistic"), as.numeric(test$statistic))
  put("spread", paste(c("linear", "quadratic")[trafo], "p"), as.numeric(test$p.value))
}
lr <- 2 * (as.numeric(logLik(nb)) - as.numeric(logLik(pois)))
put("spread", "likelihood ratio", lr)
put("spread", "likelihood ratio p", .5 * pchisq(lr, 1, lower.tail = FALSE))

# counts seen and expected, marginal effects
for (v in 0:5) put("expected negative_binomial", as.character(v), mean(dnbinom(v, size = nb$theta, mu = fitted(nb))))
for (v in 0:5) put("expected poisson", as.character(v), mean(dpois(v, fitted(pois))))
low <- data$dissatisfied > 0; high <- data$satisfied > 0
effects_of <- function(b) {
  m <- exp(drop(x %*% b)); x1 <- x; x0 <- x; x1[, 5] <- 1; x0[, 5] <- 0
  c(dissatisfied = b[[2]] * mean(m[low]), satisfied = b[[3]] * mean(m[high]), tenure = b[[4]] * mean(m),
    online = mean(exp(x1 %*% b)) - mean(exp(x0 %*% b)))
}
V <- vcovCL(pois, data$outlet, type = "HC0", cadjust = TRUE)
values("people", "estimate", effects_of(coef(pois)))
J <- t(slopes(effects_of, coef(pois)))
values("people", "error", setNames(sqrt(diag(t(J) %*% V %*% J)), names(effects_of(coef(pois)))))

# U: ends of a parabola, and lines with a jump, Poisson with HC0
s <- data$satisfaction - 4
parabola <- glm(told ~ s + I(s^2), poisson, data, control = glm.control(epsilon = 1e-14))
W <- sandwich(parabola)[2:3, 2:3]
ends <- rbind(c(1, 2 * min(s)), c(1, 2 * max(s)))
slope <- drop(ends %*% coef(parabola)[2:3]); error <- sqrt(diag(ends %*% W %*% t(ends)))
put("shape", "parabola below", slope[1]); put("shape", "parabola above", slope[2])
put("shape", "parabola statistic", min(-slope[1] / error[1], slope[2] / error[2]))
put("shape", "minimum", 4 - coef(parabola)[[2]] / (2 * coef(parabola)[[3]]))
jump <- glm(told ~ pmin(s, 0) + pmax(s, 0) + I(s >= 0), poisson, data, control = glm.control(epsilon = 1e-14))
e <- sqrt(diag(sandwich(jump)))
put("shape", "jump below", coef(jump)[[2]]); put("shape", "jump above", coef(jump)[[3]])
put("shape", "jump statistic", min(-coef(jump)[[2]] / e[2], coef(jump)[[3]] / e[3]))
bent <- glm(told ~ dissatisfied + satisfied, poisson, data, control = glm.control(epsilon = 1e-14))
U <- sandwich(bent)
put("shape", "asymmetry", coef(bent)[[2]] - coef(bent)[[3]])
put("shape", "asymmetry error", sqrt(U[2, 2] + U[3, 3] - 2 * U[2, 3]))

# net promoter score: error, score interval by constrained likelihood, differences
points <- 100 * (recommend >= 9) - 100 * (recommend <= 6)
put("nps", "estimate", mean(points)); put("nps", "error", sd(points) / sqrt(n))
clustered <- lm(points ~ 1)
put("nps", "cluster error", sqrt(vcovCL(clustered, data$outlet, type = "HC0", cadjust = TRUE)[1, 1]))
score_interval <- function(promoters, passives, detractors) {
  total <- promoters + passives + detractors
  held <- function(d) {   # share of detractors of highest likelihood given the difference d
    lo <- max(0, -d); hi <- (1 - d) / 2
    logl <- function(q) sum(ifelse(c(promoters, passives, detractors) == 0, 0,
      c(promoters, passives, detractors) * log(pmax(c(q + d, 1 - 2 * q - d, q), 1e-300))))
    optimise(logl, c(lo, hi), maximum = TRUE, tol = 1e-14)$maximum
  }
  gap <- (promoters - detractors) / total
  beyond <- function(d) (gap - d)^2 - qnorm(.975)^2 * (2 * held(d) + d - d^2) / total
  c(uniroot(beyond, c(-1 + 1e-12, gap), tol = 1e-13)$root, uniroot(beyond, c(gap, 1 - 1e-12), tol = 1e-13)$root)
}
tries <- list(c(50, 30, 20), c(3, 6, 11), c(19, 1, 0), c(0, 12, 4), c(7, 0, 8), c(1000, 700, 800))
for (i in seq_along(tries)) {
  ends <- do.call(score_interval, as.list(tries[[i]]))
  put("score interval", paste(paste(tries[[i]], collapse = " "), "low"), ends[1])
  put("score interval", paste(paste(tries[[i]], collapse = " "), "high"), ends[2])
}
group <- ifelse(satisfaction < 4, "a", ifelse(satisfaction < 5, "b", "c"))
by <- lm(points ~ 0 + group)
V <- vcovCL(by, data$outlet, type = "HC0", cadjust = TRUE)
put("nps groups", "a - b", coef(by)[[1]] - coef(by)[[2]])
put("nps groups", "a - b error", sqrt(V[1, 1] + V[2, 2] - 2 * V[1, 2]))
C <- rbind(c(-1, 1, 0), c(-1, 0, 1))
put("nps groups", "F", drop(t(C %*% coef(by)) %*% solve(C %*% V %*% t(C)) %*% (C %*% coef(by))) / 2)
pvals <- sapply(list(1:2, c(1, 3), 2:3), function(k)
  2 * pt(-abs((coef(by)[[k[1]]] - coef(by)[[k[2]]]) / sqrt(V[k[1], k[1]] + V[k[2], k[2]] - 2 * V[k[1], k[2]])), 39))
adjusted <- p.adjust(pvals, "holm")
for (k in 1:3) put("nps groups", paste("holm", c("a - b", "a - c", "b - c")[k]), adjusted[k])
# people by groups
means <- tapply(told, group, mean)
put("groups", "a - c", means[["a"]] - means[["c"]])
t <- t.test(told[group == "a"], told[group == "c"])
put("groups", "a - c low", t$conf.int[1]); put("groups", "a - c high", t$conf.int[2]); put("groups", "a - c p", t$p.value)

write.csv(do.call(rbind, rows), "expected.csv", row.names = FALSE)
