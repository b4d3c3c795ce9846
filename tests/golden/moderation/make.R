# Golden values of interactions: lm, sandwich and the delta method written out; p.adjust for the regions.
# Rscript make.R (in this folder). R 4.2.2, sandwich.
library(sandwich)
suppressWarnings(RNGversion("4.0.0")); set.seed(7)
states <- data.frame(state.x77, check.names = TRUE)
write.csv(states[, c("Income", "Illiteracy", "Murder", "HS.Grad")], "states.csv", row.names = FALSE)
n <- 300
d <- data.frame(x = round(rnorm(n, 5), 2), w = round(runif(n, 1, 7), 2), v = round(rnorm(n), 2),
                z = round(rnorm(n), 2), outlet = sample(1:25, n, TRUE), weight = round(runif(n, .5, 2), 2))
d$y <- round(2 + 0.2 * d$x + 0.1 * d$w - 0.12 * (d$x - 5) * (d$w - 4) + 0.15 * (d$x - 5) * (d$w - 4) * d$v +
               0.3 * d$z + rnorm(25, 0, .3)[d$outlet] + rnorm(n) * (0.5 + 0.1 * d$w), 3)
write.csv(d, "data.csv", row.names = FALSE)
out <- list()
put <- function(case, name, value) out[[length(out) + 1]] <<- data.frame(case, name, value)
slopes <- function(case, fit, V, df, grid, names) {
  b <- coef(fit)
  for (i in seq_len(nrow(grid))) {
    g <- setNames(rep(0, length(b)), names(b)); p <- unlist(grid[i, ])
    g[names$x] <- 1; g[names$xw] <- p[1]
    if (length(p) == 2) { g[names$xv] <- p[2]; g[names$xwv] <- p[1] * p[2] }
    e <- sum(g * b); s <- sqrt(drop(t(g) %*% V %*% g))
    put(case, paste("slope", i), e); put(case, paste("error", i), s)
    put(case, paste("p", i), 2 * pt(-abs(e / s), df))
  }
}
jn <- function(case, b, V, df, low, high) {
  w <- seq(low, high, length.out = 1000)
  s <- b[1] + b[2] * w; e <- sqrt(V[1, 1] + 2 * w * V[1, 2] + w^2 * V[2, 2])
  p <- 2 * pt(-abs(s / e), df); q <- p.adjust(p, "BH")
  ends <- function(crit) { f <- function(w) abs(b[1] + b[2] * w) - crit * sqrt(V[1, 1] + 2 * w * V[1, 2] + w^2 * V[2, 2])
    fine <- seq(low, high, length.out = 200001); y <- f(fine); at <- which(diff(sign(y)) != 0)
    sapply(at, function(i) uniroot(f, fine[c(i, i + 1)], tol = 1e-12)$root) }
  r <- ends(qt(.975, df)); for (i in seq_along(r)) put(case, paste("root", i), r[i]); put(case, "roots", length(r))
  k <- sum(q <= .05); put(case, "discoveries", k)
  if (k > 0) { crit <- qt(1 - .05 * k / 1000 / 2, df); put(case, "critical", crit); r <- ends(crit)
    for (i in seq_along(r)) put(case, paste("controlled root", i), r[i]); put(case, "controlled roots", length(r)) }
}
pick <- function(fit, V, names) list(b = unname(coef(fit)[names]), V = unname(V[names, names]))
# two-way: classical, HC3, clustered, weighted
m <- list(x = "x", xw = "x:w")
for (case in c("classical", "hc3", "cluster", "weighted")) {
  fit <- if (case == "weighted") lm(y ~ x * w + z, d, weights = weight) else lm(y ~ x * w + z, d)
  V <- switch(case, classical = vcov(fit), hc3 = vcovHC(fit, "HC3"), weighted = vcovHC(fit, "HC3"),
              cluster = vcovCL(fit, ~outlet, type = "HC1", cadjust = TRUE))
  df <- if (case == "cluster") 24 else fit$df.residual
  slopes(case, fit, V, df, data.frame(w = c(2, 4, 6.5)), m)
  q <- pick(fit, V, c("x", "x:w")); jn(case, q$b, q$V, df, min(d$w), max(d$w))
  cf <- coef(lm(y ~ scale(x, scale = FALSE) * scale(w, scale = FALSE) + z, d))
  if (case == "classical") put(case, "centred coefficient of x", cf[2])
}
# three-way with all products, HC3, and slope differences
fit <- lm(y ~ x * w * v + z, d); V <- vcovHC(fit, "HC3"); df <- fit$df.residual
grid <- expand.grid(v = c(-1, 1), w = c(2, 6))[, c("w", "v")]
slopes("three-way", fit, V, df, grid, list(x = "x", xw = "x:w", xv = "x:v", xwv = "x:w:v"))
b <- coef(fit); G <- t(sapply(1:4, function(i) { g <- setNames(rep(0, length(b)), names(b)); g["x"] <- 1
  g["x:w"] <- grid$w[i]; g["x:v"] <- grid$v[i]; g["x:w:v"] <- grid$w[i] * grid$v[i]; g }))
pairs <- combn(4, 2); p <- numeric(6)
for (k in 1:6) { g <- G[pairs[1, k], ] - G[pairs[2, k], ]; s <- sqrt(drop(t(g) %*% V %*% g)); t <- sum(g * b) / s
  p[k] <- 2 * pt(-abs(t), df); put("three-way", paste("difference", k), sum(g * b))
  put("three-way", paste("difference error", k), s) }
for (k in 1:6) put("three-way", paste("difference p", k), p.adjust(p, "holm")[k])
options(digits = 15); write.csv(do.call(rbind, out), "expected.csv", row.names = FALSE)
