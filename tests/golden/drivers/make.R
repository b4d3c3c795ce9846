# Writes data.csv and the expected figures beside it. Rscript make.R, in this folder.
library(MASS); library(sandwich); library(quantreg)
set.seed(20261123)
n <- 240
cluster <- rep(1:30, each = 8)
f <- rnorm(n); shock <- rnorm(30)[cluster]
x <- sapply(c(.9, .7, .6, .4, .2), function(l) l * f + rnorm(n))
colnames(x) <- c("staff", "price", "speed", "shop", "noise")
x[, "price"] <- exp(x[, "price"] / 2)                       # skewed
y <- .5 * x[, 1] + .3 * x[, 2] + .4 * pmin(x[, 3], 0) - .2 * x[, 4] + .5 * shock + rnorm(n) * (1 + .3 * abs(f))
answer <- cut(y, quantile(y, c(0, .1, .3, .6, .85, 1)), labels = FALSE, include.lowest = TRUE)
weight <- round(runif(n, .3, 2.5), 3)
d <- data.frame(round(x, 6), satisfaction = round(y, 6), answer, weight, cluster = sprintf("K%02d", cluster))
write.csv(d, "data.csv", row.names = FALSE, quote = FALSE)
d <- read.csv("data.csv")
X <- colnames(x); p <- length(X)
num <- function(v) format(v, digits = 16, trim = TRUE)
out <- data.frame()
add <- function(case, measure, term, estimate, other = "") out <<- rbind(out, data.frame(case, measure, term, other, estimate = num(estimate)))

# R2 of every subset by lm; LMG by brute force over all 120 orders of entry
r2 <- function(set, w) {
  if (!length(set)) return(0)
  summary(lm(reformulate(set, "satisfaction"), d, weights = w))$r.squared
}
permutations <- function(v) if (length(v) < 2) list(v) else do.call(c, lapply(seq_along(v), function(i) lapply(permutations(v[-i]), function(r) c(v[i], r))))
for (case in c("plain", "weighted")) {
  w <- if (case == "plain") rep(1, n) else d$weight
  orders <- permutations(X)
  gains <- sapply(orders, function(o) { v <- sapply(0:p, function(k) r2(o[seq_len(k)], w)); g <- diff(v); g[match(X, o)] })
  add(case, "lmg", X, rowMeans(gains))
  size <- sapply(orders, function(o) match(X, o) - 1)
  for (k in 0:(p - 1)) {  # mean over distinct subsets = mean over orders with the driver in place k + 1
    for (j in 1:p) add(case, "conditional", X[j], mean(gains[j, size[j, ] == k]), k)
  }
  add(case, "r2", "all", r2(X, w))
  add(case, "first", X, sapply(X, r2, w = w))
  add(case, "last", X, sapply(X, function(v) r2(X, w) - r2(setdiff(X, v), w)))
  z <- cov.wt(d[, c("satisfaction", X)], w / sum(w), cor = TRUE, method = "ML")$cor
  R <- z[-1, -1]; r <- z[-1, 1]
  b <- coef(lm(reformulate(X, "satisfaction"), d, weights = w))[X] * sqrt(diag(cov.wt(d[, X], w / sum(w), method = "ML")$cov)) / sqrt(cov.wt(d["satisfaction"], w / sum(w), method = "ML")$cov[1])
  add(case, "pratt", X, b * r)
  e <- eigen(R); L <- e$vectors %*% diag(sqrt(e$values)) %*% t(e$vectors)   # Johnson (2000)
  add(case, "johnson", X, drop(L^2 %*% solve(L, r)^2))
  for (i in 1:(p - 1)) for (j in (i + 1):p) {
    rest <- setdiff(1:p, c(i, j))
    sets <- c(list(integer()), unlist(lapply(seq_along(rest), function(k) combn(rest, k, simplify = FALSE)), FALSE))
    gap <- sapply(sets, function(s) r2(X[c(s, i)], w) - r2(X[c(s, j)], w))
    add(case, "complete", X[i], if (all(gap > 0)) 1 else if (all(gap < 0)) 0 else .5, X[j])
  }
}

