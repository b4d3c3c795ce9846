"""Who stays loyal and buys again, and how that moves with satisfaction (H4, K2)."""

from servicefx.models.loyalty.answers import AnswerFit, answers_of, fit_answers
from servicefx.models.loyalty.asks import Ask, standard_asks
from servicefx.models.loyalty.curve import CurveFit, fit_curve
from servicefx.models.loyalty.goodness import calibration, goodness
from servicefx.models.loyalty.marginal import MarginalEffects, marginal_effects, predicted_chances
from servicefx.models.loyalty.parallel import ParallelLines, parallel_lines
from servicefx.models.loyalty.repurchase import RepurchaseFit, fit_repurchase, is_binary
from servicefx.models.loyalty.study_answers import fit_intention, is_ordered

__all__ = [
    "AnswerFit", "Ask", "CurveFit", "MarginalEffects", "ParallelLines", "RepurchaseFit", "answers_of",
    "calibration", "fit_answers", "fit_curve", "fit_intention", "fit_repurchase", "goodness", "is_binary",
    "is_ordered", "marginal_effects", "parallel_lines", "predicted_chances", "standard_asks",
]  # fmt: skip
