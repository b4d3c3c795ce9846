# Writes data/*.csv: what lavaan ships, and what is drawn here from stated seeds.
dir.create("data", showWarnings = FALSE)
write_data <- function(frame, name) {
  write.csv(frame, file.path("data", name), row.names = FALSE, na = "", quote = FALSE)
}

latent_responses <- function(n, loading, correlation) {
  factors <- MASS::mvrnorm(n, rep(0, nrow(correlation)), correlation)
  each <- length(loading) / nrow(correlation)
  which <- rep(seq_len(nrow(correlation)), each = each)
  sapply(seq_along(loading), function(j) loading[j] * factors[, which[j]] + sqrt(1 - loading[j]^2) * rnorm(n))
}

equal_cut <- function(x, k) as.integer(cut(x, c(-Inf, quantile(x, seq_len(k - 1) / k), Inf)))
fixed_cut <- function(x, k) as.integer(cut(x, c(-Inf, qnorm(seq_len(k - 1) / k), Inf)))

empty_cells <- function(frame) {
  pairs <- combn(names(frame), 2)
  sum(apply(pairs, 2, function(p) sum(table(frame[[p[1]]], frame[[p[2]]]) == 0)))
}

missing_at_random <- function(frame, holes, drivers, share) {
  score <- rowSums(scale(frame[drivers]))
  for (name in holes) {
    # an unseen answer is likelier where the drivers, always seen, are high
    offset <- uniroot(function(a) mean(plogis(a + .8 * score)) - share, c(-20, 20))$root
    frame[[name]][runif(nrow(frame)) < plogis(offset + .8 * score)] <- NA
  }
  frame
}

hs <- lavaan::HolzingerSwineford1939
hs$school <- as.character(hs$school)
write_data(hs[c("school", "sex", "ageyr", paste0("x", 1:9))], "holzinger.csv")
poldem <- lavaan::PoliticalDemocracy
write_data(poldem, "political_democracy.csv")

hs_cut <- data.frame(mapply(function(x, k) equal_cut(x, k), hs[paste0("x", 1:9)], c(3, 4, 3, 3, 3, 3, 4, 4, 5)))
cat("holzinger_cut: empty cells", empty_cells(hs_cut), "\n")
write_data(hs_cut, "holzinger_cut.csv")

set.seed(20260101)
for (share in c(5, 15, 30)) {
  write_data(missing_at_random(hs[c("school", "ageyr", paste0("x", 1:9))], paste0("x", 2:9), c("x1", "ageyr"),
    share / 100), sprintf("holzinger_missing%02d.csv", share))
  write_data(missing_at_random(poldem, c(paste0("y", 2:8), "x2", "x3"), c("y1", "x1"), share / 100),
    sprintf("political_democracy_missing%02d.csv", share))
}

set.seed(3)
three <- do.call(rbind, lapply(1:3, function(g) {
  factors <- MASS::mvrnorm(200, c(0, .3, .5)[g] * c(1, .5), matrix(c(1, .5, .5, 1 + .2 * g), 2))
  loading <- c(1, .8, .7, 1, .9, .6)
  y <- sapply(1:6, function(j) 3 + .1 * j + loading[j] * factors[, (j > 3) + 1] + .7 * rnorm(200))
  data.frame(region = c("east", "north", "west")[g], setNames(as.data.frame(round(y, 3)), paste0("y", 1:6)))
}))
write_data(three, "three_groups.csv")

set.seed(4)
x1 <- round(rnorm(400), 3)
x2 <- rbinom(400, 1, .5)
level <- 5 + .5 * x1 + .3 * x2 + rnorm(400)
slope <- .6 + .2 * x1 - .1 * x2 + .5 * rnorm(400)
growth <- round(sapply(0:3, function(t) level + slope * t + .6 * rnorm(400)), 3)
write_data(data.frame(setNames(as.data.frame(growth), paste0("t", 1:4)), x1 = x1, x2 = x2), "growth.csv")

set.seed(5)
X1 <- round(rnorm(300), 3)
X2 <- round(.4 * X1 + rnorm(300), 3)
M <- round(.5 * X1 + .3 * X2 + rt(300, 6), 3)
Y <- round(.6 * M + .2 * X1 + rt(300, 6), 3)
write_data(data.frame(X1, X2, M, Y), "mediation.csv")

correlation <- matrix(c(1, .5, .3, .5, 1, .4, .3, .4, 1), 3)
loading <- c(.7, .65, .6, .7, .6, .55, .65, .6, .6)
for (seed in 1:200) {
  set.seed(seed)
  y <- latent_responses(600, loading, correlation)
  a <- apply(y, 2, fixed_cut, k = 3); b <- apply(y, 2, fixed_cut, k = 5); c7 <- apply(y, 2, fixed_cut, k = 7)
  ordinal <- data.frame(a, b, c7, round(y, 4), sort(rep(c("first", "second"), 300)))
  names(ordinal) <- c(outer(1:9, c("a", "b", "c", "y"), function(i, l) paste0(l, i)), "half")
  halves <- split(ordinal, ordinal$half)
  empty <- empty_cells(ordinal[10:18]) + empty_cells(ordinal[19:27]) + sum(sapply(halves, function(h) empty_cells(h[10:18])))
  if (empty == 0) break
}
cat("ordinal: seed", seed, "empty cells", empty, "\n")
write_data(ordinal, "ordinal.csv")

set.seed(6)
cluster <- rep(seq_len(40), times = c(rep(8:22, length.out = 38), 20, 16))[1:580]
cluster <- cluster[!is.na(cluster)]
n <- length(cluster)
shift <- matrix(rnorm(80, sd = .5), 40)
factors <- MASS::mvrnorm(n, c(0, 0), matrix(c(1, .5, .5, 1), 2)) + shift[cluster, ]
loading <- c(1, .8, .7, 1, .9, .6)
y <- sapply(1:6, function(j) 3 + loading[j] * factors[, (j > 3) + 1] + .7 * rt(n, 7))
weight <- round(exp(.4 * rnorm(n) + .1 * y[, 1]), 3)
clustered <- data.frame(outlet = cluster, weight = weight, setNames(as.data.frame(round(y, 3)), paste0("y", 1:6)))
write_data(clustered[sample(n), ], "clustered.csv")

set.seed(12)
f <- rnorm(60)
g <- .6 * f + .8 * rnorm(60)
heywood <- data.frame(v1 = f + .02 * rnorm(60), v2 = .5 * f + rnorm(60), v3 = .4 * f + rnorm(60),
                      w1 = g + .6 * rnorm(60), w2 = g + .6 * rnorm(60), w3 = .8 * g + .6 * rnorm(60))
write_data(round(heywood, 3), "heywood.csv")

lower <- c(11.834, 6.947, 9.364, 6.819, 5.091, 12.532, 4.783, 5.028, 7.495, 9.986,
           -3.839, -3.889, -3.841, -3.625, 9.610, -21.899, -18.831, -21.748, -18.775, 35.522, 450.288)
wheaton <- lavaan::getCov(lower, names = c("anomia67", "powerless67", "anomia71", "powerless71", "education", "sei"))
write_data(wheaton, "wheaton.csv")
