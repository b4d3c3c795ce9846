"""What a planned improvement is worth: the fitted chain carried to one benefit and one cost line."""

from __future__ import annotations

import numpy as np
import pandas as pd

from servicefx.economics.lines import cost_line, retention_line
from servicefx.economics.worth import Worth, worth_of
from servicefx.effects.indirect import shift_along
from servicefx.errors import DataError, Problem, StudyError
from servicefx.models.chain import chain_outcomes, fit_chain
from servicefx.models.loyalty import fit_repurchase, is_binary
from servicefx.models.referral import is_told
from servicefx.sections.notes import answering, draw_notes
from servicefx.study.spec import MoneySpec
from servicefx.study.study import Study
from servicefx.values.effect import Effect
from servicefx.values.table import Figure, Phrase, Section, Table

__all__ = ["money_section", "planned_change"]

_BINS = 24


def planned_change(study: Study, money: MoneySpec, seed: int) -> Effect:
    """Change of the share who buy again if the plan succeeds, carried through the fitted chain.

    Parameters
    ----------
    study : Study
    money : MoneySpec
        The plan.
    seed : int
        Of the shared resamples.

    Returns
    -------
    Effect
        In share of customers. The chain's linear equations move every term of the outcome's logit that a
        route through ``plan.through`` reaches; the answer is the mean change of its probability, all on the
        same resamples.

    Raises
    ------
    StudyError
        If no declared route leads from the plan to the outcome.
    DataError
        If the benefit's outcome is not 0/1.
    """
    data = study.data_of(money.benefit.outcome) if money.data is None else money.data
    outcome, plan = money.benefit.outcome, money.plan
    if not is_binary(study, outcome, data):
        raise DataError(
            Problem(
                f"study.toml: money.benefit.outcome, '{outcome}'",
                "it does not hold 0 and 1, so it gives no share of customers kept",
                "Name a 0/1 construct such as 'repurchase'.",
            )
        )
    last = fit_repurchase(study, outcome, data=data, seed=seed)
    terms = [term for term in last.estimates.terms if term in last.sample.frame.columns]
    shifts = {}
    binary = tuple(
        o for o in chain_outcomes(study, data) if is_binary(study, o, data) or is_told(study, o, data)
    )
    if set(chain_outcomes(study, data)) > set(binary):
        chain = fit_chain(study, data, binary=binary, seed=seed)
        for term in terms:
            moved = shift_along(chain, plan.construct, term, plan.through)
            if moved is not None:
                shifts[term] = (moved[0] * plan.change, moved[1] * plan.change)
    elif plan.construct in terms and not plan.through:
        shifts[plan.construct] = (plan.change, np.full(study.draws, plan.change))
    if not shifts:
        route = " → ".join((plan.construct, *plan.through, outcome))
        raise StudyError(
            Problem(
                "study.toml: money.plan",
                f"no declared path leads along {route}",
                "Add the missing [[paths]], or correct 'construct' or 'through'.",
            )
        )
    share, share_draws = last.change(shifts)
    return Effect(
        estimand=(
            f"change in the share with {outcome} when {plan.construct} rises by {plan.change:g}, "
            f"carried along every route of the chain"
            + (f" that passes {', then '.join(plan.through)}" if plan.through else "")
        ),
        unit="share",
        estimate=share,
        draws=share_draws,
        draw_source=(last.draw_source,),
        design="adjusted",
        assumptions=(
            *last.estimates.assumptions,
            "the fitted associations are causal along the plan's path",
            "routes the study file does not declare are not counted",
        ),
    )


