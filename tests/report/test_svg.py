import itertools

import pytest

from servicefx.report.svg import escaped, text_width, ticks, wrapped

LONG = {
    "english": "Individual attention and understanding of what each customer needs most",
    "chinese": "我对售后服务人员的专业知识和耐心程度感到非常满意并愿意再次购买该品牌的其他产品",
    "no spaces": "facilities_equipment_and_staff_appearance_without_any_space_at_all",
}


@pytest.mark.parametrize("name", LONG)
@pytest.mark.parametrize("lines", [1, 2, 3])
def test_a_long_name_is_wrapped_within_its_width(name, lines):
    out = wrapped(LONG[name], 120.0, 12.0, lines)
    assert len(out) <= lines
    assert all(text_width(line, 12.0) <= 120.0 for line in out)
    assert out[-1].endswith("…")


def test_a_name_that_fits_is_left_alone():
    assert wrapped("Trust in  the firm", 200.0, 12.0) == ["Trust in the firm"]


def test_wrapping_loses_no_letter():
    for text in LONG.values():
        assert "".join(wrapped(text, 90.0, 12.0, 99)).replace(" ", "") == text.replace(" ", "")


def test_an_empty_name_is_one_empty_line():
    assert wrapped("", 50.0, 12.0) == [""]


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-0.03, 0.002), (-3e6, 9e6), (4.9, 5.1), (-1, 0)])
def test_ticks_cover_the_range_in_even_steps(low, high):
    marks = ticks(low, high)
    steps = [b - a for a, b in itertools.pairwise(marks)]
    assert marks[0] <= low
    assert marks[-1] >= high
    assert 3 <= len(marks) <= 9
    assert max(steps) == pytest.approx(min(steps))


def test_ticks_of_no_range_are_one():
    assert ticks(2.0, 2.0) == [2.0]
    assert ticks(float("nan"), 1.0) == [0.0]


def test_markup_is_escaped():
    assert escaped("<a b='c'>&") == "&lt;a b=&#x27;c&#x27;&gt;&amp;"
