# One group, continuous variables: estimators, constraints, paths, missing values, clusters, weights, matrices.
HS <- "visual =~ x1 + x2 + x3
textual =~ x4 + x5 + x6
speed =~ x7 + x8 + x9"
for (estimator in c("ml", "mlm", "mlr", "uls", "gls", "wls", "dwls", "wlsmv")) {
  case(paste0("holzinger_", estimator), "holzinger.csv", HS, estimator = estimator,
       modification = estimator %in% c("ml", "mlr"), scores = estimator == "ml")
}
case("holzinger_ml_means", "holzinger.csv", HS, meanstructure = TRUE)
case("holzinger_mlr_means", "holzinger.csv", HS, estimator = "mlr", meanstructure = TRUE)
case("holzinger_gls_means", "holzinger.csv", HS, estimator = "gls", meanstructure = TRUE)
case("holzinger_wls_means", "holzinger.csv", HS, estimator = "wls", meanstructure = TRUE)
case("holzinger_uls_means", "holzinger.csv", HS, estimator = "uls", meanstructure = TRUE)

POLDEM <- "ind60 =~ x1 + x2 + x3
dem60 =~ y1 + y2 + y3 + y4
dem65 =~ y5 + y6 + y7 + y8
dem60 ~ ind60
dem65 ~ ind60 + dem60
y1 ~~ y5
y2 ~~ y4 + y6
y3 ~~ y7
y4 ~~ y8
y6 ~~ y8"
for (estimator in c("ml", "mlm", "mlr", "uls", "gls", "dwls", "wlsmv")) {
  case(paste0("poldem_", estimator), "political_democracy.csv", POLDEM, estimator = estimator,
       modification = estimator == "ml", scores = estimator == "ml")
}