@answering("money")
def money_section(study: Study, seed: int | None = None) -> Section | None:
    """Net present value and benefit-cost ratio of the study's plan as distributions.

    Parameters
    ----------
    study : Study
    seed : int
        Of the shared resamples and of the cost's draws; by default the study's.

    Returns
    -------
    Section or None
        Tables ``money`` and ``worth_distribution``, figure ``worth``; None where the study has no [money].
    """
    money = study.spec.money
    if money is None:
        return None
    seed = study.seed if seed is None else seed
    data = study.data_of(money.benefit.outcome) if money.data is None else money.data
    change = planned_change(study, money, seed)
    benefit = retention_line(
        change, customers=money.benefit.customers, margin=money.benefit.margin, currency=money.currency
    )
    cost = cost_line(
        line=money.cost.line,
        amount=money.cost.amount,
        relative_sd=money.cost.relative_sd,
        currency=money.currency,
        seed=seed,
        n_draws=study.draws,
    )
    worth = worth_of(
        benefit,
        cost,
        once=money.cost.once,
        discount_rate=money.discount_rate,
        periods_per_year=money.periods_per_year,
        horizon=money.horizon,
        currency=money.currency,
    )
    net = worth.net_present_value
    low, high = net.interval(study.level)
    histogram = _histogram(net)
    plan_values: dict[str, str | int | float] = {
        "construct": money.plan.construct,
        "change": money.plan.change,
        "currency": money.currency,
        "price_year": money.price_year,
        "horizon": money.horizon,
        "discount_rate": money.discount_rate,
        "customers": money.benefit.customers,
        "margin": money.benefit.margin,
    }
    notes = (
        Phrase(key="note.plan", values=plan_values),
        *_ceiling(study, money, data),
        *draw_notes(study, data, seed, net.n_failed),
        *(Phrase(key="note.assumption", values={"text": text}) for text in net.assumptions),
        Phrase(key="note.level", values={"level": study.level}),
    )
    return Section(
        id="money",
        title=Phrase(key="section.money"),
        findings=(
            Phrase(
                key="finding.worth",
                values=plan_values
                | {
                    "estimate": net.estimate,
                    "conf_low": low,
                    "conf_high": high,
                    "probability": worth.probability_positive,
                },
            ),
        ),
        tables=(
            Table(
                id="money",
                title=Phrase(key="table.money", values=plan_values),
                rows=_rows(study, money, change, benefit, cost, worth),
                notes=notes,
            ),
            Table(id="worth_distribution", title=Phrase(key="table.worth_distribution"), rows=histogram),
        ),
        figures=(
            Figure(
                id="worth",
                kind="distribution",
                title=Phrase(key="figure.worth", values={"currency": money.currency}),
                rows=histogram.assign(
                    estimate=net.estimate, conf_low=low, conf_high=high, unit=money.currency
                ),
                source="worth_distribution",
                notes=notes[:1],
            ),
        ),
        effects=(change, worth.benefit, worth.cost, net, worth.benefit_cost_ratio),
    )


def _rows(
    study: Study, money: MoneySpec, change: Effect, benefit: Effect, cost: Effect, worth: Worth
) -> pd.DataFrame:
    """Every step from the planned change to its worth, one row each."""
    steps = [
        ("change", money.benefit.line, change),
        ("benefit_per_period", money.benefit.line, benefit),
        ("cost_per_period", money.cost.line, cost),
        ("present_value_benefit", money.benefit.line, worth.benefit),
        ("present_value_cost", money.cost.line, worth.cost),
        ("net_present_value", "", worth.net_present_value),
        ("benefit_cost_ratio", "", worth.benefit_cost_ratio),
    ]
    rows = []
    for measure, line, effect in steps:
        low, high = effect.interval(study.level)
        rows.append(
            {
                "measure": measure,
                "line": line,
                "unit": effect.unit,
                "estimate": effect.estimate,
                "conf_low": low,
                "conf_high": high,
                "undefined": effect.undefined,
            }
        )
    rows.append(
        {
            "measure": "probability_positive",
            "line": "",
            "unit": "share",
            "estimate": worth.probability_positive,
            "conf_low": float("nan"),
            "conf_high": float("nan"),
            "undefined": "interval: a share of the draws",
        }
    )
    return pd.DataFrame(rows)


def _ceiling(study: Study, money: MoneySpec, data: str) -> tuple[Phrase, ...]:
    """How many customers the plan would lift beyond the end of the scale."""
    scale = study.scale_of(money.plan.construct)
    if scale is None or money.plan.construct not in study.scores[data]:
        return ()
    score = study.scores[data][money.plan.construct].dropna() + money.plan.change
    beyond = float(((score > scale.max) | (score < scale.min)).mean())
    if beyond == 0:
        return ()
    values: dict[str, str | int | float] = {"share": beyond, "construct": money.plan.construct}
    return (Phrase(key="note.ceiling" if money.plan.change > 0 else "note.floor", values=values),)


def _histogram(effect: Effect) -> pd.DataFrame:
    """Shares of the draws in equal bins."""
    known = effect.draws[~np.isnan(effect.draws)]
    shares, edges = np.histogram(known, bins=_BINS)
    return pd.DataFrame(
        {"bin_low": edges[:-1], "bin_high": edges[1:], "share": shares / max(len(known), 1), "n_rows": shares}
    )
