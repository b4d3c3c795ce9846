# Rscript make.R [case ...]: expected figures of least squares beyond those of ../sem, made with its runner.
# lavaan's output only. data.csv: lavaan's HolzingerSwineford1939 (semopy ships it under MIT).
source("../sem/runner.R")
ONLY <- commandArgs(trailingOnly = TRUE)
read_case_data <- function(data) {
  frame <- read.csv("data.csv")
  if (startsWith(data, "scaled:")) frame$x1 <- frame$x1 * 10
  frame
}
HS <- "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
for (estimator in c("uls", "wls", "dwls")) {
  case(paste0("school_intercepts_", estimator), "data.csv", HS, estimator = estimator, group = "school",
       group_equal = c("loadings", "intercepts"))
}
case("gls_observed", "data.csv", HS, estimator = "gls", information = "observed")
case("uls_scaled", "scaled:data.csv", HS, estimator = "uls")
case("dwls_covariates", "data.csv", paste0(HS, "\nvisual + textual + speed ~ sex + ageyr"), estimator = "dwls")
case("wls_covariates", "data.csv", paste0(HS, "\nvisual + textual + speed ~ sex + ageyr"), estimator = "wls")
case("gls_covariates", "data.csv", paste0(HS, "\nvisual + textual + speed ~ sex + ageyr"), estimator = "gls",
     meanstructure = TRUE)
case("gls_constrained", "data.csv", "visual =~ x1 + a*x2 + b*x3\ntextual =~ x4 + c*x5 + d*x6
speed =~ x7 + e*x8 + e*x9\ntextual ~ s*visual\na + b == 2*s\nc == d^2", estimator = "gls")
case("uls_constrained", "data.csv", "visual =~ x1 + a*x2 + b*x3\ntextual =~ x4 + c*x5 + d*x6
speed =~ x7 + e*x8 + e*x9\ntextual ~ s*visual\na + b == 2*s", estimator = "uls")
case("continuous_wlsmv", "data.csv", HS, estimator = "wlsmv")
case("school_wlsmv", "data.csv", paste0(HS, "\nspeed ~ ageyr"), estimator = "wlsmv", group = "school",
     group_equal = c("loadings", "intercepts"))
cat(R.version.string, "lavaan", as.character(packageVersion("lavaan")), "\n")
