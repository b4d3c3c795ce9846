import math

import pytest

from servicefx.report.axes import mark_texts, with_interval
from servicefx.report.plane import clipped, limits, plane_below
from servicefx.report.svg import Drawing, ticks


def plane(x=(0.0, 10.0), y=(-1.0, 1.0)):
    return plane_below(Drawing("p", 460, "t", "d"), ("x", "y"), (x, y), 20.0, 200.0)


def test_numbers_lie_in_proportion_between_the_sides():
    one = plane()
    assert (one.x(0.0), one.x(10.0)) == (one.left, one.right)
    assert (one.y(-1.0), one.y(1.0)) == (one.bottom, one.top)
    assert one.x(2.5) == pytest.approx(one.left + (one.right - one.left) / 4)
    assert one.y(0.5) == pytest.approx(one.top + (one.bottom - one.top) / 4)


def test_a_number_beyond_the_side_lies_on_it():
    one = plane()
    assert (one.x(math.inf), one.x(-3.0), one.y(math.inf)) == (one.right, one.left, one.top)


@pytest.mark.parametrize(
    "span", [(0.0, 1.0), (-3e8, 2e9), (1e-12, 9e-12), (-5.0, -4.9), (1e5, 1e5 + 0.4), (-1e17, 1e17)]
)
def test_numbers_along_a_side_are_within_it_even_and_all_different(span):
    marks = plane(x=span).x_marks
    assert 2 <= len(marks) <= 9
    slack = 1e-6 * (span[1] - span[0])
    assert all(span[0] - slack <= mark <= span[1] + slack for mark in marks)
    texts = mark_texts(list(marks))
    assert len(set(texts)) == len(texts)


def test_tiny_steps_are_not_rounded_away():
    assert ticks(1e-14, 3e-14)[1] - ticks(1e-14, 3e-14)[0] > 0


@pytest.mark.parametrize(
    ("marks", "expected"),
    [
        ([0.0, 0.25, 0.5], ["0.00", "0.25", "0.50"]),
        ([-2.0, 0.0, 2.0], ["−2", "0", "2"]),
        ([10_000.0, 20_000.0], ["10k", "20k"]),
        ([-2.5e9, 0.0, 2.5e9], ["−2.5bn", "0.0", "2.5bn"]),
        ([100_000.0, 100_000.2], ["100,000.0", "100,000.2"]),
        ([0.00001, 0.000012], ["1.0×10⁻⁵", "1.2×10⁻⁵"]),
        ([0.0], ["0"]),
        ([], []),
    ],
)
def test_numbers_of_a_side_have_the_decimals_of_their_step(marks, expected):
    assert mark_texts(marks) == expected


def test_ends_of_a_number_line_leave_out_what_is_not_a_number():
    assert limits([1.0, math.nan, 5.0, math.inf], 0.25) == (0.0, 6.0)
    assert limits([0.0, 0.0]) == (-1.0, 1.0)
    low, high = limits([-4.0])
    assert low < -4.0 < high


def test_an_estimate_without_an_interval_stands_alone():
    assert with_interval((0.25, math.nan, math.nan)) == "0.25"
    assert with_interval((-12.0, -14.5, -9.0)) == "−12.00 [−14.50,\xa0−9.00]"


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ((0.0, 0.0), (4.0, 4.0), ((0.0, 0.0), (2.0, 2.0))),
        ((1.0, -5.0), (1.0, 9.0), ((1.0, 0.0), (1.0, 2.0))),
        ((-1.0, 3.0), (3.0, 3.0), None),
        ((5.0, 0.0), (6.0, 1.0), None),
        ((0.5, 0.5), (math.nan, 1.0), None),
    ],
)
def test_lines_are_cut_at_the_rim(start, end, expected):
    assert clipped(start, end, (0.0, 2.0), (0.0, 2.0)) == expected
