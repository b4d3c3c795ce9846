"""How the simulated after-sales study comes about: mechanisms, parameters, and the truth of each estimand."""
