# One case: fit with lavaan, bring the gradient to zero by Newton steps, write the tables.
library(lavaan)
library(jsonlite)

# The unrestricted moments under missing data, which lavaan leaves early by default; fixed.x is stated because
# lavaan forgets its own default where start values are a fit.
TIGHT <- list(em.h1.tol = 1e-12, em.h1.iter.max = 50000)
ESTIMATORS <- c(ml = "ML", mlm = "MLM", mlr = "MLR", uls = "ULS", gls = "GLS", wls = "WLS", dwls = "DWLS",
                wlsmv = "WLSMV")

# Arguments of servicefx.sem.fit in, arguments of lavaan::sem out.
lavaan_arguments <- function(arguments) {
  renamed <- c(std_lv = "std.lv", fixed_x = "fixed.x", weights = "sampling.weights")
  out <- list(estimator = "ML", fixed.x = TRUE)
  for (name in names(arguments)) {
    value <- arguments[[name]]
    if (name == "estimator") out$estimator <- ESTIMATORS[[value]]
    else if (name == "missing") out$missing <- if (value == "fiml") "ml" else value
    else if (name == "group_equal") out$group.equal <- gsub("_", ".", value, fixed = TRUE)
    else out[[if (name %in% names(renamed)) renamed[[name]] else name]] <- value
  }
  out
}

read_case_data <- function(data) {
  path <- if (startsWith(data, "raw:")) file.path("../../../data/raw", sub("raw:", "", data))
    else if (startsWith(data, "shared:")) file.path("../../../../shared/data", sub("shared:", "", data))
    else file.path("data", data)
  read.csv(path)
}

fit_once <- function(model, frame, moments, arguments, ...) {
  source <- if (is.null(moments)) list(data = frame) else {
    covariance <- as.matrix(frame[vapply(frame, is.numeric, TRUE)])
    rownames(covariance) <- colnames(covariance)
    list(sample.cov = covariance, sample.nobs = moments)
  }
  suppressWarnings(do.call("sem", c(list(model = model), source, lavaan_arguments(arguments), TIGHT, list(...))))
}

null_space <- function(jacobian, q) {
  if (is.null(jacobian) || nrow(jacobian) == 0) return(diag(q))
  decomposition <- qr(t(jacobian))
  qr.Q(decomposition, complete = TRUE)[, -seq_len(decomposition$rank), drop = FALSE]
}

# Gradient in the directions that the equality constraints leave free.
free_gradient <- function(fit) {
  gradient <- as.numeric(lavInspect(fit, "gradient"))
  space <- null_space(fit@Model@con.jac, length(gradient))
  list(space = space, gradient = drop(crossprod(space, gradient)))
}

# How far from a stationary point that meets its constraints.
distance <- function(fit) {
  unmet <- if (length(fit@Model@con.jac)) fit@Model@ceq.function(as.numeric(coef(fit, type = "free"))) else 0
  max(abs(free_gradient(fit)$gradient), abs(unmet))
}

# A Newton step on the Lagrangian: the gradient at zero along the constraints, and the constraints met.
newton_step <- function(fit) {
  gradient <- as.numeric(lavInspect(fit, "gradient"))
  hessian <- lavInspect(fit, "hessian")
  jacobian <- fit@Model@con.jac
  if (is.null(jacobian) || nrow(jacobian) == 0) return(-solve(hessian, gradient))
  jacobian <- matrix(jacobian, ncol = length(gradient))
  constraints <- fit@Model@ceq.function
  values <- as.numeric(coef(fit, type = "free"))
  multipliers <- qr.solve(t(jacobian), gradient)
  curvature <- numDeriv::hessian(function(x) sum(multipliers * constraints(x)), values)
  m <- nrow(jacobian)
  matrix <- rbind(cbind(hessian - curvature, t(jacobian)), cbind(jacobian, base::matrix(0, m, m)))
  solve(matrix, -c(gradient - drop(crossprod(jacobian, multipliers)), constraints(values)))[seq_along(values)]
}

fit_at <- function(values, fit, model, frame, moments, arguments) {
  start <- parTable(fit)
  start$est[start$free > 0] <- values[start$free[start$free > 0]]
  fit_once(model, frame, moments, arguments, start = start, optim.method = "none", optim.force.converged = TRUE)
}

