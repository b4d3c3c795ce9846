# Draws, influence values and intervals of a mediation by R's boot: Rscript make.R (in this folder).
library(boot)
set.seed(20)
n <- 60
x <- round(rexp(n), 4)
m <- round(0.5 * x + rnorm(n), 4)
y <- round(0.4 * m + 0.2 * x + rexp(n), 4)
frame <- data.frame(x, m, y)
write.csv(frame, "data.csv", row.names = FALSE)
statistic <- function(rows, chosen) {
  part <- rows[chosen, ]
  first <- lm(m ~ x, part)
  second <- lm(y ~ m + x, part)
  a <- coef(first)[["x"]]
  b <- coef(second)[["m"]]
  c(a = a, b = b, ab = a * b, r2 = summary(second)$r.squared)
}
drawn <- boot(frame, statistic, R = 999)
influence <- sapply(1:4, function(k) empinf(data = frame, statistic = statistic, stype = "i", type = "jack", index = k))
write.csv(format(drawn$t, digits = 17), "draws.csv", row.names = FALSE)
rows <- list()
for (k in 1:4) for (level in c(0.9, 0.95, 0.99)) {
  percentile <- boot.ci(drawn, conf = level, type = "perc", index = k)$percent[4:5]
  bc <- boot.ci(drawn, conf = level, type = "bca", index = k, L = rep(c(-1, 1), n / 2))$bca[4:5]
  bca <- boot.ci(drawn, conf = level, type = "bca", index = k, L = influence[, k])$bca[4:5]
  rows[[length(rows) + 1]] <- data.frame(
    term = names(drawn$t0)[k], level = level, estimate = drawn$t0[[k]],
    acceleration = sum(influence[, k]^3) / (6 * sum(influence[, k]^2)^1.5),
    percentile_low = percentile[1], percentile_high = percentile[2],
    bc_low = bc[1], bc_high = bc[2], bca_low = bca[1], bca_high = bca[2]
  )
}
write.csv(format(do.call(rbind, rows), digits = 15), "intervals.csv", row.names = FALSE)
writeLines(paste("boot", packageVersion("boot"), R.version.string), "version.txt")
