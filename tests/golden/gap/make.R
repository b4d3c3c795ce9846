# Golden values of the gap: lm() with sandwiches written out in matrices, the formulas of Edwards & Parry (1993) with
# numerical derivatives, Fieller's interval by uniroot(), one lm() per resample. Rscript make.R, in this folder.
# Base R and sandwich (as a check of the matrices) only; no code in common with ours.
suppressWarnings(RNGversion("4.0.0"))
library(sandwich)
set.seed(20261123)
n <- 320
outlet <- rep(1:32, each = 10)
answer <- function(mean, sd) round(pmin(7, pmax(1, rnorm(n, mean, sd))), 2)
d <- data.frame(care_e = answer(4.8, 1.1), care_p = answer(4.5, 1.3), speed_e = answer(5, 1), age = round(rnorm(n, 45, 12)))
d$speed_p <- round(pmin(7, pmax(1, 0.4 * d$care_p + 2.6 + rnorm(n, 0, 1))), 2)
d$outlet <- sprintf("S%02d", outlet)
d$weight <- round(runif(n, 0.4, 2.2), 2)
e <- d$care_e - 4; p <- d$care_p - 4
d$content <- round(4.5 + 0.45 * p - 0.2 * e + 0.3 * pmin(p - e, 0) - 0.12 * e^2 + 0.1 * e * p - 0.16 * p^2 +
  0.01 * (d$age - 45) + 0.3 * (d$speed_p - d$speed_e) + rnorm(32, 0, 0.25)[outlet] + rnorm(n, 0, 0.5) * (1 + 0.15 * abs(p)), 3)
d <- d[sample(n), ]
write.csv(d, "data.csv", row.names = FALSE)
d <- read.csv("data.csv")
d$care <- d$care_p - d$care_e; d$speed <- d$speed_p - d$speed_e
out <- list()
put <- function(case, term, measure, value)
  out[[length(out) + 1]] <<- data.frame(case = case, term = term, measure = measure, value = value)

# covariance of lm coefficients: HC3 or Stata's cluster factor, in plain matrices
robust <- function(fit, cl) {
  X <- model.matrix(fit); w <- if (is.null(fit$weights)) rep(1, n) else fit$weights
  A <- solve(t(X) %*% (X * w)); r <- residuals(fit); k <- ncol(X)
  if (is.null(cl)) {
    h <- rowSums((X %*% A) * X) * w
    V <- A %*% (t(X) %*% (X * (w * r / (1 - h))^2)) %*% A
    stopifnot(isTRUE(all.equal(unname(V), unname(vcovHC(fit, "HC3")))))
    list(V = V, df = n - k)
  } else {
    S <- rowsum(X * (w * r), cl); G <- nrow(S)
    V <- A %*% crossprod(S) %*% A * G / (G - 1) * (n - 1) / (n - k)
    stopifnot(isTRUE(all.equal(unname(V), unname(vcovCL(fit, cl, type = "HC1", cadjust = TRUE)))))
    list(V = V, df = G - 1)
  }
}
tested <- function(case, term, g, b, R) {
  est <- sum(g * b); se <- sqrt(drop(t(g) %*% R$V %*% g)); t <- qt(0.975, R$df)
  put(case, term, "estimate", est); put(case, term, "std_error", se)
  put(case, term, "p_value", 2 * pt(-abs(est / se), R$df))
  put(case, term, "conf_low", est - t * se); put(case, term, "conf_high", est + t * se)
}
unit <- function(names, ...) { v <- setNames(numeric(length(names)), names); a <- c(...); v[names(a)] <- a; v }
wald <- function(L, b, R) { x <- L %*% b; drop(t(x) %*% solve(L %*% R$V %*% t(L)) %*% x) / nrow(L) }
fieller <- function(case, g1, g2, b, R) {
  f <- function(r) { g <- g1 - r * g2; sum(g * b)^2 / drop(t(g) %*% R$V %*% g) - qf(0.95, 1, R$df) }
  r <- sum(g1 * b) / sum(g2 * b)
  put(case, "ratio", "estimate", r)
  for (side in c(-1, 1)) {
    step <- 0.01; while (f(r + side * step) < 0 && step < 1e5) step <- step * 1.3
    put(case, "ratio", if (side < 0) "conf_low" else "conf_high",
        if (step >= 1e5) NA else uniroot(f, sort(c(r, r + side * step)), tol = 1e-12)$root)
  }
}
counts_of <- function(j) (seq_len(n) * 7919 + j * 104729) %% 13 %% 4

