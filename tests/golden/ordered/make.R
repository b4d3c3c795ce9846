# Rscript make.R [case ...]: expected figures of ordered items beyond those of ../sem, made with its runner.
# lavaan's output only. data.csv: some columns of ordinal.csv, drawn in ../sem/data.R without empty cells;
# "uneven" takes rows 101-520, groups of 200 and 220.
source("../sem/runner.R")
ONLY <- commandArgs(trailingOnly = TRUE)
read_case_data <- function(data) {
  frame <- read.csv("data.csv")
  if (startsWith(data, "uneven:")) frame <- frame[101:520, ]
  frame
}
FIVE <- paste0("b", 1:9)
THREE <- paste0("a", 1:9)
CFA <- "f =~ b1 + b2 + b3\ng =~ b4 + b5 + b6\nh =~ b7 + b8 + b9"
MIXED <- "f =~ y1 + a2 + c3\ng =~ b4 + y5 + y6\ng ~ f"
MIXED_ORDERED <- c("a2", "c3", "b4")
uneven <- function(name, ...) {
  for (shape in c("delta", "theta")) {
    case(paste0("uneven_", name, "_", shape), "uneven:data.csv", estimator = "wlsmv", group = "half",
         parameterization = shape, ...)
  }
}
uneven("configural", model = CFA, ordered = FIVE)
uneven("thresholds", model = CFA, ordered = FIVE, group_equal = c("loadings", "thresholds"))
uneven("mixed", model = MIXED, ordered = MIXED_ORDERED, group_equal = c("loadings", "intercepts", "thresholds"))
case("uneven_wls", "uneven:data.csv", "f =~ a1 + a2 + a3 + a4", estimator = "wls", group = "half",
     ordered = THREE[1:4], group_equal = "loadings")
case("uneven_uls", "uneven:data.csv", CFA, estimator = "uls", group = "half", ordered = FIVE,
     group_equal = c("loadings", "thresholds"))
MEDIATOR <- "f =~ b4 + b5 + b6\nb1 ~ f\nb7 ~ b1 + f\nb8 ~ b7 + b1"
# theta only: under delta lavaan 0.6-14 stops at a slope of .2 (chi2 15.878) where an ordered item explains others
case("mediator_theta", "data.csv", MEDIATOR, estimator = "wlsmv", parameterization = "theta",
     ordered = c("b1", "b4", "b5", "b6", "b7", "b8"))
case("mediator_random", "data.csv", "b1 ~ y2 + y3\ny5 ~ b1 + y2\nb9 ~ y5 + b1", estimator = "wlsmv",
     ordered = c("b1", "b9"), fixed_x = FALSE, conditional.x = FALSE, parameterization = "theta")
case("ordinal_uls", "data.csv", CFA, estimator = "uls", ordered = FIVE)
case("mixed_uls", "data.csv", MIXED, estimator = "uls", ordered = MIXED_ORDERED)
case("mixed_dwls", "data.csv", MIXED, estimator = "dwls", ordered = MIXED_ORDERED)
case("mixed_wls", "data.csv", MIXED, estimator = "wls", ordered = MIXED_ORDERED)
case("constrained", "data.csv", "f =~ b1 + l2*b2 + l3*b3\ng =~ b4 + m2*b5 + m3*b6\nb1 ~~ b4
g ~ s*f\nl2 == m2\nl3 + m3 == 2*s", estimator = "wlsmv", ordered = FIVE[1:6])
case("second_order_theta", "data.csv", paste0(CFA, "\nwhole =~ f + g + h"), estimator = "wlsmv",
     ordered = FIVE, parameterization = "theta", std_lv = TRUE)
case("thresholds_held", "data.csv", "f =~ a1 + a2 + a3 + a4\na1 | 0.3*t2 + u*t1\na2 | u*t1",
     estimator = "wlsmv", ordered = THREE[1:4], parameterization = "theta")
GIVEN <- "g =~ b4 + b5 + b6\nh =~ b7 + b8 + b9\nh ~ g\ng + h ~ y2 + y3\nb9 ~ y2"
GIVEN_MIXED <- "g =~ b4 + y5 + y6\nh =~ b7 + b8 + b9\nh ~ g + y2\ng ~ y2 + y3"
for (shape in c("delta", "theta")) {
  case(paste0("given_", shape), "data.csv", GIVEN, estimator = "wlsmv", ordered = FIVE[4:9], parameterization = shape)
  case(paste0("given_mixed_", shape), "data.csv", GIVEN_MIXED, estimator = "wlsmv", ordered = FIVE[c(4, 7, 8, 9)],
       parameterization = shape)
}
case("given_groups", "uneven:data.csv", GIVEN, estimator = "wlsmv", ordered = FIVE[4:9], group = "half",
     group_equal = c("loadings", "thresholds"))
case("given_wls", "data.csv", "g =~ b4 + b5 + b6\ng ~ y2 + y3", estimator = "wls", ordered = FIVE[4:6])
case("given_probit", "data.csv", "b4 ~ y2 + y3", estimator = "wlsmv", ordered = "b4")
case("uneven_misfit", "uneven:data.csv", "f =~ b1 + b2 + b4 + b5 + b7 + b8", estimator = "wlsmv", ordered = FIVE[c(1, 2, 4, 5, 7, 8)],
     group = "half", group_equal = "loadings")
cat(R.version.string, "lavaan", as.character(packageVersion("lavaan")), "\n")
