# Writes data.csv and the expected figures beside it. Rscript make.R, in this folder.
suppressPackageStartupMessages({library(flexmix); library(mixtools); library(numDeriv); library(sandwich); library(mclust)})
set.seed(20261124)
n <- 600
cluster <- rep(1:60, each = 10)
older <- rnorm(n)
x1 <- rnorm(n); x2 <- .4 * x1 + rnorm(n)
kind <- rbinom(n, 1, plogis(-.5 + 1.1 * older))
y <- ifelse(kind == 1, 1 + 2 * x1 - .5 * x2 + .7 * rnorm(n), 3 - .6 * x1 + 1.1 * x2 + 1.1 * rnorm(n)) + .3 * rnorm(60)[cluster]
weight <- round(runif(n, .3, 2.5), 3)
channel <- sample(c("online", "phone", "shop"), n, TRUE)
three <- sample(1:3, n, TRUE, c(.5, .3, .2))
y3 <- c(1, 4, 0)[three] + c(2, -.5, .5)[three] * x1 + c(0, 1.5, -1)[three] * x2 + c(.6, .8, .4)[three] * rnorm(n)
d <- data.frame(round(cbind(x1, x2, older, y, y3), 6), weight, channel, kind, cluster = sprintf("K%02d", cluster))
write.csv(d, "data.csv", row.names = FALSE, quote = FALSE)
d <- read.csv("data.csv")
num <- function(v) format(v, digits = 16, trim = TRUE)
out <- data.frame()
add <- function(case, measure, class, term, estimate) out <<- rbind(out, data.frame(case, measure, class, term, estimate = num(estimate)))
X <- cbind(1, d$x1, d$x2); TERMS <- c("constant", "x1", "x2")

# mixtools: EM with the maximum-likelihood spread
for (K in 2:3) {
  best <- NULL
  for (start in 1:15) {
    m <- try(suppressMessages({capture.output(r <- regmixEM(if (K == 2) d$y else d$y3, X[, -1], k = K, epsilon = 1e-11, maxit = 60000)); r}), silent = TRUE)
    if (!inherits(m, "try-error") && (is.null(best) || m$loglik > best$loglik)) best <- m
  }
  case <- paste0("mixtools", K)
  add(case, "logl", "", "", best$loglik)
  o <- order(-best$lambda)
  for (k in 1:K) {
    add(case, "estimate", k, TERMS, best$beta[, o[k]])
    add(case, "sigma", k, "", best$sigma[o[k]])
    add(case, "share", k, "", best$lambda[o[k]])
    add(case, "mean_posterior", k, "", mean(best$posterior[max.col(best$posterior) == o[k], o[k]]))
    add(case, "assigned", k, "", sum(max.col(best$posterior) == o[k]))
  }
}

# The likelihood written out (dnorm), maximised by optim, its Hessian by numDeriv
maximum <- function(K, shared = FALSE, w = rep(1, nrow(d)), Z = matrix(1, nrow(d), 1), starts = 12) {
  p <- ncol(X); q <- ncol(Z)
  unpack <- function(v) {
    if (shared) { a <- v[1:K]; b <- v[K + 1:(p - 1)]; B <- rbind(a, matrix(b, p - 1, K)); at <- K + p - 1 }
    else { B <- matrix(v[1:(K * p)], p); at <- K * p }
    list(B = B, s = exp(v[at + 1:K]), G = cbind(0, matrix(v[at + K + seq_len(q * (K - 1))], q)))
  }
  row <- function(v) {
    u <- unpack(v); eta <- Z %*% u$G
    prior <- exp(eta) / rowSums(exp(eta))
    log(rowSums(sapply(1:K, function(k) prior[, k] * dnorm(d$y, X %*% u$B[, k], u$s[k]))))
  }
  f <- function(v) -sum(w * row(v))
  free <- (if (shared) K + p - 1 else K * p) + K + q * (K - 1)
  best <- NULL
  ols <- coef(lm(y ~ x1 + x2, d, weights = w))
  for (i in 1:starts) {
    first <- c(if (shared) c(ols[1] + rnorm(K), ols[-1]) else rep(ols, K) + rnorm(K * p, sd = .8), rnorm(K, log(.8), .2), rnorm(q * (K - 1), sd = .2))
    m <- try(optim(first, f, method = "BFGS", control = list(maxit = 2000, reltol = 1e-14)), silent = TRUE)
    if (!inherits(m, "try-error") && (is.null(best) || m$value < best$value)) best <- m
  }
  for (i in 1:3) best <- optim(best$par, f, method = "BFGS", control = list(maxit = 2000, reltol = 1e-16))
  v <- best$par
  for (i in 1:4) v <- v - solve(hessian(f, v), grad(f, v))   # Newton to the last digit
  H <- hessian(f, v); S <- jacobian(row, v) * w
  list(v = v, value = -f(v), H = H, S = S, u = unpack(v), prior = { e <- exp(Z %*% unpack(v)$G); e / rowSums(e) })
}
report <- function(case, m, K, shared, w) {
  p <- 3; o <- order(-colSums(m$prior * w))
  add(case, "logl", "", "", m$value)
  bread <- solve(m$H)
  G <- rowsum(m$S, d$cluster); g <- nrow(G)
  kinds <- list(information = bread, sandwich = bread %*% crossprod(m$S) %*% bread, cluster = bread %*% crossprod(G) %*% bread * g / (g - 1))
  for (k in 1:K) {
    add(case, "estimate", k, TERMS, m$u$B[, o[k]])
    add(case, "sigma", k, "", m$u$s[o[k]])
    add(case, "share", k, "", sum(w * m$prior[, o[k]]) / sum(w))
    at <- if (shared) c(o[k], K + 1:2) else (o[k] - 1) * p + 1:p
    for (kind in names(kinds)) add(case, kind, k, TERMS, sqrt(diag(kinds[[kind]]))[at])
  }
}
set.seed(1)
w1 <- rep(1, n)
report("plain2", maximum(2), 2, FALSE, w1)
report("weighted2", maximum(2, w = d$weight / mean(d$weight)), 2, FALSE, d$weight / mean(d$weight))
report("shared2", maximum(2, shared = TRUE), 2, TRUE, w1)
report("member2", maximum(2, Z = cbind(1, d$older)), 2, FALSE, w1)

