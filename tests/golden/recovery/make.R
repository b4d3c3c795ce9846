# Golden values of selection models: data drawn here, gretl's heckit run on them, glm and lm for the rest.
# Rscript make.R (in this folder). R 4.2.2, sandwich; gretl 2022c (gretlcli) is run by this script.
library(sandwich)
suppressWarnings(RNGversion("4.0.0")); set.seed(11)
n <- 500
outlet <- sample(1:25, n, TRUE)
x <- round(rnorm(n, 4, 1), 2); z <- round(rnorm(n), 2); v <- as.numeric(runif(n) < .5)
e <- rnorm(n); u <- 0.5 * e + sqrt(.75) * rnorm(n)
h <- round(pmin(pmax(4.5 + 0.3 * (x - 4) + rnorm(n), 1), 7), 2)
failed <- as.numeric(runif(n) < plogis(0.8 - 0.3 * (x - 4)))
complained <- as.numeric(0.1 + 0.4 * (x - 4) + 0.7 * z + 0.3 * v + u > 0)
y <- round(2 + 0.35 * h + 0.5 * x - 0.6 * failed + 0.9 * e + rnorm(25, 0, .2)[outlet], 3)
weight <- round(runif(n, .5, 2), 2)
d <- data.frame(y, h = ifelse(complained == 1, h, NA), x, z, v, failed, complained, outlet, weight)
write.csv(d, "data.csv", row.names = FALSE, na = "")
out <- list()
put <- function(case, name, value) out[[length(out) + 1]] <<- data.frame(case, name, value)
coefs <- function(case, b, V, names) for (i in seq_along(b)) {
  put(case, names[i], b[i]); put(case, paste("error", names[i]), sqrt(V[i, i]))
}

# gretl: everybody; terms h x, selection by x z v; and without an exclusion restriction (x only)
flat <- d; flat$h[is.na(flat$h)] <- 0
write.csv(flat, "flat.csv", row.names = FALSE)
writeLines(c('set messages off', 'open flat.csv --quiet',
  'function void show (const string case, const bundle b)',
  '  matrix c = b["coeff"]', '  matrix s = b["stderr"]',
  '  loop i=1..rows(c) --quiet', '    printf "GRETL,%s,%d,%.12g,%.12g\\n", case, i, c[i], s[i]', '  endloop',
  'end function',
  'heckit y const h x ; complained const x z v --two-step --quiet',
  'bundle b = $model', 'show("two_step", b)', 'printf "GRETL,two_step sigma rho lambda,0,%.12g,%.12g\\n", $sigma, $rho',
  'heckit y const h x ; complained const x z v --quiet',
  'bundle b = $model', 'show("maximum_likelihood", b)', 'printf "GRETL,maximum_likelihood logl,0,%.12g,0\\n", $lnl',
  'printf "GRETL,maximum_likelihood sigma rho,0,%.12g,%.12g\\n", $sigma, $rho',
  'heckit y const h x ; complained const x z v --robust --quiet',
  'bundle b = $model', 'show("robust", b)',
  'heckit y const h x ; complained const x z v --cluster=outlet --quiet',
  'bundle b = $model', 'show("cluster", b)',
  'heckit y const h x ; complained const x --two-step --quiet',
  'bundle b = $model', 'show("two_step without exclusion", b)'), "recovery_selection.inp")
gretl <- system2("gretlcli", c("-b", "recovery_selection.inp"), stdout = TRUE)
rows <- do.call(rbind, strsplit(sub("^.*GRETL,", "", grep("GRETL,", gretl, value = TRUE)), ","))
rows <- rows[!grepl("%", rows[, 3]), , drop = FALSE]
number <- function(row, at) as.numeric(row[at])
wanted <- list("two_step" = c("constant", "h", "x", "mills", "s constant", "s x", "s z", "s v"),
  "two_step without exclusion" = c("constant", "h", "x", "mills", "s constant", "s x"))
