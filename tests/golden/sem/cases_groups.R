# Several groups: the invariance ladder, partial invariance, constraints across groups, missing values.
LADDER <- list(configural = character(), loadings = "loadings", intercepts = c("loadings", "intercepts"),
               residuals = c("loadings", "intercepts", "residuals"),
               means = c("loadings", "intercepts", "residuals", "means"))
for (level in names(LADDER)) {
  equal <- LADDER[[level]]
  extra <- if (length(equal)) list(group_equal = equal) else list()
  do.call("case", c(list(paste0("school_", level), "holzinger.csv", HS, group = "school",
                         modification = level %in% c("configural", "intercepts"), scores = level == "intercepts"), extra))
  do.call("case", c(list(paste0("school_", level, "_mlr"), "holzinger.csv", HS, group = "school", estimator = "mlr"), extra))
  do.call("case", c(list(paste0("region_", level), "three_groups.csv", "f =~ y1 + y2 + y3\ng =~ y4 + y5 + y6\ng ~ f",
                         group = "region"), extra))
}
case("school_lv_variances", "holzinger.csv", HS, group = "school",
     group_equal = c("loadings", "intercepts", "lv_variances", "lv_covariances"))
case("school_std_lv", "holzinger.csv", HS, group = "school", group_equal = c("loadings", "intercepts"), std_lv = TRUE)
case("school_mlm", "holzinger.csv", HS, group = "school", estimator = "mlm", group_equal = "loadings")
case("school_mlm_free", "holzinger.csv", HS, group = "school", estimator = "mlm")
case("school_gls", "holzinger.csv", HS, group = "school", estimator = "gls", group_equal = "loadings")
case("school_no_means", "holzinger.csv", HS, group = "school", group_equal = "loadings", meanstructure = FALSE)
case("region_regressions", "three_groups.csv", "f =~ y1 + y2 + y3\ng =~ y4 + y5 + y6\ng ~ f\ny1 ~~ y4", group = "region",
     group_equal = c("loadings", "regressions", "residual_covariances"))
case("school_partial", "holzinger.csv", "visual =~ x1 + c(b2, b2)*x2 + c(b3, b3)*x3
textual =~ x4 + c(b5, b5)*x5 + c(b6, b6)*x6
speed =~ x7 + c(b8, b8)*x8 + x9
x1 ~ c(i1, i1)*1
x2 ~ c(i2, i2)*1
x3 ~ c(i3a, i3b)*1
x4 ~ c(i4, i4)*1
x5 ~ c(i5, i5)*1
x6 ~ c(i6, i6)*1
x7 ~ 1
x8 ~ c(i8, i8)*1
x9 ~ c(i9, i9)*1
visual ~ c(0, NA)*1
textual ~ c(0, NA)*1
speed ~ 0*1
difference := i3a - i3b", group = "school")
case("school_fixed_free", "holzinger.csv", "visual =~ x1 + c(0.6, NA)*x2 + c(NA, 0.7)*x3
textual =~ x4 + x5 + x6
speed =~ x7 + x8 + x9
visual ~~ c(0.3, 0.5)*textual
visual ~~ c(u, v)*visual
textual ~~ c(w, z)*textual
u == 1.2*v
ratio := w/z", group = "school")
case("school_paths", "holzinger.csv", "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6
visual ~ c(a1, a2)*ageyr
textual ~ c(b1, b2)*visual + ageyr
indirect1 := a1*b1
indirect2 := a2*b2
moderation := a1*b1 - a2*b2", group = "school", group_equal = "loadings")
case("school_fiml15", "holzinger_missing15.csv", HS, group = "school", missing = "fiml",
     group_equal = c("loadings", "intercepts"))
case("school_fiml15_mlr", "holzinger_missing15.csv", HS, group = "school", missing = "fiml", estimator = "mlr",
     group_equal = c("loadings", "intercepts"))
