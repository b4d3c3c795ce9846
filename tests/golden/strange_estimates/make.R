# Rscript make.R, in this folder: writes answers.csv and expected.json (lavaan 0.6-14).
# Ordered and incomplete data that a search over random models found servicefx wrong in, before it was put right.
suppressMessages({library(lavaan); library(jsonlite)})
holzinger <- read.csv("../sem/data/holzinger.csv")
cut_at <- function(x, shares) as.integer(cut(x, quantile(x, c(0, shares, 1)), include.lowest = TRUE))
answers <- holzinger[c("school", paste0("x", 1:9))]
for (item in paste0("x", 1:9)) answers[[item]] <- cut_at(answers[[item]], c(.25, .6, .85))
answers$z3 <- holzinger$x3
answers$z4 <- holzinger$x4
answers$age <- holzinger$ageyr
write.csv(answers, "answers.csv", row.names = FALSE, quote = FALSE)

FOUR <- "f =~ x1 + x2 + z3 + z4"
CASES <- list(
  # an equality by `==`: robust measures were those of the plain scaled test
  nonlinear_constraint = list(model = "f =~ x1 + a*x2 + b*x3\ng =~ x4 + x5 + x6\na == b^2", ordered = paste0("x", 1:6)),
  equality = list(model = "f =~ x1 + a*x2 + b*x3\ng =~ x4 + x5 + x6\na == b", ordered = paste0("x", 1:6)),
  # equal thresholds make the intercepts of numeric items equal
  thresholds_of_mixed = list(model = "f =~ x1 + x2 + x3 + z4", ordered = paste0("x", 1:3), group = "school",
                             parameterization = "theta", group_equal = "thresholds"),
  loadings_thresholds_of_mixed = list(model = "f =~ x1 + x2 + x3 + z4", ordered = paste0("x", 1:3), group = "school",
                                      parameterization = "theta", group_equal = c("loadings", "thresholds")),
  # equal residuals of latent responses
  strict_theta = list(model = "f =~ x1 + x2 + x3 + x4", ordered = paste0("x", 1:4), group = "school",
                      parameterization = "theta", group_equal = c("loadings", "thresholds", "residuals")),
  # SRMR where variances of numeric items do not fit
  equal_variances_dwls = list(model = paste0(FOUR, "\nz3 ~~ e*z3\nz4 ~~ e*z4"), ordered = c("x1", "x2"), estimator = "dwls"),
  equal_variances_wls = list(model = paste0(FOUR, "\nz3 ~~ e*z3\nz4 ~~ e*z4"), ordered = c("x1", "x2"), estimator = "wls"),
  equal_variances_given_age = list(model = paste0(FOUR, "\nf ~ age\nz3 ~~ e*z3\nz4 ~~ e*z4"), ordered = c("x1", "x2"),
                                   estimator = "wls", parameterization = "theta")
)
MEASURES <- c("chisq", "df", "npar", "cfi", "rmsea", "srmr", "chisq.scaled", "cfi.robust", "tli.robust", "rmsea.robust",
              "rmsea.ci.upper.robust")
expected <- lapply(CASES, function(case) {
  arguments <- case[setdiff(names(case), c("model", "group_equal", "estimator"))]
  if (!is.null(case$group_equal)) arguments$group.equal <- case$group_equal
  fit <- do.call("sem", c(list(model = case$model, data = answers, estimator = toupper(c(case$estimator, "wlsmv")[1]),
                               control = list(rel.tol = 1e-12), optim.force.converged = TRUE), arguments))
  distance <- lavInspect(fit, "gradient")
  if (length(fit@Model@con.jac)) distance <- qr.resid(qr(t(fit@Model@con.jac)), distance)
  cat(names(Filter(function(x) identical(x, case), CASES)), max(abs(distance)), "\n")
  stopifnot(max(abs(distance)) < 1e-6)
  table <- parameterEstimates(fit, remove.nonfree = FALSE)
  table <- table[table$op %in% c("=~", "~1", "|", "~"), ]
  labels <- if (is.null(case$group)) "" else lavInspect(fit, "group.label")
  measures <- fitMeasures(fit)
  case$ordered <- I(case$ordered)
  if (!is.null(case$group_equal)) case$group_equal <- I(case$group_equal)
  list(arguments = lapply(case, function(x) if (inherits(x, "AsIs")) unclass(x) else unbox(x)),
       parameters = data.frame(group = labels[if (is.null(table$group)) 1 else table$group],
                               table[c("lhs", "op", "rhs", "est", "se")]),
       measures = lapply(as.list(measures[intersect(MEASURES, names(measures))]), function(x) unbox(if (is.finite(x)) x else NA)))
})
# the step from equal thresholds to equal residuals of latent responses (theta): satorra.2000
one <- function(...) sem(CASES$strict_theta$model, answers, group = "school", ordered = paste0("x", 1:4),
                         parameterization = "theta", group.equal = c(...))
step <- lavTestLRT(one("loadings", "thresholds"), one("loadings", "thresholds", "residuals"))
expected$strict_step <- list(chi2_diff = unbox(step[2, "Chisq diff"]), df_diff = unbox(step[2, "Df diff"]))
write(toJSON(expected, digits = I(12), na = "null", pretty = 1), "expected.json")
