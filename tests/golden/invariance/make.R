# Rscript make.R: ladders, score tests of equalities, partial models and latent means of lavaan and semTools.
# Their output only. numbers.csv (3 branches, 2 constructs) and answers.csv (2 channels, ordered answers) are drawn here.
source("../sem/runner.R")  # distance() from a stationary point, newton_step() towards it
suppressMessages(library(semTools))
MEASURES <- c("chisq", "df", "cfi", "rmsea", "srmr", "chisq.scaled", "cfi.scaled", "rmsea.scaled", "cfi.robust",
              "rmsea.robust")
fitted_measures <- function(fit) {
  stopifnot(distance(fit) < 1e-9)
  found <- fitMeasures(fit)
  as.list(found[intersect(MEASURES, names(found))])
}
# Gauss and Newton's step: second derivatives of ordered models are not symmetric in lavaan
gauss_step <- function(fit) {
  shares <- lavInspect(fit, "nobs") / sum(lavInspect(fit, "nobs"))
  inner <- Reduce(`+`, Map(function(D, W, share) share * t(D) %*% W %*% D, lavInspect(fit, "delta"),
                           lavInspect(fit, "WLS.V"), shares))
  along <- free_gradient(fit)
  -drop(along$space %*% solve(t(along$space) %*% inner %*% along$space, along$gradient))
}
# lavaan's search, then Newton's steps: where thresholds are equal its own stopping rule leaves chi2 too high
closely <- function(make, ...) {
  at <- function(...) suppressWarnings(make(..., optim.force.converged = TRUE))
  moved <- function(fit, step) {
    start <- parTable(fit)
    values <- coef(fit, type = "free") + step
    start$est[start$free > 0] <- values[start$free[start$free > 0]]
    at(..., start = start, optim.method = "none")
  }
  fit <- at(...)
  for (round in 1:30) {
    if (distance(fit) < 1e-11) break
    step <- if (length(lavNames(fit, "ov.ord"))) gauss_step(fit) else newton_step(fit)
    for (length in c(1, .5, .25, .1, .03)) {
      tried <- try(moved(fit, length * step), silent = TRUE)
      if (!inherits(tried, "try-error") && distance(tried) < distance(fit)) break
    }
    if (inherits(tried, "try-error") || distance(tried) >= distance(fit)) break
    fit <- tried
  }
  fit
}
score_tests <- function(fit) {
  tested <- suppressWarnings(lavTestScore(fit)$uni)
  table <- parTable(fit)
  of <- function(plabel, column) table[[column]][match(plabel, table$plabel)]
  groups <- lavInspect(fit, "group.label")
  data.frame(lhs = of(tested$rhs, "lhs"), op = of(tested$rhs, "op"), rhs = of(tested$rhs, "rhs"),
             group = groups[of(tested$rhs, "group")], index = tested$X2)
}
means_of <- function(fit) {
  table <- parameterEstimates(fit)
  latent <- lavNames(fit, "lv")
  keep <- table$op == "~1" & table$lhs %in% latent & table$se > 0
  data.frame(construct = table$lhs[keep], group = lavInspect(fit, "group.label")[table$group[keep]],
             estimate = table$est[keep], std_error = table$se[keep], p_value = table$pvalue[keep])
}
difference <- function(nested, general) {
  found <- suppressWarnings(lavTestLRT(general, nested))
  list(chi2_diff = found[2, "Chisq diff"], df_diff = found[2, "Df diff"], p_value = found[2, "Pr(>Chisq)"])
}
put <- function(name, value) write(toJSON(value, digits = NA, auto_unbox = TRUE, pretty = TRUE, na = "null"),
                                   paste0(name, ".json"))

# --- Holzinger and Swineford by school ---
EQUAL <- list(configural = character(), metric = "loadings", scalar = c("loadings", "intercepts"),
              strict = c("loadings", "intercepts", "residuals"))
