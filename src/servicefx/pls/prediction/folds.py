"""Folds: which rows are held out together, drawn from the study's seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from servicefx.errors import DataError, Problem, StudyError
from servicefx.pls.cluster_codes import check_labels, cluster_codes
from servicefx.pls.pls_fit import PlsFit, check_fit
from servicefx.pls.sample import sample_of
from servicefx.sem.choices import whole_number

__all__ = ["Folding", "drawn_folds", "folding", "given_folds"]

Places = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Folding:
    """Which of the used rows are held out together.

    Attributes
    ----------
    used : ndarray of bool, shape (n_rows,)
        Rows of the data that enter.
    fold : ndarray of int, shape (repetitions, n_obs)
        Number of each used row's fold.
    clusters : ndarray, shape (n_obs,), or None
        Cluster labels of the used rows.
    how : str
        Folds, repetitions and seed in words.
    """

    used: NDArray[np.bool_]
    fold: NDArray[np.intp]
    clusters: NDArray[np.object_] | None
    how: str

    @property
    def n_folds(self) -> int:
        """Folds of a repetition."""
        return int(self.fold.max()) + 1


def folding(
    fits: Sequence[PlsFit],
    data: pd.DataFrame,
    *,
    folds: int,
    repetitions: int,
    seed: int,
    analysis_id: str,
    clusters: ArrayLike | pd.Series | None,
    fold_index: ArrayLike | None,
) -> Folding:
    """The folds asked for, of rows with an answer to every item of every model.

    Arguments and errors as `servicefx.pls.predict`.
    """
    for fit in fits:
        check_fit(fit)
    samples = [sample_of(fit.model, data, "listwise") for fit in fits]
    used: NDArray[np.bool_] = np.logical_and.reduce([sample.used for sample in samples])
    labels = None if clusters is None else np.asarray(clusters, dtype=object)
    if labels is not None:
        check_labels("clusters", len(labels), len(used))
    within = None if labels is None else labels[used]
    if fold_index is None:
        fold = drawn_folds(int(used.sum()), folds, repetitions, seed, analysis_id, within)
    else:
        fold = given_folds(fold_index, len(used), used)
    how = f"{int(fold.max()) + 1} folds, {len(fold)} repetition{'s' if len(fold) > 1 else ''}, "
    if fold_index is not None:
        how += "folds given by the caller"
    else:
        how += f"{'clusters held out whole, ' if clusters is not None else ''}seed {seed}"
    return Folding(used=used, fold=fold, clusters=within, how=how)


def drawn_folds(
    n_obs: int,
    folds: int,
    repetitions: int,
    seed: int,
    analysis_id: str,
    clusters: ArrayLike | pd.Series | None = None,
) -> Places:
    """Rows dealt to folds at random, several times.

    Parameters
    ----------
    n_obs : int
        Rows.
    folds : int
        From 2 to the number of rows, or of clusters.
    repetitions : int
        Times the rows are dealt anew; more of them leave the first ones as they were. Once where each row, or
        cluster, is a fold of its own.
    seed : int
        The study's seed.
    analysis_id : str
        Name of the data file; another name gives another stream.
    clusters : array_like, shape (n_obs,), optional
        Rows of one cluster are held out together: each cluster, in random order, goes to the fold that has
        the fewest rows so far.

    Returns
    -------
    ndarray of int, shape (repetitions, n_obs)
        Number of each row's fold from 0. Without clusters, sizes differ by one row at most.

    Raises
    ------
    StudyError
        If folds, repetitions or seed are no whole numbers in their ranges.
    DataError
        If there are more folds than rows or clusters, or a row belongs to no cluster.

    Examples
    --------
    >>> np.bincount(drawn_folds(23, 5, 1, seed=1, analysis_id="customers")[0]).tolist()
    [5, 5, 5, 4, 4]
    """
    problems = whole_number("folds", folds, 2, "Choose e.g. 10.")
    problems += whole_number("repetitions", repetitions, 1, "Choose e.g. 10.")
    problems += whole_number("seed", seed, 0, "Choose e.g. the study's seed.")
    if problems:
        raise StudyError(*problems)
    codes = np.arange(n_obs) if clusters is None else cluster_codes(clusters, n_obs)
    n_units = int(codes.max()) + 1
    if folds > n_units:
        what = "rows" if clusters is None else "clusters"
        found = f"{folds}, but only {n_units} {what} to hold out"
        raise DataError(Problem("folds", found, f"Choose at most {n_units}."))
    if folds == n_units:
        repetitions = 1
    sizes = np.bincount(codes)
    found_folds = np.empty((repetitions, n_obs), dtype=np.intp)
    for number in range(repetitions):
        rng = np.random.default_rng([seed, *analysis_id.encode(), number])
        order = rng.permutation(n_units)
        found_folds[number] = _dealt(order, sizes, folds)[codes]
    return found_folds


def given_folds(fold_index: ArrayLike, n_rows: int, used: NDArray[np.bool_]) -> Places:
    """Folds that the caller chose.

    Parameters
    ----------
    fold_index : array_like, shape (n_rows,) or (n_rows, repetitions)
        A label for every row of the data, whether it is used or not.
    n_rows : int
        Rows of the data.
    used : ndarray of bool, shape (n_rows,)
        Rows that enter.

    Returns
    -------
    ndarray of int, shape (repetitions, number of used rows)
        Numbers from 0 in the order of the sorted labels.

    Raises
    ------
    DataError
        If labels and rows do not match, a used row has no label, or there is but one fold.
    """
    given = np.asarray(fold_index, dtype=object)
    if given.ndim not in (1, 2):
        found = f"labels of shape {given.shape}, one column a repetition expected"
        raise DataError(Problem("fold_index", found, "Give one label a row of the data."))
    labels = pd.DataFrame(given)
    check_labels("fold_index", len(labels), n_rows)
    chosen = labels.loc[used]
    numbers = np.empty((labels.shape[1], len(chosen)), dtype=np.intp)
    for at in range(labels.shape[1]):
        codes, uniques = pd.factorize(chosen.iloc[:, at], sort=True)
        if (codes < 0).any():
            found = f"{int((codes < 0).sum())} rows have no fold"
            raise DataError(Problem("fold_index", found, "Label every row."))
        if len(uniques) < 2:
            found = f"{len(uniques)} fold, at least 2 expected"
            raise DataError(Problem("fold_index", found, "Divide the rows into more folds."))
        numbers[at] = codes
    return numbers


def _dealt(order: Places, sizes: Places, folds: int) -> Places:
    """Fold of every unit, shape (n_units,)."""
    fold = np.empty(len(order), dtype=np.intp)
    if sizes.max() == 1:
        fold[order] = np.arange(len(order)) % folds
        return fold
    filled = np.zeros(folds, dtype=np.intp)
    for at, unit in enumerate(order):
        # the first units open the folds, so that none stays empty
        fold[unit] = at if at < folds else int(filled.argmin())
        filled[fold[unit]] += sizes[unit]
    return fold
