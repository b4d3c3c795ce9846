# Rscript make.R, in this folder: draws data.csv and writes every other csv here with lavaan. Nothing of
# servicefx is used; the models are written out as Williams, Hartman & Cavazotte (2010) state them.
suppressMessages(library(lavaan))
options(digits = 15)
set.seed(20261123)

# three constructs of three items, a common method in every item, and a marker that shares it
n <- 500
phi <- matrix(c(1, .5, .3, .5, 1, .4, .3, .4, 1), 3)
own <- c(.9, .7, .5, .8, .6, .9, .55, .85, .7)
f <- matrix(rnorm(n * 3), n) %*% chol(phi)
method <- rnorm(n)
x <- sapply(1:9, function(j) own[j] * f[, (j + 2) %/% 3] + .45 * method + rnorm(n, sd = .6))
trait <- rnorm(n)
m <- sapply(1:3, function(j) c(.8, .7, .6)[j] * (.7 * method + .714 * trait) + rnorm(n, sd = .6))
data <- round(data.frame(x, m), 6)
names(data) <- c(paste0("x", 1:9), paste0("m", 1:3))
write.csv(data, "data.csv", row.names = FALSE)
items <- names(data)[1:9]
marks <- names(data)[10:12]

tight <- list(rel.tol = 1e-15, x.tol = 1e-15, iter.max = 100000, eval.max = 100000)
fit <- function(...) suppressWarnings(cfa(paste(..., sep = "\n"), data, std.lv = TRUE, control = tight,
                                          optim.force.converged = TRUE))
text <- "A =~ x1 + x2 + x3\nB =~ x4 + x5 + x6\nC =~ x7 + x8 + x9"
line <- function(factor, terms) paste(factor, "=~", paste(terms, collapse = " + "))
apart <- "M ~~ 0*A + 0*B + 0*C"
models <- list(
  constructs = fit(text),
  equal = fit(text, line("M", paste0("1*", items)), "M ~~ NA*M", apart),
  free = fit(text, line("M", items), apart),
  cfa = fit(text, line("M", marks))
)
e <- parameterEstimates(models$cfa)
value <- function(l, o, r) sprintf("%.17g", e$est[e$lhs == l & e$op == o & e$rhs == r])
held <- paste(c(line("M", paste0(sapply(marks, function(i) value("M", "=~", i)), "*", marks)),
  sapply(marks, function(i) paste0(i, " ~~ ", value(i, "~~", i), "*", i)), apart), collapse = "\n")
models$baseline <- fit(text, held)
models$method_c <- fit(text, held, line("M", paste0("k*", items)))
models$method_u <- fit(text, held, line("M", items))
b <- parameterEstimates(models$baseline)
pairs <- list(c("A", "B"), c("A", "C"), c("B", "C"))
same <- paste(sapply(pairs, function(p) sprintf("%s ~~ %.17g*%s", p[1], b$est[b$lhs == p[1] & b$op == "~~" &
  b$rhs == p[2]], p[2])), collapse = "\n")
unequal <- anova(models$method_c, models$method_u)[2, "Pr(>Chisq)"] < .05
chosen <- if (unequal) "method_u" else "method_c"
models$method_r <- fit(text, held, line("M", if (unequal) items else paste0("k*", items)), same)

fits <- do.call(rbind, lapply(names(models), function(name) {
  v <- fitMeasures(models[[name]], c("chisq", "df", "cfi", "rmsea", "srmr"))
  data.frame(model = name, chi2 = v[[1]], df = v[[2]], cfi = v[[3]], rmsea = v[[4]], srmr = v[[5]])
}))
test <- function(one, against) {
  found <- anova(models[[one]], models[[against]])
  data.frame(model = one, against = against, chi2_diff = found[2, "Chisq diff"], df_diff = found[2, "Df diff"],
             p_value = found[2, "Pr(>Chisq)"])
}
tests <- rbind(test("equal", "constructs"), test("free", "constructs"), test("method_c", "baseline"),
               test("method_u", "method_c"), test("method_r", chosen))
write.csv(merge(fits, tests, all.x = TRUE, sort = FALSE), "models.csv", row.names = FALSE)
parameters <- do.call(rbind, lapply(names(models), function(name) {
  s <- standardizedSolution(models[[name]])
  data.frame(model = name, s[c("lhs", "op", "rhs", "est.std")])
}))
write.csv(parameters[parameters$op == "=~" | parameters$lhs != parameters$rhs, ], "standardised.csv",
          row.names = FALSE)
p <- parameterEstimates(models$equal)
v <- p[p$lhs == "M" & p$op == "~~" & p$rhs == "M", c("est", "se", "ci.lower", "ci.upper")]
write.csv(v, "method_variance.csv", row.names = FALSE)

# marker variable by its formulas, and full collinearity by regression, of the mean scores
s <- data.frame(A = rowMeans(data[1:3]), B = rowMeans(data[4:6]), C = rowMeans(data[7:9]), M = rowMeans(data[10:12]))
rm <- min(cor(s)[4, 1:3])
lw <- do.call(rbind, lapply(pairs, function(p) {
  r <- cor(s[[p[1]]], s[[p[2]]]); a <- (r - rm) / (1 - rm); t <- a / sqrt((1 - a^2) / (n - 3))
  data.frame(construct = p[1], other = p[2], estimate = r, adjusted = a, statistic = t, p_value = 2 * pt(-abs(t), n - 3))
}))
write.csv(lw, "marker.csv", row.names = FALSE)
vif <- sapply(names(s), function(j) 1 / (1 - summary(lm(reformulate(setdiff(names(s), j), j), s))$r.squared))
write.csv(data.frame(construct = names(s), estimate = vif), "collinearity.csv", row.names = FALSE)
