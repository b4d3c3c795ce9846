# Figures of other programs for tests/golden/test_loyalty.py; see README.md. Run in this folder: Rscript make.R
suppressMessages({library(MASS); library(sandwich); library(ordinal); library(VGAM); library(pROC)})
set.seed(20260101)
out <- list()
put <- function(case, what, term, answer, value) {
  out[[length(out) + 1]] <<- data.frame(case = case, what = what, term = term, answer = as.character(answer),
                                        value = as.numeric(value))
}

# --- made-up customers -------------------------------------------------------------------------------------
n <- 500; outlet <- sample(1:40, n, TRUE); shock <- rnorm(40, 0, .3)[outlet]
satisfaction <- pmin(7, pmax(1, round(4 * (4.6 + 1.2 * rnorm(n) + shock)) / 4))
trust <- pmin(7, pmax(1, round(2 * (4 + .5 * (satisfaction - 4.6) + rnorm(n))) / 2))
online <- rbinom(n, 1, .4)
bought <- rbinom(n, 1, plogis(-3 + .5 * satisfaction + .25 * trust - .4 * online + shock))
latent <- .6 * satisfaction + .3 * trust + .5 * online + shock + rlogis(n)
intention <- as.integer(cut(latent, c(-Inf, 2, 3.2, 4.6, 6, Inf)))
loyalty <- pmax(0, round(1.2 + 5.2 * plogis(2.2 * (satisfaction - 4.4)) + .5 * rnorm(n) + shock, 2))
bent <- round(3 + .1 * (satisfaction - 1) + 1.3 * pmax(satisfaction - 3.1, 0) - 1.2 * pmax(satisfaction - 5.3, 0) + .4 * rnorm(n) + shock, 2)
turned <- rbinom(n, 1, .08 + .8 * plogis(4 * (satisfaction - 4.5)))
d <- data.frame(outlet, satisfaction, trust, online, bought, intention, loyalty, bent, turned)
write.csv(d, "data.csv", row.names = FALSE)

jacobian <- function(f, at) {
  sapply(seq_along(at), function(i) {
    h <- 1e-4 * max(1, abs(at[i])); e <- replace(0 * at, i, h)
    (8 * (f(at + e) - f(at - e)) - (f(at + 2 * e) - f(at - 2 * e))) / (12 * h)
  })
}
with_value <- function(x, name, value) { x[[name]] <- value; x }

# asks: change of a mean chance, from the model matrix upwards; chance(beta, data) -> n x answers
asks <- function(case, chance, beta, vcov, terms, pair = NULL) {
  h <- 1e-3
  shifted <- function(data, name, by) with_value(data, name, data[[name]] + by)
  slope <- function(b, name, data = d) colMeans(
    (8 * (chance(b, shifted(data, name, h)) - chance(b, shifted(data, name, -h))) -
       (chance(b, shifted(data, name, 2 * h)) - chance(b, shifted(data, name, -2 * h)))) / (12 * h))
  report <- function(what, term, f) {
    value <- f(beta); J <- matrix(jacobian(f, beta), nrow = length(value))
    error <- sqrt(diag(J %*% vcov %*% t(J)))
    for (a in seq_along(value)) { put(case, what, term, a, value[a]); put(case, paste0(what, "_error"), term, a, error[a]) }
  }
  for (name in terms) {
    report("slope", name, function(b) slope(b, name))
    report("step", name, function(b) colMeans(chance(b, shifted(d, name, 1)) - chance(b, d)))
  }
  report("move", "satisfaction", function(b) colMeans(
    chance(b, with_value(d, "satisfaction", 6.33)) - chance(b, with_value(d, "satisfaction", 5))))
  report("level", "satisfaction", function(b) colMeans(chance(b, with_value(d, "satisfaction", 6))))
  if (!is.null(pair)) report("interaction", paste(pair, collapse = " x "), function(b) {
    g <- 1e-2
    (8 * (slope(b, pair[1], shifted(d, pair[2], g)) - slope(b, pair[1], shifted(d, pair[2], -g))) -
       (slope(b, pair[1], shifted(d, pair[2], 2 * g)) - slope(b, pair[1], shifted(d, pair[2], -2 * g)))) / (12 * g)
  })
}