case("holzinger_std_lv", "holzinger.csv", HS, std_lv = TRUE)
case("holzinger_orthogonal", "holzinger.csv", HS, orthogonal = TRUE)
case("holzinger_second_order", "holzinger.csv", paste0(HS, "\nability =~ visual + textual + speed"))
case("holzinger_bifactor", "holzinger.csv", "g =~ x1 + x2 + x3 + x4 + x5 + x6 + x7 + x8 + x9
textual =~ x4 + x5 + x6
speed =~ x7 + x8 + x9", orthogonal = TRUE, std_lv = TRUE)
case("holzinger_cross", "holzinger.csv", "visual =~ x1 + x2 + x3 + x9
textual =~ x4 + x5 + x6
speed =~ x7 + x8 + x9
x3 ~~ x5
x2 ~~ x7", modification = TRUE)
case("holzinger_na_fixed", "holzinger.csv", "visual =~ NA*x1 + x2 + 0.7*x3
textual =~ x4 + start(0.9)*x5 + x6
speed =~ NA*x7 + x8 + x9
speed ~~ 1*speed
visual ~~ 0*speed")
case("holzinger_tau", "holzinger.csv", "visual =~ a*x1 + a*x2 + a*x3
textual =~ b*x4 + b*x5 + b*x6
speed =~ c*x7 + c*x8 + c*x9", std_lv = TRUE)
case("holzinger_tau_mlr", "holzinger.csv", "visual =~ a*x1 + a*x2 + a*x3
textual =~ b*x4 + b*x5 + b*x6
speed =~ c*x7 + c*x8 + c*x9", std_lv = TRUE, estimator = "mlr")

POLDEM_EQUAL <- "ind60 =~ x1 + x2 + x3
dem60 =~ y1 + a*y2 + b*y3 + c*y4
dem65 =~ y5 + a*y6 + b*y7 + c*y8
dem60 ~ d*ind60
dem65 ~ e*ind60 + f*dem60
y1 ~~ y5
y2 ~~ y4 + y6
y3 ~~ y7
y4 ~~ y8
y6 ~~ y8
indirect := d*f
total := e + d*f
share := indirect/total
log_total := log(total) + sqrt(exp(e))^2"
case("poldem_labels", "political_democracy.csv", POLDEM_EQUAL)
case("poldem_labels_mlr", "political_democracy.csv", POLDEM_EQUAL, estimator = "mlr")
case("poldem_labels_mlm", "political_democracy.csv", POLDEM_EQUAL, estimator = "mlm")
apart <- sub("a*y6 + b*y7 + c*y8", "a2*y6 + b2*y7 + c2*y8", POLDEM_EQUAL, fixed = TRUE)
case("poldem_equals", "political_democracy.csv", paste0(apart, "\na == a2\nb == b2\nc2 == c"))
case("poldem_linear", "political_democracy.csv", paste0(apart, "\na + b == 2*c\na2 == 1.2"))
case("poldem_nonlinear", "political_democracy.csv", paste0(apart, "\nc == b*a2\nb2 == exp(e)"))

PATHS <- "M ~ a*X1 + X2
Y ~ b*M + c*X1
indirect := a*b
total := c + a*b"
case("paths_fixed", "mediation.csv", PATHS)
case("paths_random", "mediation.csv", PATHS, fixed_x = FALSE)
case("paths_fixed_means", "mediation.csv", PATHS, meanstructure = TRUE)
case("paths_random_means", "mediation.csv", PATHS, fixed_x = FALSE, meanstructure = TRUE)
case("paths_fixed_mlr", "mediation.csv", PATHS, estimator = "mlr")
case("paths_fixed_mlm", "mediation.csv", PATHS, estimator = "mlm")
case("paths_fixed_gls", "mediation.csv", PATHS, estimator = "gls")
case("paths_fixed_uls", "mediation.csv", PATHS, estimator = "uls")

MIMIC <- paste0(HS, "\nvisual + textual + speed ~ sex + ageyr")
case("mimic_ml", "holzinger.csv", MIMIC, modification = TRUE)
case("mimic_mlr", "holzinger.csv", MIMIC, estimator = "mlr")
case("mimic_mlr_means", "holzinger.csv", MIMIC, estimator = "mlr", meanstructure = TRUE)
case("mimic_random", "holzinger.csv", MIMIC, fixed_x = FALSE)
case("mimic_direct", "holzinger.csv", paste0(MIMIC, "\nx2 ~ sex\nx9 ~ ageyr"), std_lv = TRUE)

GROWTH <- "i =~ 1*t1 + 1*t2 + 1*t3 + 1*t4
s =~ 0*t1 + 1*t2 + 2*t3 + 3*t4
t1 + t2 + t3 + t4 ~ 0*1
i ~ 1
s ~ 1"
case("growth_ml", "growth.csv", GROWTH)
case("growth_mlr", "growth.csv", GROWTH, estimator = "mlr")
case("growth_covariates", "growth.csv", paste0(GROWTH, "\ni + s ~ x1 + x2"))
case("growth_equal_residuals", "growth.csv", paste0(GROWTH, "\nt1 ~~ r*t1\nt2 ~~ r*t2\nt3 ~~ r*t3\nt4 ~~ r*t4"))

for (share in c("05", "15", "30")) for (data in c("holzinger", "political_democracy")) {
  model <- if (data == "holzinger") HS else POLDEM
  short <- if (data == "holzinger") "holzinger" else "poldem"
  file <- sprintf("%s_missing%s.csv", data, share)
  case(sprintf("%s_fiml%s_observed", short, share), file, model, missing = "fiml", information = "observed",
       modification = FALSE, scores = share == "15")
  case(sprintf("%s_fiml%s_expected", short, share), file, model, missing = "fiml", information = "expected")
  case(sprintf("%s_fiml%s_mlr", short, share), file, model, missing = "fiml", estimator = "mlr")
  if (share == "15") case(sprintf("%s_listwise15", short), file, model)
}
TAU_FIML <- "visual =~ a*x1 + a*x2 + a*x3
textual =~ x4 + x5 + x6
speed =~ x7 + x8 + x9
visual ~~ v*textual
speed ~~ v*visual"
case("holzinger_fiml15_tau", "holzinger_missing15.csv", TAU_FIML, missing = "fiml")
case("holzinger_fiml15_tau_mlr", "holzinger_missing15.csv", TAU_FIML, missing = "fiml", estimator = "mlr")

TWO <- "f =~ y1 + y2 + y3
g =~ y4 + y5 + y6
g ~ f"
case("clustered", "clustered.csv", TWO, estimator = "mlr", cluster = "outlet", meanstructure = TRUE)
case("weighted", "clustered.csv", TWO, estimator = "mlr", weights = "weight")
case("clustered_weighted", "clustered.csv", TWO, estimator = "mlr", cluster = "outlet", weights = "weight", meanstructure = TRUE)

case("single_indicators", "holzinger.csv", "age =~ ageyr
visual =~ x1 + x2 + x3
word =~ x5
word ~~ 0.8*word
x5 ~~ 0.4*x5
visual ~ age
word ~ visual + age")
case("heywood", "heywood.csv", "f =~ v1 + v2 + v3
g =~ w1 + w2 + w3", note = "v1's residual variance is negative")
case("wheaton", "wheaton.csv", "ses =~ education + sei
alien67 =~ anomia67 + powerless67
alien71 =~ anomia71 + powerless71
alien71 ~ alien67 + ses
alien67 ~ ses
anomia67 ~~ anomia71
powerless67 ~~ powerless71", moments = 932, modification = TRUE)

ECSI <- "quality =~ PERQ1 + PERQ2 + PERQ3 + PERQ4 + PERQ5 + PERQ6 + PERQ7
satisfaction =~ CUSA1 + CUSA2 + CUSA3
loyalty =~ CUSL1 + CUSL2 + CUSL3
satisfaction ~ quality
loyalty ~ satisfaction + quality"
case("ecsi_ml", "raw:mobi.csv", ECSI, modification = TRUE)
case("ecsi_mlr", "raw:mobi.csv", ECSI, estimator = "mlr")
case("ecsi_whole", "raw:mobi.csv", "image =~ IMAG1 + IMAG2 + IMAG3 + IMAG4 + IMAG5
expectation =~ CUEX1 + CUEX2 + CUEX3
quality =~ PERQ1 + PERQ2 + PERQ3 + PERQ4 + PERQ5 + PERQ6 + PERQ7
value =~ PERV1 + PERV2
satisfaction =~ CUSA1 + CUSA2 + CUSA3
complaints =~ CUSCO
loyalty =~ CUSL1 + CUSL2 + CUSL3
expectation ~ image
quality ~ expectation
value ~ expectation + quality
satisfaction ~ image + expectation + quality + value
complaints ~ satisfaction
loyalty ~ image + satisfaction + complaints")
SERVICE <- "tangibles =~ tan1 + tan2 + tan3 + tan4
reliability =~ rel1 + rel2 + rel3 + rel4 + rel5
responsiveness =~ res1 + res2 + res3 + res4
assurance =~ ass1 + ass2 + ass3 + ass4
empathy =~ emp1 + emp2 + emp3 + emp4 + emp5
satisfaction =~ sat1 + sat2 + sat3 + sat4
loyalty =~ loy1 + loy2 + loy3
satisfaction ~ tangibles + reliability + responsiveness + assurance + empathy
loyalty ~ satisfaction"
case("after_sales_ml", "raw:after_sales_customers.csv", SERVICE)
case("after_sales_clustered", "raw:after_sales_customers.csv", "satisfaction =~ sat1 + sat2 + sat3 + sat4
trust =~ tru1 + tru2 + tru3
loyalty =~ loy1 + loy2 + loy3
trust ~ satisfaction
loyalty ~ trust + satisfaction", estimator = "mlr", cluster = "outlet_id", meanstructure = TRUE)

items <- sprintf("a%02d", 1:22)
dimension <- function(name, which) paste(name, "=~", paste(items[which], collapse = " + "))
case("shared_servqual", "shared:servqual_durables/servqual_durables.csv",
     paste(dimension("tangibles", 1:4), dimension("reliability", 5:9), dimension("responsiveness", 10:13),
           dimension("assurance", 14:17), dimension("empathy", 18:22), sep = "\n"))
