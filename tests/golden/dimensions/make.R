# Rscript make.R, in this folder: draws data.csv and writes every other csv here. Nothing of servicefx is used.
suppressMessages({library(psych); library(GPArotation); library(lavaan)})
options(digits = 15)
set.seed(20261122)

# twelve answers of 1-5 to three correlated factors, with crossed loadings and skewed answers
n <- 400
phi <- matrix(c(1, .4, .2, .4, 1, .3, .2, .3, 1), 3)
truth <- matrix(0, 12, 3)
truth[cbind(1:12, rep(1:3, each = 4))] <- c(.8, .7, .65, .6, .75, .7, .6, .55, .85, .7, .6, .5)
truth[4, 2] <- .25
truth[8, 3] <- .3
latent <- matrix(rnorm(n * 3), n) %*% chol(phi)
y <- latent %*% t(truth) + matrix(rnorm(n * 12), n) %*% diag(sqrt(1 - diag(truth %*% phi %*% t(truth))))
cuts <- rbind(c(-1.6, -.9, 0, .9), c(-1.9, -1.3, -.6, .3))
x <- sapply(1:12, function(j) findInterval(y[, j], cuts[1 + j %% 2, ]) + 1)
colnames(x) <- paste0("i", 1:12)
x <- as.data.frame(x)
write.csv(x, "data.csv", row.names = FALSE)
R <- cor(x)

# adequacy, minimum average partial (psych: squares, from one component on; both powers by their formula)
kmo <- KMO(R)
bartlett <- cortest.bartlett(R, n = n)
write.csv(data.frame(
  measure = c("kmo", paste0("kmo_", names(x)), "chi2", "df", "p_value"),
  value = c(kmo$MSA, kmo$MSAi, bartlett$chisq, bartlett$df, bartlett$p.value)
), "adequacy.csv", row.names = FALSE)
psych_map <- suppressWarnings(vss(R, n = 11, n.obs = n, fm = "pc", plot = FALSE))$map
e <- eigen(R)
averages <- t(sapply(0:11, function(m) {
  A <- e$vectors[, seq_len(m), drop = FALSE] %*% diag(sqrt(e$values[seq_len(m)]), m)
  C <- if (m == 0) R else cov2cor(R - A %*% t(A))
  r <- C[lower.tri(C)]
  c(mean(r^2), mean(r^4))
}))
write.csv(data.frame(n_components = 0:11, psych = c(NA, psych_map), average_squared = averages[, 1],
                     average_fourth = averages[, 2]), "map.csv", row.names = FALSE)

# parallel analysis: psych simulates normal items and shuffles the real ones in one run
draws <- 4000
run <- function(...) suppressWarnings(suppressMessages({
  utils::capture.output(found <- fa.parallel(x, quant = .95, plot = FALSE, ...))
  found
}))
pieces <- function(found, kind) {
  v <- found$values
  label <- function(prefix) {
    columns <- grep(paste0("^", prefix), colnames(v))
    data.frame(mean = colMeans(v[, columns]), quantile = apply(v[, columns], 2, quantile, .95))
  }
  if (kind == "components") {
    own <- found$pc.values; sim <- label("C[0-9]"); mixed <- label("CSim")
  } else {
    own <- found$fa.values; sim <- label("F[0-9]"); mixed <- label("Fsim")
  }
  list(own = own, first = sim, second = mixed)
}
plain <- run(n.iter = draws, fa = "both", SMC = TRUE)
print(unique(gsub("[0-9]+$", "", colnames(plain$values))))
parallel <- NULL
for (kind in c("components", "factors")) {
  p <- pieces(plain, kind)
  parallel <- rbind(parallel, data.frame(kind = kind, component = 1:12, eigenvalue = p$own,
    shuffled_mean = p$first$mean, shuffled_quantile = p$first$quantile,
    normal_mean = p$second$mean, normal_quantile = p$second$quantile))
}
write.csv(parallel, "parallel.csv", row.names = FALSE)
write.csv(data.frame(measure = c("components", "factors"), value = c(plain$ncomp, plain$nfact)),
          "parallel_retained.csv", row.names = FALSE)
poly <- suppressWarnings(polychoric(x, correct = 0, global = FALSE))$rho
loose <- lavCor(x, ordered = names(x))
latent_run <- run(n.iter = 100, fa = "pc", cor = "poly", correct = 0)
shuffled <- latent_run$values[, grep("^CSim", colnames(latent_run$values)), drop = FALSE]
if (!ncol(shuffled)) shuffled <- latent_run$values
write.csv(data.frame(component = 1:12, psych = eigen(poly)$values, lavaan = eigen(unclass(loose))$values,
                     fa_parallel = latent_run$pc.values), "parallel_latent.csv", row.names = FALSE)