# flexmix: its spread divides by n - p, so that it stops beside the maximum; criteria by its own formulas
set.seed(2)
best_of <- function(...) {
  fits <- lapply(1:10, function(i) flexmix(y ~ x1 + x2, d, k = 2, control = list(minprior = 0, iter.max = 5000, tolerance = 1e-14), ...))
  fits[[which.max(sapply(fits, function(m) as.numeric(logLik(m))))]]
}
m <- best_of()
o <- order(-prior(m))
add("flexmix2", "logl", "", "", as.numeric(logLik(m)))
add("flexmix2", "bic", "", "", BIC(m)); add("flexmix2", "aic", "", "", AIC(m)); add("flexmix2", "icl", "", "", ICL(m))
add("flexmix2", "npar", "", "", m@df)
for (k in 1:2) { add("flexmix2", "estimate", k, TERMS, parameters(m)[1:3, o[k]]); add("flexmix2", "share", k, "", prior(m)[o[k]]) }
post <- posterior(m)[, o]
add("flexmix2", "entropy_r2", "", "", 1 + sum(post * log(post)) / (n * log(2)))
m <- best_of(concomitant = FLXPmultinom(~older))
o <- order(-prior(m))
add("flexmix_member2", "logl", "", "", as.numeric(logLik(m)))
for (k in 1:2) add("flexmix_member2", "estimate", k, TERMS, parameters(m)[1:3, o[k]])

# known groups: interactions with all drivers, HC3 and clusters, joint tests, differences
d$channel <- factor(d$channel)
m <- lm(y ~ 0 + channel + channel:(x1 + x2), d)
groups <- levels(d$channel)
for (kind in c("hc3", "cluster")) {
  V <- if (kind == "hc3") vcovHC(m, "HC3") else vcovCL(m, cluster = d$cluster, type = "HC1", cadjust = TRUE)
  df <- if (kind == "hc3") m$df.residual else 59
  b <- coef(m); name <- function(g, x) paste0("channel", g, ":", x)
  all <- NULL; ps <- c()
  for (x in c("x1", "x2")) {
    for (g in groups) { add(kind, "estimate", g, x, b[name(g, x)]); add(kind, "std_error", g, x, sqrt(V[name(g, x), name(g, x)])) }
    C <- matrix(0, 2, length(b), dimnames = list(NULL, names(b)))
    for (i in 1:2) { C[i, name(groups[i + 1], x)] <- 1; C[i, name(groups[1], x)] <- -1 }
    all <- rbind(all, C)
    W <- drop(t(C %*% b) %*% solve(C %*% V %*% t(C)) %*% (C %*% b))
    add(kind, "f", "", x, W / 2); add(kind, "f_p", "", x, pf(W / 2, 2, df, lower.tail = FALSE))
    for (i in 1:2) for (j in (i + 1):3) {
      e <- b[name(groups[i], x)] - b[name(groups[j], x)]
      s <- sqrt(V[name(groups[i], x), name(groups[i], x)] + V[name(groups[j], x), name(groups[j], x)] - 2 * V[name(groups[i], x), name(groups[j], x)])
      pair <- paste(groups[i], groups[j], sep = "-")
      p <- 2 * pt(-abs(e / s), df); ps[paste(pair, x)] <- p
      add(kind, "difference", pair, x, e); add(kind, "difference_error", pair, x, s); add(kind, "difference_p", pair, x, p)
    }
  }
  W <- drop(t(all %*% b) %*% solve(all %*% V %*% t(all)) %*% (all %*% b))
  add(kind, "f", "", "all", W / 4); add(kind, "f_p", "", "all", pf(W / 4, 4, df, lower.tail = FALSE))
  holm <- p.adjust(ps, "holm"); fdr <- p.adjust(ps, "BH")
  for (at in names(ps)) {
    parts <- strsplit(at, " ")[[1]]
    add(kind, "holm", parts[1], parts[2], holm[at]); add(kind, "fdr", parts[1], parts[2], fdr[at])
  }
}

# agreement of two partitions
a <- as.integer(d$channel); b <- d$kind
add("rand", "adjusted", "", "", adjustedRandIndex(a, b)); add("rand", "adjusted_self", "", "", adjustedRandIndex((d$x1 > .2) + (d$x2 > .5), d$kind))
write.csv(out, "expected.csv", row.names = FALSE, quote = FALSE)
