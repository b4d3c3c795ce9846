# Golden values of the kink regression, by brute force: lm() at every threshold, optimise() within every
# stretch between neighbouring waits, numerical derivatives for the sandwich, lm() per bootstrap sample.
# Rscript make.R (in this folder). Base R and splines only.
suppressWarnings(RNGversion("4.0.0"))
set.seed(9)
n <- 160
d <- data.frame(wait = round(exp(rnorm(n, log(17), 0.6)), 1), age = round(rnorm(n, 45, 12)),
                online = rbinom(n, 1, 0.4), outlet = sample(1:20, n, TRUE), weight = round(runif(n, 0.5, 2), 2))
d$satisfaction <- round(5.2 - 0.045 * pmax(d$wait - 24, 0) + 0.01 * (d$age - 45) + 0.2 * d$online +
                          rnorm(20, 0, 0.15)[d$outlet] + rnorm(n, 0, 0.45), 3)
d <- d[order(d$wait), ]
write.csv(d, "data.csv", row.names = FALSE)
low <- 8; high <- 45
out <- list()
put <- function(case, name, value)
  out[[length(out) + 1]] <<- data.frame(case = case, name = name, value = value)

sse_at <- function(g, y, x, z, w) {
  fit <- lm.wfit(cbind(1, x, pmax(x - g, 0), z), y, w)
  sum(w * fit$residuals^2)
}
search <- function(y, x, z, w) {
  waits <- sort(unique(x)); waits <- waits[waits > low & waits < high]
  ends <- c(low, waits, high)
  best <- c(Inf, NA)
  for (j in seq_len(length(ends) - 1)) {
    o <- optimise(sse_at, c(ends[j], ends[j + 1]), y = y, x = x, z = z, w = w, tol = 1e-9)
    for (g in c(o$minimum, ends[j], ends[j + 1])) {
      s <- sse_at(g, y, x, z, w)
      if (s < best[1]) best <- c(s, g)
    }
  }
  best
}
hash <- function(rows, draws) {
  u <- outer(seq_len(rows) * 7919, seq_len(draws) * 104729, "+")
  qnorm(((u + 12345) %% 99991 + 0.5) / 99991)
}
B <- 60
run <- function(case, y, x, z, w, cl, draws) {
  w <- w / mean(w)
  b <- search(y, x, z, w); g <- b[2]; s1 <- b[1]
  X <- cbind(before = pmin(x - g, 0), beyond = pmax(x - g, 0), constant = 1, z)
  fit <- lm.wfit(X, y, w)
  th <- c(fit$coefficients, g)
  put(case, "threshold", g); put(case, "before", th[1]); put(case, "beyond", th[2])
  s0 <- sum(w * lm.wfit(cbind(1, x, z), y, w)$residuals^2)
  put(case, "sup_f", n * (s0 - s1) / s1)
  for (q in c(12, 20, 30, 40)) put(case, paste0("profile ", q), n * (sse_at(q, y, x, z, w) - s1) / s1)
  # sandwich by numerical derivatives of every row's half squared error
  mean_of <- function(t) { k <- length(t)
    t[1] * pmin(x - t[k], 0) + t[2] * pmax(x - t[k], 0) + as.vector(cbind(1, z) %*% t[3:(k - 1)]) }
  e <- y - mean_of(th); k <- length(th); h <- 1e-4 * pmax(abs(th), 0.01)
  h[k] <- min(abs(x - g)) / 4  # no row changes sides
  if (h[k] > 1e-3) {
  J <- sapply(1:k, function(j) { a <- th; b <- th; a[j] <- a[j] + h[j]; b[j] <- b[j] - h[j]
    (mean_of(a) - mean_of(b)) / (2 * h[j]) })
  q <- function(t) 0.5 * sum(w * (y - mean_of(t))^2)
  H <- matrix(0, k, k)
  for (i in 1:k) for (j in 1:k) { pp <- pm <- mp <- mm <- th
    pp[i] <- pp[i] + h[i]; pp[j] <- pp[j] + h[j]; pm[i] <- pm[i] + h[i]; pm[j] <- pm[j] - h[j]
    mp[i] <- mp[i] - h[i]; mp[j] <- mp[j] + h[j]; mm[i] <- mm[i] - h[i]; mm[j] <- mm[j] - h[j]
    H[i, j] <- (q(pp) - q(pm) - q(mp) + q(mm)) / (4 * h[i] * h[j]) }
  S <- J * (w * e); factor <- n / (n - k)
  if (!is.null(cl)) { S <- rowsum(S, cl); G <- nrow(S); factor <- (n - 1) / (n - k) * G / (G - 1) }
  V <- solve(H) %*% crossprod(S) %*% solve(H) * factor
  put(case, "error before", sqrt(V[1, 1])); put(case, "error beyond", sqrt(V[2, 2]))
  put(case, "error threshold", sqrt(V[k, k]))
  } else stopifnot(case == "plain")  # the threshold is one of the waits: no derivative there
  # multiplier bootstraps with multipliers from a formula
  u <- if (is.null(cl)) hash(n, B) else hash(length(unique(cl)), B)[match(cl, sort(unique(cl))), ]
  line <- cbind(1, x, z); e0 <- lm.wfit(line, y, w)$residuals
  if (is.null(cl)) e0 <- e0 / (1 - hat(sqrt(w) * line, intercept = FALSE))
  for (j in seq_len(draws)) {
    yb <- e0 * u[, j]; t0 <- sum(w * lm.wfit(cbind(1, x, z), yb, w)$residuals^2); t1 <- search(yb, x, z, w)[1]
    put(case, paste0("null ", j), n * (t0 - t1) / t1)
    yb <- mean_of(th) + e * u[, j]; t1 <- search(yb, x, z, w)[1]
    put(case, paste0("at estimate ", j), n * (sse_at(g, yb, x, z, w) - t1) / t1)
  }
  # resamples of rows with counts from a formula
  for (j in seq_len(draws)) {
    counts <- (seq_len(n) * 7919 + j * 104729) %% 13 %% 4
    r <- search(y, x, z, w * counts)
    f <- lm.wfit(cbind(pmin(x - r[2], 0), pmax(x - r[2], 0), 1, z), y, w * counts)$coefficients
    put(case, paste0("resample ", j), r[2]); put(case, paste0("resample before ", j), f[1])
    put(case, paste0("resample beyond ", j), f[2])
  }
}
z <- as.matrix(d[, c("age", "online")])
run("plain", d$satisfaction, d$wait, NULL, rep(1, n), NULL, 12)
run("covariates", d$satisfaction, d$wait, z, rep(1, n), NULL, 12)
run("weights and clusters", d$satisfaction, d$wait, z, d$weight, d$outlet, 12)

