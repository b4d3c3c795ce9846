import pytest

from servicefx.report import numerals


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.0, "0.000"),
        (-0.0, "0.000"),
        (5.0, "5.000"),
        (-12.345, "−12.35"),
        (999.96, "1,000.0"),
        (123456.7, "123,457"),
        (0.00015, "0.00015"),
        (float("nan"), "–"),
        (float("inf"), "∞"),
        (float("-inf"), "−∞"),
    ],
)
def test_estimates_keep_about_three_digits(value, expected):
    assert numerals.estimate(value) == expected


def test_a_number_rounded_to_zero_loses_its_sign():
    assert numerals.estimate(-0.0004, decimals=2) == "0.00"
    assert numerals.share(-0.0001) == "0.0%"


def test_tiny_intervals_are_not_shown_as_zero():
    assert numerals.interval(0.00011, 0.00019) == "[0.00011,\xa00.00019]"


def test_an_interval_without_an_end_is_a_dash():
    assert numerals.interval(float("nan"), 1.0) == numerals.NOTHING


def test_an_unknown_role_is_refused():
    with pytest.raises(KeyError, match="weight"):
        numerals.shown(1.0, "weight")