# --- logit -------------------------------------------------------------------------------------------------
tight <- list(epsilon = 1e-14, maxit = 100)
for (case in c("logit", "logit_product")) {
  f <- if (case == "logit") bought ~ satisfaction + trust + online else bought ~ satisfaction + trust + online + satisfaction:trust
  fit <- glm(f, binomial, d, control = tight)
  V <- if (case == "logit") sandwich(fit) else vcovCL(fit, d$outlet, type = "HC0", cadjust = TRUE)
  for (i in seq_along(coef(fit))) { put(case, "coefficient", names(coef(fit))[i], "", coef(fit)[i]); put(case, "error", names(coef(fit))[i], "", sqrt(diag(V))[i]) }
  right <- delete.response(terms(fit))
  chance <- function(b, data) { p <- plogis(model.matrix(right, data) %*% b); cbind(1 - p, p) }
  asks(case, chance, coef(fit), V, c("satisfaction", "trust"), if (case == "logit_product") c("satisfaction", "trust"))
}
# --- goodness of the first
fit <- glm(bought ~ satisfaction + trust + online, binomial, d, control = tight); p <- fitted(fit); y <- d$bought
put("logit", "mcfadden", "", "", 1 - logLik(fit) / logLik(update(fit, . ~ 1)))
put("logit", "tjur", "", "", mean(p[y == 1]) - mean(p[y == 0])); put("logit", "brier", "", "", mean((y - p)^2))
r <- roc(y, round(p, 12), quiet = TRUE, direction = "<"); ci <- ci.auc(r, method = "delong")
put("logit", "auc", "", "", ci[2]); put("logit", "auc_error", "", "", sqrt(var(r, method = "delong")))
cuts <- cut(p, unique(quantile(p, seq(0, 1, .1))), include.lowest = TRUE)
o <- tapply(y, cuts, sum); e <- tapply(p, cuts, sum); m <- tapply(p, cuts, length)
hl <- sum((o - e)^2 / e + ((m - o) - (m - e))^2 / (m - e))
put("logit", "hosmer_lemeshow", "", "", hl); put("logit", "hosmer_lemeshow_p", "", "", pchisq(hl, length(m) - 2, lower.tail = FALSE))
# Obuchowski (1997) by loops: V10, V01 per row, sums by cluster
q <- round(p, 12); X <- q[y == 1]; Y <- q[y == 0]; cx <- d$outlet[y == 1]; cy <- d$outlet[y == 0]
psi <- outer(X, Y, function(a, b) (a > b) + .5 * (a == b)); A <- mean(psi)
v10 <- rowMeans(psi); v01 <- colMeans(psi); I <- sort(unique(d$outlet)); I10 <- length(unique(cx)); I01 <- length(unique(cy))
s10 <- sapply(I, function(g) sum(v10[cx == g] - A)); s01 <- sapply(I, function(g) sum(v01[cy == g] - A))
S10 <- I10 / ((I10 - 1) * length(X)) * sum(s10^2); S01 <- I01 / ((I01 - 1) * length(Y)) * sum(s01^2)
S11 <- length(I) / (length(I) - 1) * sum(s10 * s01)
put("logit", "auc_cluster_error", "", "", sqrt(S10 / length(X) + S01 / length(Y) + 2 * S11 / (length(X) * length(Y))))

# --- ordered logit -----------------------------------------------------------------------------------------
d$ordered <- factor(d$intention, ordered = TRUE)
fit <- clm(ordered ~ satisfaction + trust + online, data = d, control = clm.control(gradTol = 1e-12, maxIter = 200))
V <- vcovCL(fit, d$outlet, type = "HC0", cadjust = TRUE)  # thresholds first
k <- 3; m <- 4
for (i in seq_along(coef(fit))) { put("ordered", "coefficient", names(coef(fit))[i], "", coef(fit)[i]); put("ordered", "error", names(coef(fit))[i], "", sqrt(diag(V))[i]) }
chance <- function(b, data) {
  eta <- as.matrix(data[c("satisfaction", "trust", "online")]) %*% b[m + 1:k]
  cdf <- cbind(0, sapply(1:m, function(j) plogis(b[j] - eta)), 1); cdf[, -1] - cdf[, -(m + 2)]
}
asks("ordered", chance, coef(fit), V, c("satisfaction", "trust"))
put("ordered", "mcfadden", "", "", 1 - logLik(fit) / logLik(update(fit, . ~ 1)))
P <- chance(coef(fit), d); put("ordered", "brier", "", "", mean(rowSums((P - outer(d$intention, 1:5, "=="))^2)))