polish <- function(fit, model, frame, moments, arguments) {
  for (round in 1:8) {
    size <- distance(fit)
    if (size < 1e-12) break
    step <- try(newton_step(fit), silent = TRUE)
    if (inherits(step, "try-error")) break
    closer <- fit
    for (length in c(1, .5)) {
      # half: under missing data in several groups lavaan's second derivatives are half as large as they should be
      tried <- try(fit_at(coef(fit, type = "free") + length * step, fit, model, frame, moments, arguments), silent = TRUE)
      if (!inherits(tried, "try-error") && distance(tried) < distance(closer)) closer <- tried
      if (distance(closer) < .1 * size) break
    }
    if (distance(closer) >= size) break
    stopifnot(fitMeasures(closer, "npar") == fitMeasures(fit, "npar"), fitMeasures(closer, "df") == fitMeasures(fit, "df"))
    fit <- closer
  }
  fit
}

# lavaan's own stopping rule first; where Newton's steps fail from there, a tighter one.
CLOSE <- list(control = list(rel.tol = 1e-13, iter.max = 10000, eval.max = 20000), optim.force.converged = TRUE)
fit_closely <- function(first, ...) {
  fit <- polish(first, ...)
  if (distance(fit) < 1e-9) return(fit)
  other <- try(do.call("fit_once", c(list(...), CLOSE)), silent = TRUE)
  if (inherits(other, "try-error")) return(fit)
  other <- polish(other, ...)
  if (distance(other) < distance(fit)) other else fit
}

# lavaan fits the baseline model with the same options, and then does not always reach it: CFI and its kin then come
# from lavaan's own fit, whose chi2 is the same to ten digits.
all_measures <- function(fit, first) {
  values <- suppressWarnings(fitMeasures(fit))
  other <- suppressWarnings(fitMeasures(first))[names(values)]
  if (is.na(values["baseline.chisq"])) values[is.na(values)] <- other[is.na(values)]
  values
}

number <- function(x) ifelse(is.na(x), "", formatC(x, digits = 15, format = "g", width = 1))
write_table <- function(frame, folder, name) {
  numeric <- vapply(frame, is.double, TRUE)
  frame[numeric] <- lapply(frame[numeric], number)
  write.csv(frame, file.path(folder, name), row.names = FALSE, quote = which(!numeric))
}

group_names <- function(fit) if (lavInspect(fit, "ngroups") > 1) lavInspect(fit, "group.label") else ""
by_group <- function(fit, x) if (lavInspect(fit, "ngroups") > 1) x else list(x)

# Long form of one block list (cov, mean, th): a symmetric matrix gives its lower triangle.
long_block <- function(block, group) {
  if (!is.list(block)) block <- list(cov = block)
  rows <- NULL
  for (kind in intersect(c("cov", "mean", "th"), names(block))) {
    x <- block[[kind]]
    if (kind == "cov") {
      at <- which(lower.tri(x, diag = TRUE), arr.ind = TRUE)
      rows <- rbind(rows, data.frame(group = group, kind = kind, lhs = rownames(x)[at[, 1]], rhs = colnames(x)[at[, 2]],
                                     value = as.double(x[at])))
    } else {
      rows <- rbind(rows, data.frame(group = group, kind = kind, lhs = names(x), rhs = "", value = as.double(x)))
    }
  }
  rows
}
long_table <- function(fit, blocks) do.call(rbind, Map(long_block, by_group(fit, blocks), group_names(fit)))

parameter_table <- function(fit) {
  table <- as.data.frame(parameterEstimates(fit, standardized = TRUE, remove.nonfree = FALSE, rsquare = FALSE,
                                            remove.system.eq = FALSE, remove.eq = FALSE, remove.ineq = FALSE,
                                            remove.def = FALSE))
  parts <- parTable(fit)
  key <- function(t) paste(if (is.null(t$group)) 1 else t$group, t$lhs, t$op, t$rhs)
  solution <- as.data.frame(standardizedSolution(fit, remove.eq = FALSE, remove.def = FALSE))
  free <- parts$free[match(key(table), key(within(parts, if (is.null(table$group)) group <- 1)))]
  if (is.null(table$group)) table$group <- 1
  if (is.null(solution$group)) solution$group <- 1
  labels <- group_names(fit)
  known <- match(key(table), key(solution))
  out <- data.frame(
    group = ifelse(table$group > 0, labels[pmax(table$group, 1)], ""), lhs = table$lhs, op = table$op, rhs = table$rhs,
    label = if (is.null(table$label)) "" else table$label, free = as.integer(!is.na(free) & free > 0), est = table$est,
    se = table$se, z = table$z, pvalue = table$pvalue, std.lv = table$std.lv, std.all = solution$est.std[known],
    std.all.se = solution$se[known]
  )
  out[out$op != "==", ]
}