# penalty and reward: quartile dummies (type 1), HC3 and clusters
cuts <- t(sapply(d[, X], quantile, c(.25, .75), type = 1))
D <- do.call(cbind, lapply(X, function(v) cbind(d[[v]] <= cuts[v, 1], d[[v]] >= cuts[v, 2]) + 0))
colnames(D) <- paste0(rep(X, each = 2), c("_low", "_high"))
m <- lm(d$satisfaction ~ D)
for (kind in c("hc3", "cluster")) {
  V <- if (kind == "hc3") vcovHC(m, "HC3") else vcovCL(m, cluster = d$cluster, type = "HC1", cadjust = TRUE)
  df <- if (kind == "hc3") m$df.residual else length(unique(d$cluster)) - 1
  C <- NULL
  for (j in 1:p) {
    a <- rep(0, 2 * p + 1); a[2 * j] <- 1; e <- rep(0, 2 * p + 1); e[2 * j + 1] <- 1
    for (row in list(list("penalty", a), list("reward", e), list("asymmetry", a + e))) {
      est <- sum(row[[2]] * coef(m)); se <- sqrt(drop(t(row[[2]]) %*% V %*% row[[2]]))
      add(kind, row[[1]], X[j], est, "estimate"); add(kind, row[[1]], X[j], se, "std_error")
      add(kind, row[[1]], X[j], 2 * pt(-abs(est / se), df), "p_value")
    }
    C <- rbind(C, a + e)
  }
  s <- C %*% coef(m)
  F <- drop(t(s) %*% solve(C %*% V %*% t(C), s)) / p
  add(kind, "joint", "all", F, "statistic"); add(kind, "joint", "all", pf(F, p, df, lower.tail = FALSE), "p_value")
}

# collinearity: VIF by lm, condition indices by svd of columns of length one
add("plain", "vif", X, sapply(X, function(v) 1 / (1 - summary(lm(reformulate(setdiff(X, v), v), d))$r.squared)))
S <- cbind(as.matrix(d[, X]), 1); S <- sweep(S, 2, sqrt(colSums(S^2)), "/"); sv <- svd(S)
add("plain", "condition", seq_along(sv$d), sv$d[1] / sv$d)
share <- t(t(sv$v^2) / sv$d^2); share <- share / rowSums(share)   # terms by components
for (k in seq_along(sv$d)) add("plain", "variance_share", c(X, "constant"), share[, k], k)

# ordered logit
o <- polr(reformulate(X, "factor(answer)"), d, Hess = TRUE, control = list(reltol = 1e-15, maxit = 1000))
names <- c(X, paste(1:4, "|", 2:5))
est <- c(coef(o), o$zeta)
add("ordered", "estimate", names, est)
add("ordered", "classical", names, sqrt(diag(vcov(o))))
add("ordered", "hc0", names, sqrt(diag(sandwich(o))))
add("ordered", "cluster", names, sqrt(diag(vcovCL(o, cluster = d$cluster, type = "HC0", cadjust = TRUE))))
add("ordered", "logl", "all", as.numeric(logLik(o)))
ow <- suppressWarnings(polr(reformulate(X, "factor(answer)"), d, weights = weight / mean(weight), control = list(reltol = 1e-15, maxit = 1000)))
add("weighted ordered", "estimate", names, c(coef(ow), ow$zeta))

# quantile regression
for (tau in c(.25, .5, .8)) {
  q <- rq(reformulate(X, "satisfaction"), tau, d)
  s <- summary(q, se = "ker", covariance = TRUE)
  add(paste("quantile", tau), "estimate", c("constant", X), coef(q))
  add(paste("quantile", tau), "kernel", c("constant", X), sqrt(diag(s$cov)))
  q0 <- rq(satisfaction ~ 1, tau, d)
  add(paste("quantile", tau), "pseudo_r_squared", "all", 1 - q$rho / q0$rho)
}
q <- rq(reformulate(X, "satisfaction"), .5, d)
set.seed(1); add("quantile 0.5", "bootstrap", c("constant", X), sqrt(diag(cov(boot.rq(cbind(1, as.matrix(d[, X])), d$satisfaction, .5, R = 20000, bsmethod = "xy")$B))))
s <- summary(q, se = "ker", covariance = TRUE)   # Parente & Santos Silva (2016) with the density of se = "ker"
x1 <- cbind(1, as.matrix(d[, X])); g <- rowsum(x1 * (.5 - (resid(q) < -1e-9)), d$cluster)
add("quantile 0.5", "cluster", c("constant", X), sqrt(diag(s$Hinv %*% (30 / 29 * crossprod(g)) %*% s$Hinv)))
write.csv(out[, c("case", "measure", "term", "other", "estimate")], "expected.csv", row.names = FALSE, quote = FALSE)