# --- parallel lines: Brant by separate glm fits and his covariance; clm and vglm for the likelihood ratios ---
parallel <- function(case, data, y, formula, clusters = NULL) {
  X <- model.matrix(formula, data); k <- ncol(X) - 1; levels <- sort(unique(y)); m <- length(levels) - 1
  fits <- lapply(levels[1:m], function(a) glm.fit(X, as.numeric(y > a), family = binomial(), control = tight))
  pi <- sapply(fits, function(f) f$fitted.values); B <- sapply(fits, coef)
  bread <- lapply(1:m, function(j) solve(t(X) %*% (X * (pi[, j] * (1 - pi[, j])))))
  V <- matrix(0, m * k, m * k); at <- function(j) (j - 1) * k + 1:k
  for (j in 1:m) for (l in j:m) {
    W <- if (j == l) pi[, j] * (1 - pi[, j]) else pi[, l] - pi[, j] * pi[, l]
    C <- (bread[[j]] %*% (t(X) %*% (X * W)) %*% bread[[l]])[-1, -1]
    V[at(j), at(l)] <- C; V[at(l), at(j)] <- t(C)
  }
  if (!is.null(clusters)) {
    U <- do.call(cbind, lapply(1:m, function(j) ((X * ((y > levels[j]) - pi[, j])) %*% bread[[j]])[, -1]))
    S <- rowsum(U, clusters); G <- nrow(S); V <- G / (G - 1) * crossprod(S)
  }
  D <- cbind(-1, diag(m - 1)) %x% diag(k); b <- as.vector(B[-1, ])
  wald <- function(D) { z <- D %*% b; drop(t(z) %*% solve(D %*% V %*% t(D)) %*% z) }
  names <- colnames(X)[-1]
  put(case, "brant", "all terms", "", wald(D))
  for (i in 1:k) put(case, "brant", names[i], "", wald(D[seq(i, nrow(D), k), , drop = FALSE]))
  for (i in 1:k) for (j in 1:m) { put(case, "cut", names[i], levels[j], B[i + 1, j]); put(case, "cut_error", names[i], levels[j], sqrt(V[at(j)[i], at(j)[i]])) }
  if (!is.null(clusters)) return(invisible())
  frame <- data.frame(X[, -1, drop = FALSE]); colnames(frame) <- paste0("x", 1:k); frame$y <- factor(y, ordered = TRUE)
  right <- paste(colnames(frame)[1:k], collapse = " + ")
  base <- clm(as.formula(paste("y ~", right)), data = frame, control = clm.control(gradTol = 1e-10))
  for (i in 1:k) {
    free <- clm(as.formula(paste("y ~", paste(c("1", colnames(frame)[setdiff(1:k, i)]), collapse = " + "))),
                nominal = as.formula(paste("~ x", i, sep = "")), data = frame, control = clm.control(gradTol = 1e-10))
    put(case, "likelihood_ratio", names[i], "", 2 * (logLik(free) - logLik(base)))
  }
  full <- vglm(as.formula(paste("y ~", right)), cumulative(parallel = FALSE, reverse = TRUE), data = frame,
               control = vglm.control(epsilon = 1e-12, maxit = 100))
  put(case, "likelihood_ratio", "all terms", "", 2 * (logLik(full) - logLik(base)))
  C <- coef(full, matrix = TRUE); E <- matrix(sqrt(diag(vcov(full)))[-(1:m)], k, byrow = TRUE)
  for (i in 1:k) for (j in 1:m) put(case, "joint", names[i], levels[j], C[i + 1, j])
  # score: gradient and expected information of the full model at the base model's estimates, by brute force
  a <- coef(base)[1:m]; beta <- coef(base)[m + 1:k]
  theta <- c(rep(beta, each = m), a)                       # slopes term by term, then thresholds
  chances <- function(theta, x) {
    above <- sapply(1:m, function(j) plogis(sum(x * theta[(0:(k - 1)) * m + j]) - theta[k * m + j]))
    -diff(c(1, above, 0))
  }
  rows <- as.matrix(frame[1:k]); key <- apply(rows, 1, paste, collapse = " "); U <- 0; I <- 0
  for (g in unique(key)) {
    here <- key == g; x <- rows[which(here)[1], ]; prob <- chances(theta, x)
    J <- matrix(jacobian(function(t) chances(t, x), theta), nrow = m + 1)
    count <- sapply(levels, function(l) sum(y[here] == l))
    U <- U + colSums(J * count / prob); I <- I + sum(here) * t(J) %*% (J / prob)
  }
  put(case, "score", "all terms", "", drop(U %*% solve(I) %*% U))
}
parallel("parallel", d, d$intention, ~ satisfaction + trust + online)
parallel("parallel_clustered", d, d$intention, ~ satisfaction + trust + online, d$outlet)

