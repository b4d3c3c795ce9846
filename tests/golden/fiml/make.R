# Rscript make.R [case ...], in this folder: writes data/*.csv (from ../sem/data, when no case is named) and one folder
# a case. What stands in ../sem (no covariates, few gaps) is not repeated. lavaan 0.6-14, R as in ../sem/README.md.
suppressMessages(source("../sem/runner.R"))
ONLY <- commandArgs(trailingOnly = TRUE)

make_data <- function() {
  write_data <- function(frame, name) write.csv(frame, file.path("data", name), row.names = FALSE, na = "", quote = FALSE)
  hs <- lavaan::HolzingerSwineford1939
  items <- paste0("x", 1:9)

  # Gaps at random given age and sex, which are always there but for five rows.
  set.seed(41)
  mimic <- hs[c("sex", "ageyr", items)]
  for (name in items) mimic[[name]][runif(301) < plogis(-1.6 + .5 * (mimic$ageyr - 13))] <- NA
  mimic$ageyr[c(3, 50, 51, 200, 300)] <- NA
  write_data(mimic, "mimic.csv")

  set.seed(42)
  mediation <- read.csv("../sem/data/mediation.csv")
  for (name in c("M", "Y")) mediation[[name]][runif(300) < plogis(-1.2 + .6 * mediation$X1)] <- NA
  write_data(mediation, "mediation.csv")

  set.seed(43)
  growth <- read.csv("../sem/data/growth.csv")
  gone <- rep(FALSE, 400)
  for (t in 2:4) { gone <- gone | runif(400) < plogis(-1.7 + .3 * (growth$t1 - 5)); growth[[paste0("t", t)]][gone] <- NA }
  write_data(growth, "growth.csv")

  set.seed(44)
  clustered <- read.csv("../sem/data/clustered.csv")
  for (name in paste0("y", 2:6)) clustered[[name]][runif(nrow(clustered)) < plogis(-1.5 + .5 * (clustered$y1 - 3))] <- NA
  write_data(clustered, "clustered.csv")

  # Nearly half of every item is missing.
  set.seed(45)
  sparse <- hs[c("school", items)]
  for (name in items) sparse[[name]][runif(301) < .5] <- NA
  sparse <- sparse[rowSums(!is.na(sparse[items])) > 0, ]
  write_data(sparse, "sparse.csv")
}
if (!length(ONLY)) make_data()

MIMIC <- "visual =~ x1 + x2 + x3
textual =~ x4 + x5 + x6
speed =~ x7 + x8 + x9
visual ~ ageyr + sex
textual ~ ageyr + sex
speed ~ ageyr"
for (kind in c("observed", "expected")) case(paste0("mimic_", kind), "mimic.csv", MIMIC, missing = "fiml", information = kind)
case("mimic_mlr", "mimic.csv", MIMIC, missing = "fiml", estimator = "mlr")
PATHS <- "M ~ X1 + X2\nY ~ M + X1"
case("paths", "mediation.csv", PATHS, missing = "fiml")
case("paths_mlr", "mediation.csv", PATHS, missing = "fiml", estimator = "mlr")
case("paths_random", "mediation.csv", PATHS, missing = "fiml", fixed_x = FALSE)
GROWTH <- "level =~ 1*t1 + 1*t2 + 1*t3 + 1*t4
slope =~ 0*t1 + 1*t2 + 2*t3 + 3*t4
t1 ~ 0*1\nt2 ~ 0*1\nt3 ~ 0*1\nt4 ~ 0*1
level ~ 1 + x1 + x2
slope ~ 1 + x1 + x2
t1 ~~ r*t1\nt2 ~~ r*t2\nt3 ~~ r*t3\nt4 ~~ s*t4
s == r^2 + .2"
case("growth", "growth.csv", GROWTH, missing = "fiml")
case("growth_mlr", "growth.csv", GROWTH, missing = "fiml", estimator = "mlr")
TWO <- "a =~ y1 + y2 + y3\nb =~ y4 + y5 + y6\nb ~ a"
case("clustered", "clustered.csv", TWO, missing = "fiml", estimator = "mlr", cluster = "outlet")
THREE <- "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
case("sparse", "sparse.csv", THREE, missing = "fiml")
case("sparse_mlr", "sparse.csv", THREE, missing = "fiml", estimator = "mlr")
case("sparse_school", "sparse.csv", "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6", missing = "fiml", group = "school",
     group_equal = c("loadings", "intercepts"), estimator = "mlr")
case("sparse_mlr_expected", "sparse.csv", THREE, missing = "fiml", estimator = "mlr", information = "expected")