kink <- function(case, gaps, held, w, cl, at = 0) {
  x <- d
  for (g in gaps) { x[[paste0(g, "L")]] <- pmin(d[[g]] - at, 0); x[[paste0(g, "G")]] <- pmax(d[[g]] - at, 0); x[[paste0(g, "J")]] <- 1 * (d[[g]] >= at) }
  x$w <- w; sides <- c(rbind(paste0(gaps, "L"), paste0(gaps, "G")))
  fit <- lm(reformulate(c(sides, held), "content"), x, weights = w); R <- robust(fit, cl); b <- coef(fit); nm <- names(b)
  line <- lm(reformulate(c(gaps, held), "content"), x, weights = w); RL <- robust(line, cl)
  jump <- lm(reformulate(c(sides, paste0(gaps, "J"), held), "content"), x, weights = w); RJ <- robust(jump, cl)
  for (g in gaps) {
    L <- unit(nm, setNames(1, paste0(g, "L"))); G <- unit(nm, setNames(1, paste0(g, "G")))
    tested(case, paste(g, "straight line"), unit(names(coef(line)), setNames(1, g)), coef(line), RL)
    tested(case, paste(g, "losses"), L, b, R); tested(case, paste(g, "gains"), G, b, R)
    tested(case, paste(g, "losses less gains"), L - G, b, R)
    tested(case, paste(g, "jump"), unit(names(coef(jump)), setNames(1, paste0(g, "J"))), coef(jump), RJ)
    if (g == gaps[1]) fieller(case, L, G, b, R)
  }
  K <- t(sapply(gaps, function(g) unit(nm, setNames(c(1, -1), paste0(g, c("L", "G"))))))
  put(case, "joint", "statistic", wald(K, b, R)); put(case, "joint", "p_value", pf(wald(K, b, R), length(gaps), R$df, lower.tail = FALSE))
  for (j in 1:4) {
    x$wj <- w * counts_of(j); bj <- coef(lm(reformulate(c(sides, held), "content"), x, weights = wj))
    put(case, paste("resample", j), "losses", bj[[sides[1]]]); put(case, paste("resample", j), "gains", bj[[sides[2]]])
  }
  put(case, "r2", "estimate", summary(fit)$r.squared)
}
one <- rep(1, n)
kink("plain", "care", NULL, one, NULL)
kink("held", c("care", "speed"), c("care_p", "age"), one, NULL)
kink("clustered", "care", c("care_p", "age"), d$weight, d$outlet)
kink("elsewhere", "care", NULL, one, NULL, at = -0.5)

# response surface
shape <- function(b) {  # Edwards & Parry (1993); b1 .. b5 of Z = b0 + b1 X + b2 Y + b3 X2 + b4 XY + b5 Y2
  det <- 4 * b[3] * b[5] - b[4]^2; root <- sqrt((b[3] - b[5])^2 + b[4]^2)
  x0 <- (b[2] * b[4] - 2 * b[1] * b[5]) / det; y0 <- (b[1] * b[4] - 2 * b[2] * b[3]) / det
  p11 <- (b[5] - b[3] + root) / b[4]; p21 <- (b[5] - b[3] - root) / b[4]
  p10 <- y0 - p11 * x0; p20 <- y0 - p21 * x0
  c(x0 = x0, y0 = y0, p10 = p10, p11 = p11, p20 = p20, p21 = p21, shift = -p10 / (1 + p11))
}
jacobian <- function(f, x) sapply(seq_along(x), function(j) {  # central differences, extrapolated once
  d1 <- function(h) { a <- b <- x; a[j] <- a[j] + h; b[j] <- b[j] - h; (f(a) - f(b)) / (2 * h) }
  h <- 1e-4 * max(abs(x[j]), 0.1); (4 * d1(h / 2) - d1(h)) / 3
})
surface <- function(case, held, w, cl, centre = 4) {
  x <- d; x$X <- d$care_e - centre; x$Y <- d$care_p - centre; x$w <- w
  terms <- c("X", "Y", "I(X^2)", "I(X * Y)", "I(Y^2)", held)
  fit <- lm(reformulate(terms, "content"), x, weights = w); R <- robust(fit, cl); b <- coef(fit); k <- length(b)
  for (j in 2:6) tested(case, paste0("b", j - 1), 1 * (seq_len(k) == j), b, R)
  A <- rbind(a1 = c(1, 1, 0, 0, 0), a2 = c(0, 0, 1, 1, 1), a3 = c(1, -1, 0, 0, 0), a4 = c(0, 0, 1, -1, 1), a5 = c(0, 0, 1, 0, -1))
  for (a in rownames(A)) tested(case, a, c(0, A[a, ], rep(0, k - 6)), b, R)
  s <- shape(unname(b[2:6])); J <- jacobian(shape, unname(b[2:6])); V <- R$V[2:6, 2:6]; t <- qt(0.975, R$df)
  for (i in seq_along(s)) {
    se <- sqrt(drop(J[i, ] %*% V %*% J[i, ])); name <- names(s)[i]
    put(case, name, "estimate", s[[i]]); put(case, name, "std_error", se)
    put(case, name, "conf_low", s[[i]] - t * se); put(case, name, "conf_high", s[[i]] + t * se)
  }
  at <- data.frame(X = c(3, 5.5) - centre, Y = c(5, 2) - centre)
  for (h in held) at[[h]] <- weighted.mean(d[[h]], w)
  put(case, "height (3 5)", "estimate", unname(predict(fit, at))[1]); put(case, "height (5.5 2)", "estimate", unname(predict(fit, at))[2])
  for (j in 1:4) {
    x$wj <- w * counts_of(j); bj <- coef(lm(reformulate(terms, "content"), x, weights = wj))[2:6]
    put(case, paste("resample", j), "a1", sum(A["a1", ] * bj)); put(case, paste("resample", j), "a4", sum(A["a4", ] * bj))
  }
}
surface("surface plain", NULL, one, NULL)
surface("surface clustered", c("speed_p", "age"), d$weight, d$outlet)
surface("surface centred at 5", NULL, one, NULL, centre = 5)