for (case in c("maximum_likelihood", "robust", "cluster")) wanted[[case]] <- wanted[["two_step"]]
for (k in seq_len(nrow(rows))) {
  row <- rows[k, ]
  if (row[1] %in% names(wanted)) {
    name <- wanted[[row[1]]][number(row, 2)]
    put(row[1], name, number(row, 3)); put(row[1], paste("error", name), number(row, 4))
  } else {
    case <- sub(" .*", "", row[1])
    if (grepl("logl", row[1])) put(case, "logl", number(row, 3))
    else { put(case, "sigma", number(row, 3)); put(case, "rho", number(row, 4)) }
  }
}

# two steps with errors robust and clustered: stacked moments, differentiated numerically (Newey 1984)
library(numDeriv)
s <- d$complained == 1; W <- cbind(d$x, d$z, d$v, 1)
moments <- function(theta) {
  g <- theta[1:4]; b <- theta[5:8]; a <- drop(W %*% g); q <- 2 * s - 1
  first <- W * (q * dnorm(a) / pnorm(q * a)); second <- matrix(0, n, 4)
  Z <- cbind(d$h, d$x, 1, dnorm(a) / pnorm(a))[s, ]
  second[s, ] <- Z * drop(d$y[s] - Z %*% b)
  cbind(first, second)
}
probit <- glm(complained ~ x + z + v, binomial("probit"), d, control = list(epsilon = 1e-14, maxit = 100))
g <- coef(probit)[c("x", "z", "v", "(Intercept)")]
mills <- dnorm(drop(W %*% g)) / pnorm(drop(W %*% g))
second <- lm(y ~ h + x + mills, cbind(d, mills), subset = complained == 1)
theta <- c(g, coef(second)[c("h", "x", "(Intercept)", "mills")])
A <- jacobian(function(t) colSums(moments(t)), theta)
m <- moments(theta)
for (case in c("hc0", "clustered")) {
  M <- if (case == "hc0") crossprod(m) else 25 / 24 * crossprod(rowsum(m, d$outlet))
  V <- solve(A) %*% M %*% t(solve(A))
  coefs(paste("two_step", case), theta[5:8], V[5:8, 5:8], c("h", "x", "constant", "mills"))
}
put("two_step", "t of the ratio", summary(second)$coefficients["mills", "t value"])
put("two_step", "inflation", 1 / (1 - summary(lm(mills ~ h + x, cbind(d, mills), subset = complained == 1))$r.squared))
flatline <- lm(y ~ h + x, d, subset = complained == 1)
put("maximum_likelihood", "logl of independent equations", as.numeric(logLik(probit)) + as.numeric(logLik(flatline)))

# complainers: lm with HC3, clusters, weights; failure held
among <- subset(d, complained == 1)
fit <- lm(y ~ h + x + failed, among)
coefs("complainers hc3", coef(fit)[1:2], vcovHC(fit, "HC3")[1:2, 1:2], c("constant", "h"))
coefs("complainers cluster", coef(fit)[1:2], vcovCL(fit, among$outlet, type = "HC1")[1:2, 1:2], c("constant", "h"))
put("complainers weighted", "h", coef(lm(y ~ h + x + failed, among, weights = weight))["h"])

# weights: logit among those a failure hit, stabilised, cut back at the type-1 quantile, weighted least squares
hit <- subset(d, failed == 1)
for (case in c("plain", "survey")) {
  base <- if (case == "plain") rep(1, nrow(hit)) else hit$weight
  logit <- suppressWarnings(glm(complained ~ x + z + v, binomial, hit, weights = base / mean(base),
    control = list(epsilon = 1e-14, maxit = 100)))
  told <- hit$complained == 1; p <- fitted(logit)
  raw <- (sum(base * told) / sum(base) / p)[told]
  for (trim in c(1, .9)) {
    w <- pmin(raw, quantile(raw, trim, type = 1)) * base[told]
    name <- paste("weighted", case, trim)
    put(name, "h", coef(lm(y ~ h + x, hit[told, ], weights = w))["h"])
    put(name, "effective", sum(w)^2 / sum(w^2)); put(name, "cut", sum(raw > quantile(raw, trim, type = 1)))
    target <- weighted.mean(hit$z, base); spread <- sqrt(weighted.mean((hit$z - target)^2, base))
    put(name, "before z", (weighted.mean(hit$z[told], base[told]) - target) / spread)
    put(name, "after z", (weighted.mean(hit$z[told], w) - target) / spread)
  }
  put(paste("weighted", case), "logit z", coef(logit)["z"])
  put(paste("weighted", case), "lowest", min(p)); put(paste("weighted", case), "highest", max(p))
}