HS <- "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
schools <- function(estimator, level, partial = character(), ...) {
  arguments <- list(model = HS, data = HolzingerSwineford1939, group = "school", estimator = estimator,
                    std.lv = TRUE, ...)
  if (length(EQUAL[[level]])) arguments$group.equal <- EQUAL[[level]]
  if (length(partial)) arguments$group.partial <- partial
  do.call("closely", c(list(cfa), arguments))
}
for (estimator in c("ML", "MLR")) {
  one <- schools(estimator, "scalar", "x3~1")
  two <- schools(estimator, "scalar", c("x3~1", "x7~1"))
  free <- c("x3~1", "x7~1", "x3~~x3", "x7~~x7")
  fits <- list(configural = schools(estimator, "configural"), metric = schools(estimator, "metric"),
               scalar = schools(estimator, "scalar"), "scalar less x3" = one, "partial scalar" = two,
               strict = schools(estimator, "strict", free))
  below <- c(metric = "configural", scalar = "metric", "scalar less x3" = "metric", "partial scalar" = "metric",
             strict = "partial scalar")
  equal_means <- closely(cfa, model = HS, data = HolzingerSwineford1939, group = "school", estimator = estimator, std.lv = TRUE,
                     group.equal = c("loadings", "intercepts", "means"), group.partial = c("x3~1", "x7~1"))
  # points of the items: the difference times the mean loading of the items invariant in loading and intercept
  table <- parTable(two)
  place <- function(op, lhs, rhs) table$free[table$group == 2 & table$op == op & table$lhs == lhs & table$rhs %in% rhs]
  alike <- list(visual = c("x1", "x2"), textual = c("x4", "x5", "x6"), speed = c("x8", "x9"))
  points <- do.call(rbind, lapply(names(alike), function(construct) {
    values <- coef(two, type = "free")
    at <- place("~1", construct, "")
    loadings <- place("=~", construct, alike[[construct]])
    slopes <- numeric(length(values))
    slopes[at] <- mean(values[loadings])
    slopes[loadings] <- values[at] / length(loadings)
    data.frame(construct = construct, estimate = values[[at]] * mean(values[loadings]),
               std_error = sqrt(drop(slopes %*% vcov(two, remove.duplicated = FALSE) %*% slopes)))
  }))
  put(paste0("schools_", tolower(estimator)), list(
    measures = lapply(fits, fitted_measures),
    differences = c(lapply(setNames(names(below), names(below)), function(at) difference(fits[[at]], fits[[below[[at]]]])),
                    list("x3 released" = difference(fits$scalar, one), "x7 released" = difference(one, two),
                         means = difference(equal_means, two))),
    scores = list(metric = score_tests(fits$metric), scalar = score_tests(fits$scalar), "scalar less x3" = score_tests(one)),
    means = means_of(two),
    points = points))
}

# --- three branches: one loading and two intercepts off, each in one branch ---
set.seed(20260301)
n <- c(220, 260, 300)
branch <- rep(c("a", "b", "c"), n)
f <- rnorm(sum(n)) * c(a = 1, b = 1.2, c = .9)[branch] + c(a = 0, b = .3, c = -.2)[branch]
g <- .5 * f + rnorm(sum(n)) + c(a = 0, b = 0, c = .4)[branch]
loading <- c(.9, .8, .7, .8, .9, .7, .8, .8)
numbers <- cbind(f, f, f, f, g, g, g, g) * rep(loading, each = sum(n)) + matrix(rnorm(8 * sum(n)), ncol = 8) * .7 + 4
numbers[, 2] <- numbers[, 2] + .6 * (branch == "a")
numbers[, 3] <- numbers[, 3] + .5 * f * (branch == "b")
numbers[, 7] <- numbers[, 7] + .7 * (branch == "c")
numbers <- data.frame(branch, round(numbers, 4))
names(numbers)[-1] <- paste0("y", 1:8)
write.csv(numbers, "numbers.csv", row.names = FALSE, quote = FALSE)
BRANCHES <- "f =~ y1 + y2 + y3 + y4\ng =~ y5 + y6 + y7 + y8"
branches <- function(order, equal) closely(cfa, model = BRANCHES, data = numbers[order(match(numbers$branch, order)), ], group = "branch",
                                       group.equal = equal, std.lv = TRUE)
# the first group has no score test of its own in lavaan: the third is made first, and tells that of the old first
three <- list()
for (level in c("metric", "scalar")) {
  here <- score_tests(branches(c("a", "b", "c"), EQUAL[[level]]))
  turned <- score_tests(branches(c("c", "b", "a"), EQUAL[[level]]))
  # a loading whose intercept is equal depends on which group has mean 0: only tests that do not are kept
  three[[level]] <- rbind(here, subset(turned, group == "a" & (level == "metric" | op == "~1")))
}
put("branches", three)

# --- ordered answers in two channels: five answers (b), three (t) and two (d) ---
set.seed(20260302)
n <- c(450, 550)
channel <- rep(c("shop", "online"), n)
f <- rnorm(sum(n)) * ifelse(channel == "shop", 1, 1.15) + ifelse(channel == "shop", 0, .35)
g <- .5 * f + rnorm(sum(n))
cut_at <- function(x, at) as.integer(cut(x, c(-Inf, at, Inf)))
latent <- cbind(f, f, f, f, g, g, g, g) * rep(c(.9, .8, .7, .9, .8, .9, .7, .8), each = sum(n)) +
  matrix(rnorm(8 * sum(n)), ncol = 8) * .7
