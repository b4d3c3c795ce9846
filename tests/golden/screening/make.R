# Rscript make.R, in this folder: simulates survey.csv (seed 20260104), writes the data of three published
# examples of Little's test and all expected_*.csv. R 4 with psych and lavaan; nothing of servicefx is used.
suppressMessages({ library(psych); library(lavaan) })
options(digits = 16)
write <- function(frame, name) write.csv(frame, name, row.names = FALSE, na = "")

# A survey of 12 items in three blocks, answered 1 to 7, with careless rows and gaps that depend on an answer
set.seed(20260104)
n <- 300
factors <- matrix(rnorm(n * 3), n) %*% chol(matrix(c(1, .5, .4, .5, 1, .3, .4, .3, 1), 3))
scores <- factors[, rep(1:3, each = 4)] * .8 + matrix(rnorm(n * 12), n) * .7
survey <- pmin(pmax(round(4.6 + 1.4 * scores), 1), 7)
colnames(survey) <- paste0(rep(c("a", "b", "c"), each = 4), 1:4)
survey[1, ] <- 5                              # one answer throughout
survey[2, ] <- rep(c(2, 6, 4), each = 4)      # one answer a block
survey[3, 1:7] <- 3                           # a long run
survey[4, ] <- rep(c(1, 7), 6)                # ends in turn
survey[6, ] <- survey[5, ]                    # a copy
gap <- matrix(runif(n * 12), n) < .03
gap[, 3] <- gap[, 3] | (runif(n) < ifelse(survey[, 1] >= 5, .25, .02))
gap[1:6, ] <- FALSE
survey[gap] <- NA
survey[300, ] <- NA
survey <- as.data.frame(survey)
write(survey, "survey.csv")

# Row by row
run <- apply(survey, 1, function(x) { r <- rle(x[]); m <- r$lengths[!is.na(r$values)]; if (length(m)) max(m) else 0 })
variability <- apply(survey, 1, sd, na.rm = TRUE)
whole <- complete.cases(survey)
distance <- rep(NA, n)
distance[whole] <- outlier(survey[whole, ], plot = FALSE)
constant <- sapply(c("a", "b", "c"), function(block) apply(survey[startsWith(names(survey), block)], 1, function(x) {
  x <- x[!is.na(x)]
  if (length(x) < 3) NA else as.numeric(length(unique(x)) == 1)
}))
colnames(constant) <- paste0("constant_", colnames(constant))
write(data.frame(longest_run = run, variability, distance, constant), "expected_rows.csv")

# Item by item
shape <- describe(survey, type = 2)
write(data.frame(
  item = names(survey), n_obs = shape$n, mean = shape$mean, sd = shape$sd, skew = shape$skew,
  kurtosis = shape$kurtosis, missing_share = colMeans(is.na(survey)),
  floor_share = sapply(survey, function(x) mean(x == 1, na.rm = TRUE)),
  ceiling_share = sapply(survey, function(x) mean(x == 7, na.rm = TRUE))
), "expected_items.csv")
pattern <- apply(survey, 1, function(x) paste(names(survey)[is.na(x)], collapse = ", "))
counts <- as.data.frame(table(missing = pattern), responseName = "n_rows", stringsAsFactors = FALSE)
write(counts[order(-counts$n_rows, nchar(counts$missing), counts$missing), ], "expected_patterns.csv")

# Little (1988), eq. 5, written out on two independent sets of moments: plain EM, and lavaan's
em <- function(x) {
  gaps <- is.na(x); p <- ncol(x)
  mu <- colMeans(x, na.rm = TRUE)
  sigma <- diag(apply(x, 2, var, na.rm = TRUE))
  repeat {
    first <- rep(0, p); second <- matrix(0, p, p)
    for (i in seq_len(nrow(x))) {
      o <- !gaps[i, ]; m <- gaps[i, ]; row <- x[i, ]; spread <- matrix(0, p, p)
      if (any(m)) {
        slope <- sigma[m, o, drop = FALSE] %*% solve(sigma[o, o, drop = FALSE])
        row[m] <- mu[m] + slope %*% (row[o] - mu[o])
        spread[m, m] <- sigma[m, m] - slope %*% sigma[o, m, drop = FALSE]
      }
      first <- first + row; second <- second + tcrossprod(row) + spread
    }
    mean_new <- first / nrow(x); sigma_new <- second / nrow(x) - tcrossprod(mean_new)
    change <- max(abs(mean_new - mu) / sqrt(diag(sigma)), abs(sigma_new - sigma) / max(diag(sigma)))
    mu <- mean_new; sigma <- sigma_new
    if (change < 1e-13) return(list(mean = mu, cov = sigma))
  }
}
lavaan_moments <- function(x) {
  names <- colnames(x)
  pairs <- outer(names, names, paste, sep = " ~~ ")
  model <- c(pairs[lower.tri(pairs, TRUE)], paste(names, "~ 1"))
  fit <- suppressWarnings(lavaan(paste(model, collapse = "\n"), as.data.frame(x), missing = "ml", fixed.x = FALSE,
    em.h1.iter.max = 20000, em.h1.tol = 1e-14))
  h1 <- lavInspect(fit, "sampstat")
  list(mean = h1$mean[names], cov = h1$cov[names, names])
}
little <- function(data, name) {
  x <- as.matrix(data)
  x <- x[rowSums(!is.na(x)) > 0, ]
  key <- apply(is.na(x), 1, paste, collapse = "")
  from <- function(moments) {
    parts <- sapply(unique(key), function(k) {
      rows <- x[key == k, , drop = FALSE]; o <- !is.na(rows[1, ])
      apart <- colMeans(rows[, o, drop = FALSE]) - moments$mean[o]
      c(nrow(rows) * drop(apart %*% solve(moments$cov[o, o, drop = FALSE], apart)), sum(o))
    })
    c(sum(parts[1, ]), sum(parts[2, ]) - ncol(x), ncol(parts))
  }
  plain <- from(em(x)); other <- from(lavaan_moments(x))
  n <- nrow(x)
  data.frame(data = name, n_obs = n, n_patterns = plain[3], df = plain[2], chi2_n = plain[1],
    chi2_n_lavaan = other[1], chi2_n_1 = plain[1] * (n - 1) / n,
    p_value_n_1 = pchisq(plain[1] * (n - 1) / n, plain[2], lower.tail = FALSE))
}
set.seed(123)
three <- data.frame(x1 = rnorm(100), x2 = rnorm(100), y = rnorm(100))
three$x1[sample(1:100, 20)] <- NA
three$x2[sample(1:100, 15)] <- NA
three$y[sample(1:100, 10)] <- NA
set.seed(11)
pollution <- data.frame(light = runif(200, 16, 22), visual = runif(200, 0, 1), noise = runif(200, 30, 140),
  air = sample(0:300, 200, replace = TRUE))
pollution$noise[sample(1:200, 100)] <- NA
air <- datasets::airquality
write(three, "three.csv")
write(pollution, "pollution.csv")
write(air, "air.csv")
write(rbind(little(survey, "survey"), little(three, "three"), little(pollution, "pollution"), little(air, "air")),
  "expected_mcar.csv")
