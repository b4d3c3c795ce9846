"""What predictions have to beat: regressions of items on items, and the training mean."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from servicefx.pls.base_columns import BaseMoments
from servicefx.pls.model import PlsModel
from servicefx.pls.prediction.predictor import Block, Predictor, Technique

__all__ = [
    "REGRESSORS", "Regressors", "linear_predictor", "mean_predictor", "regressors_of", "regressors_read_by",
]  # fmt: skip

Floats = NDArray[np.float64]
Regressors = Literal["antecedents", "exogenous"]
REGRESSORS: tuple[Regressors, ...] = get_args(Regressors)
_SINGULAR = 1e-10


def mean_predictor(base: BaseMoments, block: Block) -> Predictor:
    """The training mean of every item, whatever the row."""
    items = base.places(tuple(item for _, item in block))
    size = (base.n_samples, base.covariance.shape[1], len(block))
    return Predictor(slopes=np.zeros(size), constants=base.item_means[:, items])


def regressors_read_by(technique: Technique) -> Regressors:
    """The regressors whose items a technique reads, so that both know the same of a row."""
    return "antecedents" if technique == "direct" else "exogenous"


def regressors_of(model: PlsModel, construct: str, kind: Regressors) -> tuple[str, ...]:
    """Items that the linear model of a construct's items stands on.

    Parameters
    ----------
    model : PlsModel
    construct : str
        Explained.
    kind : {"antecedents", "exogenous"}
        Items of its direct antecedents (those of the factors of a product, not their products); items of all
        constructs that nothing explains.
    """
    if kind == "exogenous":
        sources = [name for name in model.constructs if name not in {*model.outcomes, *model.lower}]
    else:
        factors = {product.name: (product.left, product.right) for product in model.products}
        sources = [source for term in model.terms(construct) for source in factors.get(term, (term,))]
    return tuple(dict.fromkeys(item for source in sources for item in model.items_of(source)))


def linear_predictor(
    model: PlsModel, base: BaseMoments, n_train: NDArray[np.int64], block: Block, kind: Regressors
) -> tuple[Predictor, dict[tuple[str, str], str]]:
    """Least squares regressions of items on items in every training sample.

    Parameters
    ----------
    model : PlsModel
    base : BaseMoments
        Of B training samples.
    n_train : ndarray of int, shape (B,)
        Their rows.
    block : tuple of (construct, item), length q
    kind : {"antecedents", "exogenous"}
        See `regressors_of`.

    Returns
    -------
    predictor : Predictor
        NaN for items whose regression is refused.
    undefined : dict of (construct, item) to str
        Why: training rows too few for the regressors, regressors that repeat one another in a training
        sample, or an item among its own regressors.
    """
    size = (base.n_samples, base.covariance.shape[1], len(block))
    slopes, constants = np.zeros(size), np.full((base.n_samples, len(block)), np.nan)
    undefined: dict[tuple[str, str], str] = {}
    for construct in dict.fromkeys(name for name, _ in block):
        names = regressors_of(model, construct, kind)
        columns = [at for at, (name, _) in enumerate(block) if name == construct]
        reason = _why_not(base, n_train, names)
        own = [at for at in columns if block[at][1] in names]
        undefined |= {block[at]: "the item is among its own regressors" for at in own}
        if reason:
            undefined |= {block[at]: reason for at in columns}
            continue
        fitted = [at for at in columns if at not in own]
        x, y = base.places(names), base.places(tuple(block[at][1] for at in fitted))
        unit = base.sd[:, x]
        among = base.covariance[:, x][:, :, x] / (unit[:, :, None] * unit[:, None, :])
        with_outcome = base.covariance[:, x][:, :, y] / unit[:, :, None]
        found = np.linalg.solve(among, with_outcome) / unit[:, :, None]
        slopes[np.ix_(range(base.n_samples), x, fitted)] = found
        constants[:, fitted] = base.item_means[:, y] - np.einsum("bx,bxy->by", base.mean[:, x], found)
    return Predictor(slopes=slopes, constants=constants), undefined


def _why_not(base: BaseMoments, n_train: NDArray[np.int64], names: tuple[str, ...]) -> str:
    """Why a regression on these items has no answer in some training sample; empty where all have one."""
    fewest = int(n_train.min())
    if fewest < len(names) + 2:
        return f"{fewest} training rows for {len(names)} regressors and a constant"
    x = base.places(names)
    unit = base.sd[:, x]
    values = np.linalg.eigvalsh(base.covariance[:, x][:, :, x] / (unit[:, :, None] * unit[:, None, :]))
    if (values[:, 0] <= _SINGULAR * values[:, -1]).any():
        return "regressors repeat one another in a training sample"
    return ""
