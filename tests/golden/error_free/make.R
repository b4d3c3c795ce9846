# Correlations and slopes of scores with item error taken out, by psych; run from this folder: Rscript make.R
library(psych)
set.seed(20260101)
n <- 400
q <- rnorm(n); s <- 0.6 * q + rnorm(n); l <- 0.5 * s + 0.2 * q + rnorm(n); age <- 0.3 * q + rnorm(n)
items <- data.frame(
  q1 = q + 0.8 * rnorm(n), q2 = 1.1 * q + 0.9 * rnorm(n), q3 = 0.9 * q + 0.7 * rnorm(n),
  s1 = s + 0.7 * rnorm(n), s2 = s + 1.0 * rnorm(n), s3 = 0.8 * s + 0.6 * rnorm(n), s4 = s + 0.9 * rnorm(n),
  l1 = l + 0.8 * rnorm(n), l2 = l + 0.9 * rnorm(n), age = age)
items <- round(items, 3)
write.csv(items, "data.csv", row.names = FALSE)
blocks <- list(q = c("q1", "q2", "q3"), s = c("s1", "s2", "s3", "s4"), l = c("l1", "l2"))
scores <- cbind(sapply(blocks, function(b) rowMeans(items[b])), age = items$age)
reliability <- c(sapply(blocks, function(b) psych::alpha(items[b], warnings = FALSE)$total$raw_alpha), age = 1)
freed <- psych::correct.cor(cor(scores), reliability)   # disattenuated above the diagonal
freed[lower.tri(freed)] <- t(freed)[lower.tri(freed)]
diag(freed) <- 1
pair <- function(m, given) psych::partial.r(m, c("q", "l"), given)[1, 2]
size <- apply(scores, 2, sd) * sqrt(reliability)
cov <- freed * outer(size, size)
slopes <- solve(cov[c("q", "s", "age"), c("q", "s", "age")], cov[c("q", "s", "age"), "l"])
out <- data.frame(
  measure = c("reliability q", "reliability s", "reliability l", "tie given s", "tie given s and age", "slope q"),
  estimate = c(reliability[1:3], pair(freed, "s"), pair(freed, c("s", "age")), slopes["q"]))
write.csv(format(out, digits = 15), "expected.csv", row.names = FALSE, quote = FALSE)
cat(R.version.string, as.character(packageVersion("psych")), "\n")
