import numpy as np
import pytest

from servicefx.report.label_places import name_places, overlap

BOUNDS = (0.0, 0.0, 460.0, 420.0)


def crowd(n, seed):
    rng = np.random.default_rng(seed)
    points = [(float(x), float(y)) for x, y in rng.uniform((90, 80), (370, 340), size=(n, 2))]
    return points, [(float(width), 18.0) for width in rng.uniform(40, 110, size=n)]


@pytest.mark.parametrize("seed", range(6))
def test_names_of_thirteen_points_cover_neither_each_other_nor_a_point(seed):
    points, sizes = crowd(13, seed)
    places = np.array(name_places(points, sizes, BOUNDS))
    for at, box in enumerate(places):
        assert overlap(tuple(box), np.delete(places, at, axis=0)).sum() == 0
        dots = np.array([(x - 4.5, y - 4.5, x + 4.5, y + 4.5) for x, y in points])
        assert overlap(tuple(box), dots).sum() == 0
    assert (places[:, :2] >= 0).all()
    assert (places[:, 2:] <= [460, 420]).all()


def test_a_lone_name_stands_to_the_right_of_its_point_and_keeps_its_size():
    ((left, top, right, bottom),) = name_places([(100.0, 100.0)], [(50.0, 16.0)], BOUNDS)
    assert 100 < left < 110
    assert (right - left, bottom - top) == pytest.approx((50.0, 16.0))
    assert (top + bottom) / 2 == pytest.approx(100.0)


def test_a_name_at_the_right_rim_stays_within():
    ((left, _, right, _),) = name_places([(455.0, 100.0)], [(80.0, 16.0)], BOUNDS)
    assert right <= 460
    assert left < 400


def test_points_in_one_place_still_get_names_apart():
    places = np.array(name_places([(200.0, 200.0)] * 5, [(60.0, 16.0)] * 5, BOUNDS))
    for at, box in enumerate(places):
        assert overlap(tuple(box), np.delete(places, at, axis=0)).sum() == 0


def test_no_points_have_no_names():
    assert name_places([], [], BOUNDS) == []