# who complained, among those hit
gap <- lm(y ~ complained, hit)
put("who", "difference", coef(gap)[2]); put("who", "error", sqrt(vcovHC(gap, "HC3")[2, 2]))

# bounds: scale -2 to 16, Imbens and Manski's interval
ends <- sapply(c(-2, 16), function(e) ifelse(hit$complained == 1, hit$y, e))
place <- colMeans(ends); error <- apply(ends, 2, function(v) sqrt(mean((v - mean(v))^2) / (length(v) - 1)))
put("bounds", "low", place[1]); put("bounds", "high", place[2])
put("bounds", "error low", error[1]); put("bounds", "error high", error[2])
f <- function(c) pnorm(c + diff(place) / max(error)) - pnorm(-c) - .95
crit <- uniroot(f, c(0, 4), tol = 1e-13)$root
put("bounds", "conf_low", place[1] - crit * error[1]); put("bounds", "conf_high", place[2] + crit * error[2])

# paradox: complainers hit, against people neither hit nor complaining; scale 1 to 7, cut 5.5
d$calm <- d$failed == 0 & d$complained == 0; d$back <- d$failed == 1 & d$complained == 1
both <- subset(d, calm | back); both$c <- as.numeric(both$back); both$hc <- ifelse(both$back, both$h - 4, 0)
both$band <- factor(ifelse(both$calm, "none", ifelse(both$h < 4, "poor", ifelse(both$h < 5.5, "fair", "excellent"))),
  levels = c("none", "poor", "fair", "excellent"))
bands <- lm(y ~ band + x, both); raw <- lm(y ~ band, both)
for (b in c("poor", "fair", "excellent")) {
  put("bands", b, coef(bands)[paste0("band", b)])
  put("bands", paste("error", b), sqrt(vcovHC(bands, "HC3")[paste0("band", b), paste0("band", b)]))
  put("bands", paste("raw", b), coef(raw)[paste0("band", b)])
  put("bands", paste("mean", b), mean(both$y[both$band == b]))
}
line <- lm(y ~ c + hc + x, both); V <- vcovHC(line, "HC3"); q <- qt(.975, line$df.residual)
put("line", "at", coef(line)["c"]); put("line", "slope", coef(line)["hc"])
put("line", "reach", 4 - coef(line)["c"] / coef(line)["hc"])
at <- function(k) coef(line)["c"] + coef(line)["hc"] * k
tq <- function(k) at(k)^2 - q^2 * (V["c", "c"] + 2 * k * V["c", "hc"] + k^2 * V["hc", "hc"])
zero <- -coef(line)["c"] / coef(line)["hc"]
put("line", "reach low", 4 + uniroot(tq, c(zero - 20, zero), tol = 1e-13)$root)
put("line", "reach high", 4 + uniroot(tq, c(zero, zero + 20), tol = 1e-13)$root)

# buffer: failure times v, x held, clustered
buffer <- lm(y ~ failed * z + x, d); V <- vcovCL(buffer, d$outlet, type = "HC1")
put("buffer", "product", coef(buffer)["failed:z"]); put("buffer", "error", sqrt(V["failed:z", "failed:z"]))
put("buffer", "slope at 1", coef(buffer)["failed"] + coef(buffer)["failed:z"])

out <- do.call(rbind, out); out$value <- sprintf("%.15g", out$value)
write.csv(out, "expected.csv", row.names = FALSE, quote = FALSE)
unlink(c("flat.csv", "recovery_selection.inp"))