print(colnames(latent_run$values)); print(latent_run$ncomp)

# exploratory factors: largest sum of squares first, loadings that sum to more than zero
arrange <- function(L, Phi = diag(ncol(L))) {
  L <- unclass(L)
  order <- order(-diag(Phi %*% t(L) %*% L))
  L <- L[, order, drop = FALSE]; Phi <- Phi[order, order, drop = FALSE]
  s <- sign(colSums(L))
  list(L = L %*% diag(s, length(s)), Phi = diag(s, length(s)) %*% Phi %*% diag(s, length(s)))
}
loadings <- correlations <- NULL
add <- function(method, rotation, kaiser, found) {
  m <- ncol(found$L)
  loadings <<- rbind(loadings, data.frame(method, rotation, kaiser, item = rep(names(x), each = m),
    factor = rep(1:m, 12), loading = as.vector(t(found$L))))
  correlations <<- rbind(correlations, data.frame(method, rotation, kaiser,
    factor = c(1, 1, 2), other = c(2, 3, 3), estimate = found$Phi[cbind(c(1, 1, 2), c(2, 3, 3))]))
}
ml <- factanal(covmat = R, factors = 3, n.obs = n, rotation = "none",
               control = list(opt = list(factr = 1, maxit = 10000, pgtol = 0)))
minres <- fa(R, 3, n.obs = n, fm = "minres", rotate = "none")
pa <- fa(R, 3, n.obs = n, fm = "pa", rotate = "none", min.err = 1e-10, max.iter = 500)
A <- unclass(ml$loadings)
add("ml", "none", FALSE, arrange(A))
add("minres", "none", FALSE, arrange(minres$loadings))
add("principal_axis", "none", FALSE, arrange(pa$loadings))
for (kaiser in c(TRUE, FALSE)) {
  v <- varimax(A, normalize = kaiser, eps = 1e-15)
  add("ml", "varimax", kaiser, arrange(v$loadings))
  # R's promax always normalises its own varimax: after another one its formula (Hendrickson & White 1964) is
  # applied here, and held to R's where both can be had
  L <- unclass(v$loadings)
  U <- qr.solve(L, L * abs(L)^3)
  U <- U %*% diag(sqrt(diag(solve(t(U) %*% U))))
  q <- list(loadings = L %*% U)
  if (kaiser) stopifnot(max(abs(q$loadings - unclass(promax(v$loadings, m = 4)$loadings))) < 1e-6)
  add("ml", "promax", kaiser, arrange(q$loadings, solve(t(U) %*% U)))
  for (gamma in c(0, -.5)) {
    o <- oblimin(A, gam = gamma, normalize = kaiser, eps = 1e-7, maxit = 5000)
    add("ml", if (gamma == 0) "oblimin" else "oblimin_half", kaiser, arrange(o$loadings, o$Phi))
  }
  o <- quartimin(A, normalize = kaiser, eps = 1e-7, maxit = 5000)
  add("ml", "quartimin", kaiser, arrange(o$loadings, o$Phi))
}
write.csv(loadings, "loadings.csv", row.names = FALSE)
write.csv(correlations, "factor_correlations.csv", row.names = FALSE)

# fit: factanal (Bartlett's correction), and lavaan's exploratory model (without)
fitted <- efa(x, nfactors = 3, rotation = "none", output = "lavaan")
wanted <- fitMeasures(fitted, c("chisq", "df", "rmsea", "rmsea.ci.lower", "rmsea.ci.upper", "srmr"))
write.csv(data.frame(
  measure = c("chi2", "df", "p_value", "chi2_uncorrected", "rmsea", "rmsea_low", "rmsea_high", "srmr"),
  value = c(ml$STATISTIC, ml$dof, ml$PVAL, wanted[1], wanted[3:6])
), "fit.csv", row.names = FALSE)
one <- factanal(covmat = R, factors = 1, n.obs = n, control = list(opt = list(factr = 1, pgtol = 0)))
write.csv(data.frame(measure = c("component", "ml_factor"),
                     value = c(e$values[1] / 12, sum(one$loadings^2) / 12)), "single_factor.csv", row.names = FALSE)
