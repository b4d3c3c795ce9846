# Ordinal and mixed moments by lavaan: sample statistics and their asymptotic covariance (NACOV).
# Run in this folder: Rscript make.R
library(lavaan)
stopifnot(packageVersion("lavaan") == "0.6.14")

set.seed(1)   # with some seeds (5, 7, 11, 20) lavaan stops early on a polyserial, by up to 7e-4
n <- 500
loading <- c(.8, .7, .75, .6, .7, .8)
common <- rnorm(n)
response <- outer(common, loading) + matrix(rnorm(n * 6), n) %*% diag(sqrt(1 - loading^2))
cuts <- list(.2, c(-.6, .5), c(-1, 0, .8), c(-1.2, -.4, .3, 1), c(-1.5, -.8, -.1, .4, 1.2),
             c(-1.4, -.9, -.3, .2, .7, 1.4))
data <- data.frame(sapply(1:6, function(i) findInterval(response[, i], cuts[[i]]) + 1))
names(data) <- paste0("u", 2:7)                       # u5 has five categories
unique <- matrix(rnorm(n * 3), n) * .7
data$x1 <- round(2 + 1.5 * (.8 * common + unique[, 1]), 6)
data$x2 <- round(exp(.5 * (.6 * common + unique[, 2])), 6)   # skewed on purpose
data$x3 <- round(10 * (.5 * common + unique[, 3]) - 3, 6)
write.csv(data, "data.csv", row.names = FALSE)

save_moments <- function(columns, ordered, name) {
  fit <- lavCor(data[, columns], ordered = ordered, output = "fit", se = "robust.sem")
  moments <- lavInspect(fit, "wls.obs")
  write.csv(data.frame(moment = names(moments), value = as.numeric(moments)),
            paste0(name, "_moments.csv"), row.names = FALSE)
  gamma <- unclass(lavInspect(fit, "gamma"))
  write.csv(format(as.data.frame(gamma), digits = 12), paste0(name, "_gamma.csv"),
            row.names = FALSE, quote = FALSE)
}
save_moments(paste0("u", 2:7), paste0("u", 2:7), "items")
save_moments(c("x1", "u3", "x2", "u4", "u2", "x3"), c("u2", "u3", "u4"), "mixed")

# two-by-two tables, one empty cell in each place
tables <- list(c(40, 0, 25, 35), c(40, 25, 0, 35), c(0, 40, 25, 35), c(25, 40, 35, 0))
rows <- lapply(tables, function(t) {
  pair <- data.frame(a = rep(c(1, 1, 2, 2), t), b = rep(c(1, 2, 1, 2), t))
  fit <- suppressWarnings(lavCor(pair, ordered = c("a", "b"), output = "fit", se = "robust.sem"))
  gamma <- unclass(lavInspect(fit, "gamma"))
  data.frame(n11 = t[1], n12 = t[2], n21 = t[3], n22 = t[4], r = as.numeric(lavInspect(fit, "wls.obs"))[3],
             gamma_at = gamma[1, 3], gamma_bt = gamma[2, 3], gamma_r = gamma[3, 3])
})
write.csv(do.call(rbind, rows), "two_by_two.csv", row.names = FALSE)
