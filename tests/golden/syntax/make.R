# Tables that lavaan makes of model text, before any default is added. Rscript make.R, in this folder.
suppressMessages(library(lavaan))
one_group <- c(
  loadings = "f =~ x1 + x2 + x3",
  two_constructs = "f =~ x1 + x2\ng =~ y1 + y2\nf ~~ g",
  second_order = "f =~ x1 + x2; g =~ y1 + y2; top =~ f + g; y1 ~~ x1",
  composite = "f <~ a + b; y ~ f; y ~ c",
  several_left = "f + g =~ x1 + x2",
  several_left_covariance = "a + b ~~ 0*c",
  path = "y ~ m + x\nm ~ x",
  path_mixed = "x ~~ z; y ~ x + w; v ~ 1; q | t1; a ~~ b; c ~~ d; e ~ 1",
  fixed = "f =~ 1*x1 + 0.5*x2 + .5*x3 + -2*x4 + 1e-3*x5 + 1E2*x6 + 3.*x7",
  fixed_signs = "f =~ x1 + +0.5*x2 + --2*x3 + -.5*x4",
  fixed_arithmetic = "f =~ 1/2*x1 + 2*3*x2 + (1/2)*x3 + sqrt(2)*x4 + -1/2*x5 + 2^2*x6",
  fixed_functions = "f =~ exp(1)*x1 + log(2)*x2 + abs(-2)*x3 + 2*(3+4)*x4 + -2^2*x5 + 2^3^2*x6 + 2**3*x7",
  freed = "f =~ NA*x1 + x2\nf ~~ 1*f",
  starts = "f =~ x1 + start(0.8)*x2 + start(-.5)*x3\nf ~~ start(1/2)*f",
  labels = "f =~ a*x1 + b.2*x2 + c_3*x3\ny ~ beta*f",
  labels_quoted = "f =~ x1 + \"b\"*x2 + 'l'*x3",
  labels_by_function = "f =~ x1 + label(\"b\")*x2 + label('l')*x3",
  labels_equal = "f =~ x1 + a*x2 + a*x3",
  labels_like_functions = "y ~ c*x + start*z + label*w",
  labels_odd = "f =~ x1 + T*x2 + pi*x3",
  twice = "f =~ x1 + x2 + start(0.5)*x2 + a*x2",
  twice_freed = "f =~ NA*x1 + start(.5)*x1 + l1*x1 + x2",
  twice_fixed_label = "f =~ x1 + 0.5*x2 + a*x2",
  intercept = "y ~ 1",
  intercept_fixed = "y ~ 0*1",
  intercept_one = "y ~ 1*1",
  intercept_label = "y ~ a*1",
  intercept_start = "y ~ start(2)*1",
  intercept_and_terms = "y ~ 1 + x + b*z",
  intercept_zero = "y ~ 0 + x",
  intercepts = "x1 + x2 ~ 1\nx3 ~ 1.0",
  intercept_twice = "y ~ 1 + 0*1",
  thresholds = "u1 | t1 + t2",
  thresholds_fixed = "u1 | 0.3*t1 + a*t2\nu2 | start(1)*t1",
  thresholds_several = "u1 + u2 | t1 + t10",
  scaling = "f =~ u1 + u2 + u3\nu1 ~*~ 1*u1\nu2 ~*~ u2\nu3 ~*~ a*u3",
  variances = "x1 ~~ x1; x2 ~~ a*x2; x3 ~~ 0*x3",
  covariances = "x1 ~~ x2 + a*x3 + start(.3)*x4",
  comments = "# first\nf =~ x1 + x2 ! last\n! y ~ z\ny ~ f # why",
  wrapped_after = "f =~ x1 +\n  a*x2 +\n\n# between\n  x3",
  wrapped_before = "f =~ x1\n  + a*x2\n  + x3",
  wrapped_star = "f =~ x1 + a*\nx2",
  semicolons = "f =~ x1 + x2;; y ~ f;\n",
  blanks = "f=~x1+x2;\ty ~\tf",
  scripts = "满意度 =~ 题一 + 题二\nqualité =~ número",
  names = "f_.1 =~ .x_2 + x.3 + X_4.b",
  definitions = "y ~ b*m; m ~ a*x; ab := a*b; total := ab + 2^-1",
  constraints = "f =~ x1 + a*x2 + b*x3; a == b; a + b == 1; b == 0.5"
)
two_groups <- c(
  g_plain = "f =~ x1 + x2",
  g_labels = "f =~ x1 + c(a,b)*x2",
  g_labels_quoted = "f =~ x1 + c(\"a\",\"b\")*x2",
  g_labels_function = "f =~ x1 + label(c(a,b))*x2",
  g_label_equal = "f =~ x1 + c(a,a)*x2",
  g_label_one = "f =~ x1 + a*x2",
  g_fixed_free = "f =~ x1 + c(1,NA)*x2",
  g_free_fixed = "f =~ x1 + c(NA,1)*x2",
  g_fixed = "f =~ x1 + c(-1,1/2)*x2",
  g_fixed_one = "f =~ x1 + c(0.5)*x2",
  g_intercept = "y ~ c(0,NA)*1",
  g_starts = "f =~ x1 + start(c(0.5,0.6))*x2",
  g_start_one = "f =~ x1 + c(a,b)*x2 + start(.5)*x2",
  g_merged = "f =~ x1 + c(a,b)*x2 + c(1,NA)*x2",
  g_scaling = "f =~ u1\nu1 ~*~ c(1,NA)*u1",
  g_thresholds = "u1 | c(0,1)*t1 + c(a,b)*t2"
)
models <- data.frame(case = c(names(one_group), names(two_groups)),
                     n_groups = rep(1:2, c(length(one_group), length(two_groups))),
                     model = c(one_group, two_groups))
rows <- said <- NULL
for (i in seq_len(nrow(models))) {
  made <- suppressWarnings(lavaanify(models$model[i], ngroups = models$n_groups[i]))
  models$observed[i] <- paste(lavNames(made, "ov"), collapse = " ")
  models$constructs[i] <- paste(lavNames(made, "lv"), collapse = " ")
  equations <- made[made$op %in% c(":=", "=="), ]
  equations <- equations[!grepl("^\\.p", equations$lhs), ]
  if (nrow(equations)) said <- rbind(said, data.frame(case = models$case[i], equations[c("lhs", "op", "rhs")]))
  kept <- made[made$user == 1 & !made$op %in% c(":=", "=="), ]
  rows <- rbind(rows, data.frame(case = models$case[i], group = kept$group, lhs = kept$lhs, op = kept$op,
    rhs = kept$rhs, label = kept$label, free = as.integer(kept$free > 0),
    fixed = ifelse(kept$free == 0, kept$ustart, NA), start = ifelse(kept$free > 0, kept$ustart, NA)))
}
for (made in c("models", "rows", "said")) {
  name <- c(models = "models.csv", rows = "expected.csv", said = "expected_equations.csv")[[made]]
  write.csv(format(get(made), digits = 17, trim = TRUE), name, row.names = FALSE, fileEncoding = "UTF-8")
}
cat(R.version.string, "lavaan", as.character(packageVersion("lavaan")), nrow(models), "models\n")