attempt <- function(expression) tryCatch(suppressWarnings(expression), error = function(e) NULL)

write_fit <- function(fit, first, folder, modification = FALSE, scores = FALSE) {
  write_table(parameter_table(fit), folder, "parameters.csv")
  measures <- all_measures(fit, first)
  write(toJSON(lapply(as.list(unclass(measures)), function(x) if (is.finite(x)) x else NA), digits = I(15),
               auto_unbox = TRUE, pretty = TRUE, na = "null"), file.path(folder, "measures.json"))
  r2 <- attempt(do.call(rbind, Map(function(x, g) if (length(x)) data.frame(group = g, name = names(x), r2 = as.double(x)),
                                   by_group(fit, lavInspect(fit, "rsquare")), group_names(fit))))
  if (!is.null(r2)) write_table(r2, folder, "r2.csv")
  write_table(long_table(fit, fitted(fit)), folder, "implied.csv")
  if (lavInspect(fit, "categorical") || lavInspect(fit, "options")$missing == "ml") {
    write_table(long_table(fit, lavInspect(fit, "sampstat.h1")), folder, "sampstat.csv")
  }
  for (kind in c("raw", "cor", "standardized")) {
    blocks <- attempt(residuals(fit, type = kind))
    if (!is.null(blocks)) write_table(long_table(fit, blocks), folder, sprintf("residuals_%s.csv", kind))
  }
  if (modification) {
    table <- attempt(as.data.frame(modificationIndices(fit)))
    if (is.null(table$group)) table$group <- 1
    labels <- group_names(fit)
    write_table(data.frame(group = labels[table$group], table[c("lhs", "op", "rhs", "mi", "epc")]), folder,
                "modification.csv")
  }
  if (scores) {
    out <- NULL
    for (method in c("regression", "Bartlett")) {
      blocks <- by_group(fit, attempt(lavPredict(fit, method = method)))
      for (g in seq_along(blocks)) {
        x <- head(unclass(blocks[[g]]), 20)
        row <- head(by_group(fit, lavInspect(fit, "case.idx"))[[g]], 20)
        if (length(x)) out <- rbind(out, data.frame(method = tolower(method), group = group_names(fit)[g], row = row, x))
      }
    }
    write_table(out, folder, "factor_scores.csv")
  }
}

FITS <- list()

case <- function(name, data, model, ..., moments = NULL, modification = FALSE, scores = FALSE, note = "") {
  if (length(ONLY) && !name %in% ONLY) return(invisible())
  arguments <- list(...)
  frame <- read_case_data(data)
  started <- proc.time()[[3]]
  first <- try(fit_once(model, frame, moments, arguments))
  fit <- try(fit_closely(first, model, frame, moments, arguments))
  if (inherits(fit, "try-error")) return(invisible(cat(name, "FAILED\n")))
  gradient <- distance(fit)
  dir.create(name, showWarnings = FALSE)
  boxed <- lapply(names(arguments), function(n) {
    if (n %in% c("group_equal", "ordered")) arguments[[n]] else unbox(arguments[[n]])
  })
  names(boxed) <- names(arguments)
  description <- list(data = unbox(data), n_obs_of_moments = if (is.null(moments)) NULL else unbox(moments),
                      model = unbox(model), arguments = if (length(boxed)) boxed else setNames(list(), character()),
                      gradient = unbox(signif(gradient, 2)), note = unbox(note))
  write(toJSON(description[!vapply(description, is.null, TRUE)], pretty = TRUE, digits = I(15)),
        file.path(name, "case.json"))
  write_fit(fit, first, name, modification, scores)
  FITS[[name]] <<- fit
  cat(sprintf("%-34s n %5d df %3d chisq %12.6f npar %3d gradient %.1e (%.1f s)\n", name, lavInspect(fit, "ntotal"),
              as.integer(fitMeasures(fit, "df")), fitMeasures(fit, "chisq"), as.integer(fitMeasures(fit, "npar")),
              gradient, proc.time()[[3]] - started))
}