latent[, 6] <- latent[, 6] + .6 * (channel == "online")
FIVE <- c(-1.4, -.5, .4, 1.3)
answers <- data.frame(channel)
for (j in 1:8) answers[[paste0("b", j)]] <- cut_at(latent[, j], FIVE)
shifted <- cut_at(latent[, 3], c(-1.4, .3, .5, 2.2))
answers$b3[channel == "online"] <- shifted[channel == "online"]
for (j in 1:8) answers[[paste0("t", j)]] <- cut_at(latent[, j], c(-.6, .7))
for (j in 1:8) answers[[paste0("d", j)]] <- cut_at(latent[, j], c(-.7, .2, .9, -.1, .6, .1, -.8, .4)[j])
write.csv(answers, "answers.csv", row.names = FALSE, quote = FALSE)
ordered_fit <- function(...) lavaan::lavaan(..., data = answers, group = "channel", estimator = "WLSMV",
                                              parameterization = "theta")
# theta: lavaan's search fails from its own start under delta; chi2, means and score tests are the same
wu <- function(items, equal) {
  model <- paste0("f =~ ", paste(items[1:4], collapse = " + "), "\ng =~ ", paste(items[5:8], collapse = " + "))
  arguments <- list(configural.model = model, data = answers, ordered = items, parameterization = "theta",
                    ID.fac = "std.lv", ID.cat = "Wu.Estabrook.2016", group = "channel", return.fit = FALSE)
  if (length(equal)) arguments$group.equal <- equal
  text <- as.character(do.call("measEq.syntax", arguments))
  closely(ordered_fit, model = text, ordered = items)
}
STEPS <- list(configural = character(), threshold = "thresholds", metric = c("thresholds", "loadings"),
              scalar = c("thresholds", "loadings", "intercepts"))
ordinal <- function(items) {
  fits <- lapply(STEPS, function(equal) wu(items, equal))
  steps <- names(STEPS)[-1]
  list(measures = lapply(fits, fitted_measures),
       differences = lapply(setNames(seq_along(steps), steps), function(at)
         tryCatch(difference(fits[[at + 1]], fits[[at]]), error = function(e) list(error = conditionMessage(e)))),
       means = means_of(fits$scalar), scores = lapply(fits[c("metric")], score_tests))
}
# an item given up in the second group from its thresholds on: nothing of it is equal, its metric fixed as in the first
without <- function(text, item) {
  text <- gsub(paste0("(", item, ") \\| c\\(NA, NA\\)\\*(t[0-9]) \\+ [^\n]*"), "\\1 | c(NA, NA)*\\2", text)
  text <- gsub(paste0("\\*", item, " \\+ c\\(lambda[^\n]*"), paste0("*", item), text)
  text <- gsub(paste0("\n", item, " ~ [^\n]*"), paste0("\n", item, " ~ c(0, 0)*1"), text)
  gsub(paste0("\n", item, " ~~ [^\n]*"), paste0("\n", item, " ~~ c(1, 1)*", item), text)
}
partly <- function(items, equal, change) {
  model <- paste0("f =~ ", paste(items[1:4], collapse = " + "), "\ng =~ ", paste(items[5:8], collapse = " + "))
  text <- as.character(measEq.syntax(model, answers, ordered = items, parameterization = "theta", ID.fac = "std.lv",
    ID.cat = "Wu.Estabrook.2016", group = "channel", group.equal = equal))
  closely(ordered_fit, model = change(text), ordered = items)
}
FIVES <- paste0("b", 1:8)
five <- ordinal(FIVES)
intercept <- function(text) gsub("\nb6 ~ [^\n]*", "\nb6 ~ c(0, NA)*1", without(text, "b3"))
partial <- list(threshold = partly(FIVES, STEPS$threshold, function(text) without(text, "b3")),
                metric = partly(FIVES, STEPS$metric, function(text) without(text, "b3")),
                scalar = partly(FIVES, STEPS$scalar, function(text) without(text, "b3")),
                "scalar less b6" = partly(FIVES, STEPS$scalar, intercept))
five$partial <- lapply(partial, fitted_measures)
five$partial_differences <- list(threshold = difference(partial$threshold, wu(FIVES, character())),
  metric = difference(partial$metric, partial$threshold), scalar = difference(partial$scalar, partial$metric),
  "scalar less b6" = difference(partial[["scalar less b6"]], partial$metric),
  "b6 released" = difference(partial$scalar, partial[["scalar less b6"]]))
five$partial_means <- means_of(partial[["scalar less b6"]])
put("ordinal_five", five)
put("ordinal_three", ordinal(paste0("t", 1:8)))
TWOS <- paste0("d", 1:8)
fits <- list(configural = wu(TWOS, character()), scalar = wu(TWOS, STEPS$scalar))
put("ordinal_two", list(measures = lapply(fits, fitted_measures), means = means_of(fits$scalar),
                        differences = list(scalar = difference(fits$scalar, fits$configural))))
writeLines(c(R.version.string, paste("lavaan", packageVersion("lavaan")), paste("semTools", packageVersion("semTools"))),
           "version.txt")
