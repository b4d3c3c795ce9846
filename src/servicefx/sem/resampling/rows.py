"""The rows behind a fit, checked against it, and the moments of their resamples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from servicefx.errors import DataError, Problem, closest
from servicefx.moments.product_moments import ProductMoments
from servicefx.moments.resample_index import ResampleBlock, resample_blocks
from servicefx.sem.sample import group_label, numbers
from servicefx.sem.sem_fit import SemFit

__all__ = ["GroupRows", "Stratum", "check_same_moments", "left_out_moments", "resampled_moments", "strata_of"]

Floats = NDArray[np.float64]
Triple = tuple[Floats, Floats, Floats]
_MOST_UNITS = 4_000
"""Of more rows, bundles are left out: influence adds up, and the acceleration stays what it is."""
_UNITS_AT_ONCE = 250


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class GroupRows:
    """Rows of one group within a stratum.

    Attributes
    ----------
    group : int
        Position among the model's groups.
    place : ndarray of int, shape (n,)
        Rows of the stratum that are used.
    values : ndarray, shape (n, p)
    weights : ndarray, shape (n,), or None
    """

    group: int
    place: NDArray[np.intp]
    values: Floats
    weights: Floats | None

    @property
    def total(self) -> float:
        """Rows, or the sum of their weights."""
        return float(len(self.values) if self.weights is None else self.weights.sum())


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Stratum:
    """Rows that are resampled together: those of a group, or of all where clusters cross groups.

    Attributes
    ----------
    frame : DataFrame
        All rows, used or not: they share the resamples with other fits to the same data.
    clusters : ndarray, shape (len(frame),), or None
        Codes of the units drawn; None where these are rows.
    blocks : tuple of ResampleBlock
        Seeded resamples.
    groups : tuple of GroupRows
    """

    frame: pd.DataFrame
    clusters: NDArray[np.int64] | None
    blocks: tuple[ResampleBlock, ...]
    groups: tuple[GroupRows, ...]


def strata_of(
    fit: SemFit, data: object, *, draws: int, seed: int, analysis_id: str, cluster: str | None
) -> tuple[Stratum, ...]:
    """Take the fit's rows from its data.

    Parameters
    ----------
    fit : SemFit
        Its items, groups and weights are looked for.
    data : DataFrame, or mapping of str to DataFrame
        As the fit was given them.
    draws, seed, analysis_id
        As `servicefx.moments.product_moments.resample_blocks`; of several groups, each has its own stream.
    cluster : str or None
        Column of the units drawn.

    Returns
    -------
    tuple of Stratum

    Raises
    ------
    DataError
        If the data are moments, lack a column or a group, or hold other rows than the fit's.
    """
    frames = _frames(fit, data)
    columns = [*fit.model.items, *(c for c in (fit.choices.weights, cluster) if c is not None)]
    for label, frame in frames.items():
        absent = [name for name in columns if name not in frame.columns]
        if absent:
            where = f"group '{label}': " if label else ""
            known = [str(name) for name in frame.columns]
            raise DataError(
                *(
                    Problem(
                        f"{where}column '{name}'",
                        f"is not in the data{closest(name, known)}",
                        "Give the fit's data.",
                    )
                    for name in absent
                )
            )
    if cluster is not None:
        frames = {label: frame[frame[cluster].notna()] for label, frame in frames.items()}
    crossing = cluster is not None and len(frames) > 1 and _crossing(frames, cluster, fit.choices.group)
    labels = [list(frames)] if crossing else [[label] for label in frames]
    strata = []
    for members in labels:
        stream = analysis_id if len(labels) == 1 else f"{analysis_id}:{members[0]}"
        frame = pd.concat([frames[label] for label in members]) if crossing else frames[members[0]]
        codes = None if cluster is None else pd.factorize(frame[cluster], sort=True)[0].astype(np.int64)
        blocks = resample_blocks(len(frame), draws, seed, stream, codes)
        groups, begun = [], 0
        for label in members:
            groups.append(_group_rows(fit, frames[label], list(frames).index(label), begun))
            begun += len(frames[label])
        strata.append(Stratum(frame=frame, clusters=codes, blocks=blocks, groups=tuple(groups)))
    rows = tuple(n for _, n in sorted((g.group, len(g.values)) for s in strata for g in s.groups))
    if rows != fit.n_by_group:
        found = f"{_listed(rows)} rows can be used, and the fit used {_listed(fit.n_by_group)}"
        raise DataError(Problem("data", found, "Give the data the model was fitted to."))
    return tuple(strata)


def _frames(fit: SemFit, data: object) -> dict[str, pd.DataFrame]:
    """The data's rows by group, in the model's order."""
    groups, column = fit.model.groups, fit.choices.group
    remedy = "Give the data the model was fitted to."
    if isinstance(data, Mapping) and all(isinstance(part, pd.DataFrame) for part in data.values()):
        parts = {str(label): part for label, part in data.items()}
    elif isinstance(data, pd.DataFrame):
        if column is not None:
            if column not in data.columns:
                found = f"is not in the data{closest(column, [str(name) for name in data.columns])}"
                raise DataError(Problem(f"column '{column}'", found, remedy))
            # a group's name is written as the fit wrote it: whole numbers without a point
            names = {value: group_label(value) for value in data[column].dropna().unique()}
            parts = {name: data[data[column] == value] for value, name in names.items()}
        elif len(groups) == 1:
            parts = {groups[0]: data}
        else:
            raise DataError(Problem("data", "one frame, and the fit's groups came one by one", remedy))
    else:
        found = f"a {type(data).__name__} holds no rows, and resampling draws rows"
        raise DataError(
            Problem("data", found, "Give the rows, as a DataFrame or a mapping of groups to them.")
        )
    missing = [label for label in groups if label not in parts]
    if missing:
        found = f"group '{missing[0]}' of the fit is not there{closest(missing[0], parts)}"
        raise DataError(Problem("data", found, remedy))
    return {label: parts[label] for label in groups}


def _crossing(frames: Mapping[str, pd.DataFrame], cluster: str, group: str | None) -> bool:
    """Whether a cluster has rows in several groups of one frame; separate frames have separate clusters."""
    if group is None:
        return False
    seen: set[object] = set()
    for frame in frames.values():
        own = set(frame[cluster].unique())
        if seen & own:
            return True
        seen |= own
    return False


def _group_rows(fit: SemFit, frame: pd.DataFrame, group: int, begun: int) -> GroupRows:
    values = numbers(frame, fit.model.items)
    gaps = np.isnan(values)
    if fit.choices.missing == "fiml":
        fixed = [fit.model.items.index(name) for name in fit.model.covariates]
        keep = ~gaps.all(axis=1) & ~gaps[:, fixed].any(axis=1)
    else:
        keep = ~gaps.any(axis=1)
    weights = None
    for column in (fit.choices.cluster, fit.choices.weights):
        if column is not None and column in frame.columns:
            keep &= frame[column].notna().to_numpy()
    if fit.choices.weights is not None:
        weights = frame[fit.choices.weights].to_numpy(dtype=np.float64, na_value=np.nan)[keep]
    place = np.flatnonzero(keep)
    used = values if len(place) == len(values) else values[place]
    return GroupRows(group=group, place=place + begun, values=used, weights=weights)


def _listed(counts: tuple[int, ...]) -> str:
    return " and ".join(str(count) for count in counts)


def check_same_moments(fit: SemFit, strata: tuple[Stratum, ...]) -> None:
    """Refuse rows whose moments are not those of the fit.

    Raises
    ------
    DataError
        Naming the first column that differs.
    """
    for stratum in strata:
        for rows in stratum.groups:
            moments = fit.solution.moments[rows.group]
            mean = np.average(rows.values, axis=0, weights=rows.weights)
            away = rows.values - mean
            weight = rows.weights if rows.weights is not None else np.ones(len(away))
            variance = np.einsum("n,np,np->p", weight, away, away) / weight.sum()
            own = np.diag(moments.cov)
            off = ~np.isclose(variance, own, rtol=1e-6, atol=0.0)
            if moments.mean is not None:
                off |= np.abs(mean - moments.mean) > 1e-6 * (np.sqrt(own) + np.abs(mean))
            cross = away.T @ (weight[:, None] * away) / weight.sum()
            off |= (np.abs(cross - moments.cov) > 1e-6 * np.sqrt(np.outer(own, own))).any(axis=0)
            if off.any():
                name = fit.model.items[int(np.argmax(off))]
                found = "has other means or covariances than in the fit"
                raise DataError(Problem(f"column '{name}'", found, "Give the data the model was fitted to."))


def resampled_moments(
    strata: tuple[Stratum, ...], products: Mapping[int, ProductMoments], block: int
) -> Triple:
    """Means (b, G, p), covariances (b, G, p, p) and rows or weights (b, G) of one block of resamples."""
    groups = sum(len(stratum.groups) for stratum in strata)
    found: list[Triple | None] = [None] * groups
    for stratum in strata:
        counts = stratum.blocks[block].counts()
        for rows in stratum.groups:
            own = counts if len(rows.place) == counts.shape[1] else counts[:, rows.place]
            with np.errstate(all="ignore"):
                mean, cov = products[rows.group].moments(own)
            if rows.weights is not None:
                total = own @ rows.weights
            elif own is counts and stratum.clusters is None:
                total = np.full(len(own), float(own.shape[1]))
            else:
                total = own.sum(axis=1, dtype=np.float64)
            found[rows.group] = mean, cov, np.asarray(total, dtype=np.float64)
    known = [triple for triple in found if triple is not None]
    means, covs, totals = zip(*known, strict=True)
    if groups == 1:
        return means[0][:, None], covs[0][:, None], totals[0][:, None]
    return np.stack(means, axis=1), np.stack(covs, axis=1), np.stack(totals, axis=1)


def left_out_moments(strata: tuple[Stratum, ...]) -> Iterator[tuple[int, int, Triple]]:
    """Moments without one row, cluster or (of many rows) bundle of rows each, some units at a time.

    Yields
    ------
    stratum, units : int
        Which stratum the units are of, and how many it has in all.
    moments : tuple of ndarray
        As `resampled_moments`; the weight of a group is what it is with as many units as before.
    """
    whole = _whole(strata)
    for at, stratum in enumerate(strata):
        n = len(stratum.frame)
        if stratum.clusters is not None:
            codes = np.asarray(stratum.clusters, dtype=np.intp)
        else:
            codes = (np.arange(n) * min(n, _MOST_UNITS) // n).astype(np.intp)
        units = int(codes.max()) + 1
        for begin in range(0, units, _UNITS_AT_ONCE):
            end = min(begin + _UNITS_AT_ONCE, units)
            mean, cov, total = (np.repeat(part[None], end - begin, axis=0) for part in whole)
            for rows in stratum.groups:
                own = codes[rows.place]
                chosen = np.flatnonzero((own >= begin) & (own < end))
                g = rows.group
                mean[:, g], cov[:, g], total[:, g] = _without(
                    rows, chosen, own[chosen] - begin, end - begin, (whole[0][g], whole[1][g])
                )
                total[:, g] *= units / (units - 1)
            yield at, units, (mean, cov, total)


def _whole(strata: tuple[Stratum, ...]) -> Triple:
    """Moments of the groups as they are, shapes (G, p), (G, p, p) and (G,)."""
    ordered = sorted((rows for stratum in strata for rows in stratum.groups), key=lambda rows: rows.group)
    means = [np.average(rows.values, axis=0, weights=rows.weights) for rows in ordered]
    covs = [np.atleast_2d(np.cov(rows.values.T, aweights=rows.weights, bias=True)) for rows in ordered]
    return np.array(means), np.array(covs), np.array([rows.total for rows in ordered])


def _without(
    rows: GroupRows,
    chosen: NDArray[np.intp],
    codes: NDArray[np.intp],
    units: int,
    whole: tuple[Floats, Floats],
) -> Triple:
    """Moments of a group without the chosen rows of each of some units."""
    mean, cov = whole
    p = len(mean)
    order = np.argsort(codes, kind="stable")
    chosen, codes = chosen[order], codes[order]
    away = rows.values[chosen] - mean
    weight = np.ones(len(chosen)) if rows.weights is None else rows.weights[chosen]
    heavy = away * weight[:, None]
    sums, products, weights = np.zeros((units, p)), np.zeros((units, p, p)), np.zeros(units)
    there, starts = np.unique(codes, return_index=True)
    if len(there):
        sums[there] = np.add.reduceat(heavy, starts)
        weights[there] = np.add.reduceat(weight, starts)
        each = heavy[:, :, None] * away[:, None, :]
        products[there] = each if len(there) == len(codes) else np.add.reduceat(each, starts)
    left = rows.total - weights
    step = -sums / left[:, None]
    second = (rows.total * cov - products) / left[:, None, None]
    return mean + step, second - step[:, :, None] * step[:, None, :], left
