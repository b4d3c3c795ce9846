# Product-indicator interaction (matched pairs, strongest with strongest, double mean centring) by lavaan.
# Rscript make_latent.R, from this folder: writes latent.csv (simulated answers) and latent_expected.csv.
suppressMessages(library(lavaan))
set.seed(20261123)
n <- 400
x <- rnorm(n); w <- .3 * x + sqrt(1 - .09) * rnorm(n)
y <- .4 * x + .3 * w + .25 * x * w + rnorm(n, 0, .7)
answers <- function(f, loadings) sapply(loadings, function(l) l * f + rnorm(n, 0, .6))
d <- data.frame(answers(x, c(.8, .7, .9)), answers(w, c(.7, .9, .8, .6)), answers(y, c(.8, .8, .7)))
names(d) <- c(paste0("x", 1:3), paste0("w", 1:4), paste0("y", 1:3))
d$age <- round(20 + 40 * runif(n))
d <- round(d, 4)
write.csv(d, "latent.csv", row.names = FALSE)
ordered_by_strength <- function(v) v[order(-cor(d[, v], rowMeans(d[, v])))]
xs <- ordered_by_strength(paste0("x", 1:3)); ws <- ordered_by_strength(paste0("w", 1:4))
for (i in 1:3) { p <- (d[, xs[i]] - mean(d[, xs[i]])) * (d[, ws[i]] - mean(d[, ws[i]])); d[, paste0("p", i)] <- p - mean(p) }
model <- paste0(
  "X =~ ", paste(c(xs[1], setdiff(paste0("x", 1:3), xs[1])), collapse = " + "),
  "\nW =~ ", paste(c(ws[1], setdiff(paste0("w", 1:4), ws[1])), collapse = " + "),
  "\nY =~ y1 + y2 + y3\nXW =~ p1 + p2 + p3\n")
out <- NULL
for (covariate in c("", " + age")) {
  fit <- sem(paste0(model, "Y ~ X + W + b * XW", covariate), d, estimator = "MLR", fixed.x = FALSE)
  v <- lavInspect(fit, "cov.all"); b <- coef(fit)[["b"]]; s <- sqrt(vcov(fit)["b", "b"])
  scale <- sqrt(v["X", "X"] * v["W", "W"] / v["Y", "Y"])
  out <- rbind(out, data.frame(covariates = sub(" \\+ ", "", covariate), estimate = b * scale, error_of_b = s * scale))
}
write.csv(out, "latent_expected.csv", row.names = FALSE)