# --- published: MASS housing (Venables & Ripley 2002, sec. 7.3: house.plr), wine (Randall 1989) -----------------
h <- housing[rep(seq_len(nrow(housing)), housing$Freq), ]
house <- data.frame(sat = as.integer(h$Sat), medium = as.integer(h$Infl == "Medium"), high = as.integer(h$Infl == "High"),
                    apartment = as.integer(h$Type == "Apartment"), atrium = as.integer(h$Type == "Atrium"),
                    terrace = as.integer(h$Type == "Terrace"), contact = as.integer(h$Cont == "High"))
counts <- aggregate(list(n = rep(1, nrow(house))), house, sum); write.csv(counts, "housing.csv", row.names = FALSE)
plr <- polr(Sat ~ Infl + Type + Cont, weights = Freq, data = housing, Hess = TRUE, control = list(reltol = 1e-15))
names <- c("medium", "high", "apartment", "atrium", "terrace", "contact", "1 | 2", "2 | 3")
for (i in 1:8) { put("housing", "coefficient", names[i], "", c(coef(plr), plr$zeta)[i]); put("housing", "error", names[i], "", sqrt(diag(vcov(plr)))[i]) }
parallel("housing", house, house$sat, ~ medium + high + apartment + atrium + terrace + contact)
data(wine, package = "ordinal")
w <- data.frame(rating = as.integer(wine$rating), warm = as.integer(wine$temp == "warm"), contact = as.integer(wine$contact == "yes"))
write.csv(w, "wine.csv", row.names = FALSE)
nt <- nominal_test(clm(rating ~ temp + contact, data = wine))
put("wine", "likelihood_ratio", "warm", "", nt["temp", "LRT"]); put("wine", "likelihood_ratio", "contact", "", nt["contact", "LRT"])

