import numpy as np
import pytest

from servicefx.report.isolines import isolines

X = np.linspace(-2.0, 3.0, 17)
Y = np.linspace(10.0, 14.0, 23)


def surface(f):
    return f(X[None, :], Y[:, None])


def length(line):
    return float(np.hypot(*np.diff(line, axis=0).T).sum())


@pytest.mark.parametrize("scale", [1.0, 1e-9, 1e9, -1.0])
def test_the_line_of_a_plane_is_straight_and_reaches_from_rim_to_rim(scale):
    heights = surface(lambda x, y: scale * (2 * x - 3 * y + 1))
    (line,) = isolines(X, Y, heights, scale * -33.3)
    assert (2 * line[:, 0] - 3 * line[:, 1] + 1) == pytest.approx(-33.3, abs=1e-9)
    ends = np.array(sorted(line.tolist()))[[0, -1]]
    assert length(line) == pytest.approx(np.hypot(*(ends[1] - ends[0])))
    assert all(x in (X[0], X[-1]) or y in (Y[0], Y[-1]) for x, y in ends)


def test_the_lines_of_a_cone_close_and_have_the_length_of_circles():
    heights = surface(lambda x, y: np.hypot(x - 0.4, y - 12.1))
    (line,) = isolines(X, Y, heights, 1.5)
    assert (line[0] == line[-1]).all()
    assert length(line) == pytest.approx(2 * np.pi * 1.5, rel=0.01)
    assert np.hypot(line[:, 0] - 0.4, line[:, 1] - 12.1) == pytest.approx(1.5, abs=0.02)


def test_two_hills_have_two_lines_and_their_saddle_is_not_crossed():
    heights = surface(
        lambda x, y: np.exp(-((x - 1.5) ** 2) - (y - 12) ** 2) + np.exp(-((x + 0.5) ** 2) - (y - 12) ** 2)
    )
    assert len(isolines(X, Y, heights, 0.9)) == 2
    assert len(isolines(X, Y, heights, 0.5)) == 1


@pytest.mark.parametrize(("middle", "is_joined"), [(0.8, True), (-0.8, False)])
def test_a_saddle_in_one_cell_follows_the_mean_of_its_corners(middle, is_joined):
    heights = np.array([[1.0, -1.0], [-1.0, 1.0]]) + middle
    at = np.array([0.0, 1.0])
    lines = isolines(at, at, heights, 0.0)
    assert len(lines) == 2
    # joined: the high corners lie on one side of both lines, so that lines cut off the low corners
    for line in lines:
        corner = (round(float(line[:, 0].mean())), round(float(line[:, 1].mean())))
        assert bool(heights[corner[1], corner[0]] < 0) is is_joined


def test_every_crossing_of_a_rough_surface_is_on_one_line_once():
    heights = np.random.default_rng(5).normal(size=(len(Y), len(X)))
    points = np.concatenate([line if (line[0] != line[-1]).any() else line[1:] for line in
                             isolines(X, Y, heights, 0.2)])  # fmt: skip
    above = heights >= 0.2
    crossed = (above[:, 1:] != above[:, :-1]).sum() + (above[1:] != above[:-1]).sum()
    assert len(points) == crossed
    assert len(np.unique(points.round(12), axis=0)) == crossed


def test_heights_never_reached_gaps_and_single_rows_have_no_line():
    heights = surface(lambda x, y: x + 0 * y)
    assert isolines(X, Y, heights, 5.0) == []
    assert isolines(X, Y, np.full_like(heights, 2.0), 2.0) == []
    assert isolines(X, Y[:1], heights[:1], 0.0) == []
    gap = heights.copy()
    gap[:, 5:9] = np.nan
    assert all((line[:, 0] < X[5]).all() or (line[:, 0] > X[8]).all() for line in isolines(X, Y, gap, 1.9))
    assert isolines(X, Y, gap, float(X[6])) == []