# forms
forms <- function(case, w, cl) {
  x <- d; x$w <- w / mean(w); x$E <- d$care_e - 4; x$P <- d$care_p - 4; x$g <- x$P - x$E; x$W <- 1 * (x$g < 0); x$loss <- pmin(x$g, 0)
  fit <- function(...) lm(reformulate(c(...), "content"), x, weights = w)
  second <- c("E", "P", "I(E^2)", "I(E * P)", "I(P^2)")
  all <- list(
    "perception alone" = fit("P"), "difference" = fit("g"), "absolute difference" = fit("abs(g)"),
    "difference with a kink" = fit("g", "loss"), "perception and expectation" = fit("E", "P"),
    "perception and expectation with a kink" = fit("E", "P", "loss"),
    "a plane on either side of expectation" = fit("E", "P", "W", "I(W * E)", "I(W * P)"),
    "second-order surface" = fit(second), "second-order surface with a kink" = fit(second, "loss"))
  for (name in names(all)) {
    f <- all[[name]]; l <- logLik(f)
    put(case, name, "logl", as.numeric(l)); put(case, name, "aic", AIC(f)); put(case, name, "bic", BIC(f))
    put(case, name, "n_parameters", attr(l, "df")); put(case, name, "r2", summary(f)$r.squared)
  }
  test <- function(name, wider, L) {
    R <- robust(all[[wider]], cl); F <- wald(L, coef(all[[wider]]), R)
    put(case, name, "statistic", F); put(case, name, "p_value", pf(F, nrow(L), R$df, lower.tail = FALSE))
  }
  S <- "second-order surface"; Q <- "a plane on either side of expectation"
  curved <- cbind(0, 0, 0, diag(3))                       # 1, E, P, E2, EP, P2
  test("perception alone", S, rbind(c(0, 1, 0, 0, 0, 0), curved))
  test("difference", S, rbind(c(0, 1, 1, 0, 0, 0), curved))
  test("perception and expectation", S, curved)
  test(S, "second-order surface with a kink", rbind(c(0, 0, 0, 0, 0, 0, 1)))
  # 1, E, P, W, WE, WP; the forms written as what they are on either side: above E -> e, P -> p; below E + WE, P + WP
  test("difference with a kink", Q, rbind(c(0, 1, 1, 0, 0, 0), c(0, 1, 1, 0, 1, 1), c(0, 0, 0, 1, 0, 0)))
  test("perception and expectation with a kink", Q, rbind(c(0, 0, 0, 0, 1, 1), c(0, 0, 0, 1, 0, 0)))
  test("absolute difference", Q, rbind(c(0, 1, 1, 0, 0, 0), c(0, 1, 1, 0, 1, 1), c(0, 0, 0, 1, 0, 0), c(0, 1, -1, 0, 0, 0) + c(0, 1, -1, 0, 1, -1)))
}
forms("forms plain", one, NULL)
forms("forms clustered", d$weight, d$outlet)
result <- do.call(rbind, out); options(digits = 15)
write.csv(result, "expected.csv", row.names = FALSE)