# --- forms of the curve --------------------------------------------------------------------------------------
s <- d$satisfaction
form <- function(case, model, logl, npar, values = NULL) {
  put(case, "logl", model, "", logl); put(case, "aic", model, "", 2 * npar - 2 * logl); put(case, "bic", model, "", log(n) * npar - 2 * logl)
  for (i in seq_along(values)) put(case, "value", model, i, values[i])
}
normal <- function(rss) -n / 2 * (log(2 * pi * rss / n) + 1)
hinges <- function(k) cbind(pmax(s - k[1], 0), pmax(s - k[2], 0))
places <- sort(unique(s))
free_zones <- function(objective) {                      # every pair of places, then Nelder-Mead from the best ten
  low <- max(quantile(s, .05, type = 1), places[2]); high <- min(quantile(s, .95, type = 1), places[length(places) - 1])
  gap <- (high - low) / 8
  bounded <- function(k) if (k[2] - k[1] < gap || k[1] < low || k[2] > high) 1e10 else objective(k)
  grid <- expand.grid(a = seq(low, high, .05), b = seq(low, high, .05)); grid <- grid[grid$b - grid$a >= gap, ]
  value <- apply(grid, 1, bounded); best <- NULL
  for (i in order(value)[1:10]) {
    o <- optim(as.numeric(grid[i, ]), bounded, control = list(reltol = 1e-15, maxit = 4000))
    if (is.null(best) || o$value < best$value) best <- o
  }
  best
}
for (outcome in c("loyalty", "bent")) {
  y <- d[[outcome]]
  for (p in 1:3) { f <- lm(y ~ poly(s, p)); form(outcome, c("straight line", "quadratic", "cubic")[p], logLik(f), p + 2) }
  sc <- nls(y ~ 0 + 9 * plogis(a + b * s), start = setNames(as.list(coef(lm(qlogis(pmin(pmax(y, .1), 8.9) / 9) ~ s))), c("a", "b")), algorithm = "port", control = nls.control(maxiter = 500))
  form(outcome, "S-shaped between the scale's ends", normal(deviance(sc)), 3)
  sf <- nls(y ~ lo + (hi - lo) * plogis((s - mid) / exp(w)), algorithm = "port",
            start = list(lo = min(y), hi = max(y), mid = 4.4, w = -.5), control = nls.control(tol = 1e-12, maxiter = 500))
  form(outcome, "S-shaped between ends of its own", normal(deviance(sf)), 5, coef(sf))
  g <- lm(y ~ s + pmax(s - 3, 0) + pmax(s - 5, 0)); b <- coef(g)
  form(outcome, "three zones, given", logLik(g), 5, c(b[2], b[2] + b[3], sum(b[2:4])))
  for (kind in c("plain", "clustered")) {
    V <- if (kind == "plain") vcovHC(g, "HC1") else vcovCL(g, d$outlet, type = "HC1", cadjust = TRUE)
    put(outcome, paste0("wald_", kind), "", "", drop(b[3:4] %*% solve(V[3:4, 3:4]) %*% b[3:4]) / 2)
  }
  o <- free_zones(function(k) sum(lm.fit(cbind(1, s, hinges(k)), y)$residuals^2))
  c4 <- lm.fit(cbind(1, s, hinges(o$par)), y)$coefficients
  form(outcome, "three zones, estimated", normal(o$value), 7, c(cumsum(c4[2:4]), o$par))
}
y <- d$turned
for (p in 1:3) { f <- glm(y ~ poly(s, p), binomial, control = tight); form("turned", c("straight line", "quadratic", "cubic")[p], logLik(f), p + 1) }
ll <- function(q) { if (q[1] < 0 || q[2] > 1) return(1e10); p <- q[1] + (q[2] - q[1]) * plogis((s - q[3]) / exp(q[4])); -sum(dbinom(y, 1, p, log = TRUE)) }
o <- optim(c(.08, .88, 4.5, -1.4), ll, control = list(reltol = 1e-16, maxit = 20000)); o <- optim(o$par, ll, control = list(reltol = 1e-16, maxit = 20000))
form("turned", "S-shaped between ends of its own", -o$value, 4, o$par)
g <- glm(y ~ s + pmax(s - 3, 0) + pmax(s - 5, 0), binomial, control = tight); b <- coef(g)
at <- function(x) plogis(b[1] + b[2] * x + b[3] * pmax(x - 3, 0) + b[4] * pmax(x - 5, 0)); ends <- c(min(s), 3, 5, max(s))
form("turned", "three zones, given", logLik(g), 4, diff(at(ends)) / diff(ends))
put("turned", "wald_clustered", "", "", drop(b[3:4] %*% solve(vcovCL(g, d$outlet, type = "HC1", cadjust = TRUE)[3:4, 3:4]) %*% b[3:4]) / 2)
o <- free_zones(function(k) suppressWarnings(glm.fit(cbind(1, s, hinges(k)), y, family = binomial(), control = tight)$deviance))
form("turned", "three zones, estimated", -o$value / 2, 6, o$par)

options(digits = 15)
write.csv(do.call(rbind, out), "expected.csv", row.names = FALSE)
