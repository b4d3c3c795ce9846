# Ordered categories: 3, 5 and 7 of them, delta and theta, mixed with continuous variables, groups.
triplet <- function(letters) {
  paste0(c("f", "g", "h"), " =~ ", apply(matrix(letters, 3), 2, paste, collapse = " + "), collapse = "\n")
}
ORDINAL <- c(three = "a", five = "b", seven = "c")
for (k in names(ORDINAL)) {
  items <- paste0(ORDINAL[[k]], 1:9)
  case(paste0("ordinal_", k), "ordinal.csv", triplet(items), estimator = "wlsmv", ordered = items,
       modification = k == "five")
  case(paste0("ordinal_", k, "_theta"), "ordinal.csv", triplet(items), estimator = "wlsmv", ordered = items,
       parameterization = "theta")
}
FIVE <- paste0("b", 1:9)
case("ordinal_dwls", "ordinal.csv", triplet(FIVE), estimator = "dwls", ordered = FIVE)
case("ordinal_wls", "ordinal.csv", triplet(FIVE), estimator = "wls", ordered = FIVE)
case("ordinal_std_lv", "ordinal.csv", triplet(FIVE), estimator = "wlsmv", ordered = FIVE, std_lv = TRUE)
REGRESSION <- paste0(triplet(FIVE), "\ng ~ a*f\nh ~ b*g + c*f\nindirect := a*b\ntotal := c + a*b")
case("ordinal_regression", "ordinal.csv", REGRESSION, estimator = "wlsmv", ordered = FIVE)
case("ordinal_thresholds", "ordinal.csv", paste0(triplet(FIVE), "\nb1 | u1*t1 + u2*t2\nb2 | u1*t1 + u2*t2\nb3 | 0*t2"),
     estimator = "wlsmv", ordered = FIVE)
case("ordinal_equal_loadings", "ordinal.csv", "f =~ a*b1 + a*b2 + a*b3\ng =~ b4 + b5 + b6\nh =~ b7 + b8 + b9",
     estimator = "wlsmv", ordered = FIVE, std_lv = TRUE)
case("mixed", "ordinal.csv", "f =~ a1 + a2 + a3\ng =~ b4 + b5 + b6\nh =~ y7 + y8 + y9", estimator = "wlsmv",
     ordered = c("a1", "a2", "a3", "b4", "b5", "b6"))
case("mixed_crossed", "ordinal.csv", "f =~ y1 + a2 + c3\ng =~ b4 + y5 + y6\ng ~ f\ny1 ~~ y5", estimator = "wlsmv",
     ordered = c("a2", "c3", "b4"))
case("mixed_theta", "ordinal.csv", "f =~ y1 + a2 + c3\ng =~ b4 + y5 + y6\ng ~ f", estimator = "wlsmv",
     ordered = c("a2", "c3", "b4"), parameterization = "theta")
case("holzinger_cut", "holzinger_cut.csv", HS, estimator = "wlsmv", ordered = paste0("x", 1:9))
for (parameterization in c("delta", "theta")) {
  suffix <- if (parameterization == "delta") "" else "_theta"
  case(paste0("halves_configural", suffix), "ordinal.csv", triplet(FIVE), estimator = "wlsmv", ordered = FIVE,
       group = "half", parameterization = parameterization)
  case(paste0("halves_loadings", suffix), "ordinal.csv", triplet(FIVE), estimator = "wlsmv", ordered = FIVE,
       group = "half", group_equal = "loadings", parameterization = parameterization)
  case(paste0("halves_thresholds", suffix), "ordinal.csv", triplet(FIVE), estimator = "wlsmv", ordered = FIVE,
       group = "half", group_equal = c("loadings", "thresholds"), parameterization = parameterization)
}