# forms, with logLik, AIC and BIC of lm; a kink counts its threshold
kink <- function(flat) {
  waits <- sort(unique(d$wait)); ends <- c(low, waits[waits > low & waits < high], high); best <- NULL
  fit_at <- function(g) { h <- pmax(d$wait - g, 0)
    if (flat) lm(satisfaction ~ h + age + online, d) else lm(satisfaction ~ wait + h + age + online, d) }
  for (j in seq_len(length(ends) - 1)) {
    o <- optimise(function(g) deviance(fit_at(g)), c(ends[j], ends[j + 1]), tol = 1e-9)$minimum
    for (g in c(o, ends[j])) if (is.null(best) || deviance(fit_at(g)) < deviance(best)) best <- fit_at(g)
  }
  best
}
k <- quantile(d$wait, c(0.05, 0.35, 0.65, 0.95))
forms <- list(
  "no wait" = lm(satisfaction ~ age + online, d),
  "straight line" = lm(satisfaction ~ wait + age + online, d),
  "quadratic" = lm(satisfaction ~ wait + I(wait^2) + age + online, d),
  "logarithm of 1 + wait" = lm(satisfaction ~ log1p(wait) + age + online, d),
  "natural cubic spline" =
    lm(satisfaction ~ splines::ns(wait, knots = k[2:3], Boundary.knots = k[c(1, 4)]) + age + online, d),
  "kink" = kink(FALSE), "flat, then falling" = kink(TRUE))
rows <- lapply(names(forms), function(name) { f <- forms[[name]]; extra <- name %in% c("kink", "flat, then falling")
  l <- logLik(f); p <- attr(l, "df") + extra
  data.frame(model = name, n_parameters = p, logl = as.numeric(l), aic = 2 * p - 2 * as.numeric(l),
             bic = log(n) * p - 2 * as.numeric(l), r2 = summary(f)$r.squared) })
options(digits = 15)
write.csv(do.call(rbind, rows), "forms.csv", row.names = FALSE)
write.csv(do.call(rbind, out), "expected.csv", row.names = FALSE)
