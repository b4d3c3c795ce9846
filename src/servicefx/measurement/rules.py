"""Rules of thumb of measurement, each with its threshold and source: a number is judged, not replaced."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypedDict

import numpy as np
import pandas as pd

__all__ = ["RULES", "RULE_COLUMNS", "Judged", "Judgement", "Rule", "judge", "rules_frame"]

Judgement = Literal["pass", "warn", "fail", ""]
RULE_COLUMNS = (
    "rule", "subject", "estimate", "conf_low", "conf_high", "threshold", "judgement", "source",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of thumb.

    Attributes
    ----------
    id : str
        ``"alpha"``.
    threshold : float
        What passes, the threshold itself included.
    fails : float
        What fails, the bound itself excluded; between the two the reader is warned. Equal to ``threshold``
        where the rule knows no middle.
    better : {"high", "low"}
        Which side of the threshold passes.
    source : str
        Author, year and place.
    """

    id: str
    threshold: float
    fails: float
    better: Literal["high", "low"]
    source: str

    def judgement(self, value: float) -> Judgement:
        """``"pass"``, ``"warn"`` or ``"fail"``; empty where there is no number."""
        if not np.isfinite(value):
            return ""
        sign = 1.0 if self.better == "high" else -1.0
        if sign * (value - self.threshold) >= 0:
            return "pass"
        return "fail" if sign * (value - self.fails) < 0 or self.fails == self.threshold else "warn"


class Judged(TypedDict):
    """One row of a frame of rules."""

    rule: str
    subject: str
    estimate: float
    conf_low: float
    conf_high: float
    threshold: float
    judgement: Judgement
    source: str


def _rule(id: str, threshold: float, fails: float, better: Literal["high", "low"], source: str) -> Rule:
    return Rule(id=id, threshold=threshold, fails=fails, better=better, source=source)


def _ratio_rules(measure: str, source: str) -> tuple[Rule, ...]:
    return (
        _rule(f"{measure}_strict", 0.85, 0.9, "low", source),
        _rule(f"{measure}_lenient", 0.9, 1.0, "low", source),
        _rule(f"{measure}_inference", 1.0, 1.0, "low", source),
    )


def _invariance_rules() -> tuple[Rule, ...]:
    """Fit of the first level; change of it to the next: usual, up to 300 rows, from ten groups on."""
    cheung = "Cheung & Rensvold (2002), Struct. Equ. Model. 9, 233-255"
    chen = "Chen (2007), Struct. Equ. Model. 14, 464-504"
    many = "Rutkowski & Svetina (2014), Educ. Psychol. Meas. 74, 31-57"
    answers = "Rutkowski & Svetina (2017), Appl. Meas. Educ. 30, 39-51"
    hu = "Hu & Bentler (1999), Struct. Equ. Model. 6, 1-55"
    return (
        _rule("cfi", 0.95, 0.9, "high", f"{hu}; .90: Bentler & Bonett (1980), Psychol. Bull. 88, 588-606"),
        _rule(
            "rmsea", 0.06, 0.1, "low",
            f"{hu}; .10: MacCallum, Browne & Sugawara (1996), Psychol. Methods 1, 130-149",
        ),
        _rule("srmr", 0.08, 0.1, "low", f"{hu}; .10: Kline (2016), Principles and Practice of SEM, 4th ed."),
        _rule("delta_cfi", -0.01, -0.01, "high", f"{cheung}; {chen}"),
        _rule("delta_cfi_small", -0.005, -0.005, "high", chen),
        _rule("delta_cfi_many_loadings", -0.02, -0.02, "high", many),
        _rule("delta_cfi_many_intercepts", -0.01, -0.01, "high", many),
        _rule("delta_cfi_many_answers", -0.004, -0.004, "high", answers),
        _rule("delta_rmsea", 0.015, 0.015, "low", chen),
        _rule("delta_rmsea_small", 0.01, 0.01, "low", chen),
        _rule("delta_rmsea_many_loadings", 0.03, 0.03, "low", many),
        _rule("delta_rmsea_many_intercepts", 0.01, 0.01, "low", many),
        _rule("delta_rmsea_many_answers_first", 0.05, 0.05, "low", answers),
        _rule("delta_rmsea_many_answers", 0.01, 0.01, "low", answers),
        _rule("delta_srmr_loadings", 0.03, 0.03, "low", chen),
        _rule("delta_srmr_loadings_small", 0.025, 0.025, "low", chen),
        _rule("delta_srmr_intercepts", 0.01, 0.01, "low", chen),
        _rule("delta_srmr_intercepts_small", 0.005, 0.005, "low", chen),
    )  # fmt: skip


