# Gap scores, importance weights and the quality index by lm and sandwich: run with `Rscript make.R` in this folder.
library(sandwich)
set.seed(41)
n <- 240
outlet <- rep(1:40, each = 6)
quality <- rnorm(40, 0, 0.5)[outlet] + rnorm(n, 0, 0.7)
items <- list(tangibles = 2, reliability = 3, empathy = 2)
answer <- function(x) pmin(pmax(round(x), 1), 7)
data <- data.frame(outlet = outlet, channel = sample(c("store", "phone", "web"), n, TRUE))
for (d in names(items)) for (k in seq_len(items[[d]])) {
  data[[paste0(d, k)]] <- answer(4.8 + quality + rnorm(n))
  data[[paste0(d, k, "_e")]] <- answer(5.9 + rnorm(n, 0, 0.8))
}
data$satisfaction <- round(4.5 + quality + rnorm(n, 0, 0.8), 2)
data$weight <- round(runif(n, 0.5, 2), 3)
raw <- matrix(rgamma(n * 3, c(2, 5, 3)), n, 3, byrow = TRUE)
points <- round(100 * raw / rowSums(raw))
points[, 3] <- 100 - points[, 1] - points[, 2]
points[1:20, ] <- round(points[1:20, ] * 0.8)   # do not add up to 100
colnames(points) <- paste0("points_", names(items))
data <- cbind(data, points)
for (d in names(items)) data[[paste0(d, 1)]][sample(n, 9)] <- NA   # gaps
data$empathy2_e[sample(n, 7)] <- NA
write.csv(data, "data.csv", row.names = FALSE, na = "")

half <- function(x) { ok <- rowSums(!is.na(x)); s <- rowMeans(x, na.rm = TRUE); s[ok < ncol(x) / 2 | ok == 0] <- NA; s }
P <- E <- G <- S <- NULL
for (d in names(items)) {
  p <- as.matrix(data[paste0(d, seq_len(items[[d]]))]); e <- as.matrix(data[paste0(d, seq_len(items[[d]]), "_e")])
  both <- !is.na(p) & !is.na(e)
  S <- cbind(S, half(p)); pp <- p; pp[!both] <- NA; ee <- e; ee[!both] <- NA
  P <- cbind(P, half(pp)); E <- cbind(E, half(ee)); G <- cbind(G, half(pp - ee))
}
W <- 100 * points / rowSums(points)
ci <- function(y) {                     # weighted mean, errors by outlet
  ok <- !is.na(y)
  f <- lm(y[ok] ~ 1, weights = data$weight[ok])
  se <- sqrt(vcovCL(f, cluster = data$outlet[ok], type = "HC0", cadjust = TRUE)[1, 1])
  m <- length(unique(data$outlet[ok])); t <- qt(.975, m - 1)
  c(estimate = unname(coef(f)), std_error = se, conf_low = unname(coef(f)) - t * se, conf_high = unname(coef(f)) + t * se, n_obs = sum(ok))
}
rows <- list()
add <- function(construct, measure, y) rows[[length(rows) + 1]] <<- cbind(data.frame(construct, measure), t(ci(y)))
parts <- list(servperf = S, perception = P, expectation = E, gap = G, importance = W,
              weighted_servperf = S * W / 100, weighted_gap = G * W / 100)
for (m in names(parts)) {
  for (j in 1:3) add(names(items)[j], m, parts[[m]][, j])
  if (m %in% c("servperf", "perception", "expectation", "gap")) add("overall", m, rowMeans(parts[[m]]))
  if (startsWith(m, "weighted")) add("overall", m, rowSums(parts[[m]]))
}
write.csv(do.call(rbind, rows), "expected_servqual.csv", row.names = FALSE)

# The index: stated weights, delta method on the joint covariance of mean points and mean scores.
R <- 100 * (S - 1) / 6
stopifnot(!anyNA(R))
f <- lm(cbind(W / 100, R) ~ 1, weights = data$weight)
V <- vcovCL(f, cluster = data$outlet, type = "HC0", cadjust = TRUE)
w <- coef(f)[1:3]; m <- coef(f)[4:6]; g <- c(m, w)
index <- data.frame(weighting = "stated", estimate = sum(w * m), std_error = sqrt(drop(t(g) %*% V %*% g)))
eq <- ci(rowMeans(R))
index <- rbind(index, data.frame(weighting = "equal", estimate = eq[["estimate"]], std_error = eq[["std_error"]]))
for (ch in sort(unique(data$channel))) {
  eq <- ci(ifelse(data$channel == ch, rowMeans(R), NA))
  index <- rbind(index, data.frame(weighting = paste("equal", ch), estimate = eq[["estimate"]], std_error = eq[["std_error"]]))
}
write.csv(index, "expected_index.csv", row.names = FALSE)

# Shares derived from satisfaction, unweighted rows: Johnson's orthogonal variables Z by singular values, and lm.
X <- scale(S); y <- drop(scale(data$satisfaction))
s <- svd(X); Z <- s$u %*% t(s$v) * sqrt(n - 1)
b <- coef(lm(y ~ 0 + Z)); L <- coef(lm(X ~ 0 + Z))
relative <- drop(t(L^2) %*% b^2)
beta <- coef(lm(y ~ 0 + X))
write.csv(data.frame(construct = names(items), relative = relative, regression = unname(beta),
                     r2 = summary(lm(y ~ X))$r.squared), "expected_weights.csv", row.names = FALSE)
write.csv(data.frame(percentile = c(5, 10, 25, 50, 75, 90, 95),
                     estimate = unname(quantile(rowMeans(R), c(5, 10, 25, 50, 75, 90, 95) / 100, type = 2))),
          "expected_norms.csv", row.names = FALSE)
cat("R", R.version$major, R.version$minor, "sandwich", as.character(packageVersion("sandwich")), "\n")