RULES: dict[str, Rule] = {
    rule.id: rule
    for rule in (
        _rule("alpha", 0.7, 0.6, "high", "Nunnally (1978), Psychometric Theory, 2nd ed., p. 245"),
        _rule("omega", 0.7, 0.6, "high", "Bagozzi & Yi (1988), J. Acad. Mark. Sci. 16, 74-94"),
        _rule("rho_a", 0.7, 0.6, "high", "Dijkstra & Henseler (2015), MIS Quarterly 39, 297-316"),
        _rule(
            "composite_reliability", 0.7, 0.6, "high", "Bagozzi & Yi (1988), J. Acad. Mark. Sci. 16, 74-94"
        ),
        _rule(
            "average_variance_extracted", 0.5, 0.4, "high",
            "Fornell & Larcker (1981), J. Marketing Research 18, 39-50",
        ),
        _rule("collinearity", 3.0, 5.0, "low", "Hair et al. (2022), A Primer on PLS-SEM, 3rd ed., p. 147"),
        _rule("redundancy", 0.7, 0.5, "high", "Hair et al. (2022), A Primer on PLS-SEM, 3rd ed., p. 143"),
        _rule(
            "fornell_larcker", 1.0, 1.0, "low", "Fornell & Larcker (1981), J. Marketing Research 18, 39-50"
        ),
        _rule(
            "loading", 0.708, 0.5, "high",
            "Hair, Risher, Sarstedt & Ringle (2019), Eur. Bus. Rev. 31, 2-24; .5: Hair, Black, Babin & "
            "Anderson (2010), Multivariate Data Analysis, 7th ed.",
        ),
        _rule("loading_p_value", 0.05, 0.05, "low", "Anderson & Gerbing (1988), Psychol. Bull. 103, 411-423"),
        _rule(
            "cross_loading", 0.0, float("-inf"), "high",
            "Chin (1998), in Marcoulides, Modern Methods for Business Research, 295-336",
        ),
        _rule(
            "construct_correlation", 0.8, 1.0, "low", "Rönkkö & Cho (2022), Organ. Res. Methods 25, 6-47"
        ),
        *_ratio_rules("htmt", "Henseler, Ringle & Sarstedt (2015), J. Acad. Mark. Sci. 43, 115-135"),
        *_ratio_rules("htmt2", "Roemer, Schuberth & Henseler (2021), Ind. Manag. Data Syst. 121, 2637-2650"),
        _rule(
            "flagged_share", 0.05, 0.1, "low",
            "5 %: Credé (2010), Educ. Psychol. Meas. 70, 596-612; 10 %: Woods (2006), "
            "J. Psychopathol. Behav. Assess. 28, 186-191",
        ),
        _rule(
            "missing_share", 0.05, 0.1, "low",
            "5 %: Schafer (1999), Stat. Methods Med. Res. 8, 3-15; 10 %: Bennett (2001), "
            "Aust. N. Z. J. Public Health 25, 464-469",
        ),
        _rule("floor_share", 0.15, 1.0, "low", "Terwee et al. (2007), J. Clin. Epidemiol. 60, 34-42"),
        _rule("ceiling_share", 0.15, 1.0, "low", "Terwee et al. (2007), J. Clin. Epidemiol. 60, 34-42"),
        _rule("skewness", 2.0, 3.0, "low", "Curran, West & Finch (1996), Psychol. Methods 1, 16-29"),
        _rule("excess_kurtosis", 7.0, 21.0, "low", "Curran, West & Finch (1996), Psychol. Methods 1, 16-29"),
        _rule(
            "missing_completely_at_random", 0.05, 0.0, "high",
            "Little (1988), J. Am. Stat. Assoc. 83, 1198-1202",
        ),
        _rule("sampling_adequacy", 0.6, 0.5, "high", "Kaiser (1974), Psychometrika 39, 31-36"),
        _rule(
            "single_factor_share", 0.5, 0.5, "low", "Podsakoff & Organ (1986), J. Management 12, 531-544"
        ),
        _rule(
            "full_collinearity_vif", 3.3, 5.0, "low",
            "Kock (2015), Int. J. e-Collaboration 11(4), 1-10; 5 of Kock & Lynn (2012), J. Assoc. Inf. Syst. "
            "13, 546-580",
        ),
        *_invariance_rules(),
    )
}  # fmt: skip
"""Rule id -> rule."""


def judge(
    rule: str,
    subject: str,
    estimate: float,
    conf_low: float = float("nan"),
    conf_high: float = float("nan"),
    *,
    against: float | None = None,
) -> Judged:
    """One number held against its rule.

    Parameters
    ----------
    rule : str
        Id in `RULES`.
    subject : str
        What the number belongs to: a construct, an item, a pair ``"left, right"``.
    estimate, conf_low, conf_high : float
        The number and its interval; NaN where there is none.
    against : float, optional
        What is compared with the threshold where it is not the estimate, e.g. an interval's upper end.

    Returns
    -------
    Judged
        A row of `rules_frame`; the judgement is empty where there is no number.

    Examples
    --------
    >>> judge("alpha", "empathy", 0.65)["judgement"]
    'warn'
    """
    known = RULES[rule]
    return Judged(
        rule=rule,
        subject=subject,
        estimate=estimate,
        conf_low=conf_low,
        conf_high=conf_high,
        threshold=known.threshold,
        judgement=known.judgement(estimate if against is None else against),
        source=known.source,
    )


def rules_frame(rows: Iterable[Judged]) -> pd.DataFrame:
    """The rows as a frame with the columns of `RULE_COLUMNS`, one row a number judged."""
    return pd.DataFrame(list(rows), columns=list(RULE_COLUMNS))
