"""What cannot be compared is refused in the reader's words, all faults at once."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servicefx import pls
from servicefx.errors import DataError, IdentificationError, StudyError
from servicefx.moments.moments import Moments
from servicefx.pls.groups.comparison import compare_groups
from servicefx.pls.groups.micom import micom

MODEL = "q =~ q1 + q2; s <~ s1 + s2; s ~ q"


def survey(n: int = 100) -> pd.DataFrame:
    rng = np.random.default_rng(2)
    q = rng.normal(size=n)
    noise = rng.normal(size=(n, 4))
    items = {f"{name}{at}": q + noise[:, 2 * (name == "s") + at - 1] for name in "qs" for at in (1, 2)}
    return pd.DataFrame(items | {"outlet": ["north", "south"] * (n // 2)})


@pytest.mark.parametrize("ask", [micom, compare_groups])
def test_two_groups_of_twelve_people_are_refused_by_name_and_number(ask):
    with pytest.raises(
        DataError, match="group 'north' of 'outlet': 12 rows with answers, at least 20"
    ) as found:
        ask(MODEL, survey(24), "outlet")
    assert "group 'south' of 'outlet': 12 rows" in str(found.value)


def test_a_group_counts_by_the_rows_that_are_used():
    data = survey()
    data.loc[data["outlet"].eq("south") & (data.index > 30), "q1"] = np.nan
    with pytest.raises(DataError, match="group 'south' of 'outlet': 15 rows"):
        micom(MODEL, data, "outlet")
    assert micom(pls.fit(MODEL, data, missing="mean"), data, "outlet", permutations=19).counts["south"] == 50


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"outlet": "north"}, "group column 'outlet': only the group 'north', two groups or more expected"),
        ({"outlet": np.nan}, "group column 'outlet': no answer in any row"),
        ({"outlet": np.arange(100)}, "group column 'outlet': 100 different values, at most 20"),
        ({"s1": "x"}, "column 's1': holds text"),
    ],
)
def test_columns_that_tell_no_groups_apart_are_refused(change, message):
    with pytest.raises(DataError, match=message):
        micom(MODEL, survey().assign(**change), "outlet")


def test_an_unknown_group_column_is_answered_with_the_closest():
    with pytest.raises(DataError, match=r"group column 'outlets': not in the data \(closest: 'outlet'\)"):
        compare_groups(MODEL, survey(), "outlets")
    with pytest.raises(StudyError, match="group column 'q1': an item of the model too"):
        micom(MODEL, survey(), "q1")
    with pytest.raises(StudyError, match=r"groups: 'nort' is no value of group column 'outlet'.*'north'"):
        micom(MODEL, survey(), "outlet", groups=["nort", "south"])
    with pytest.raises(StudyError, match="two different groups or more expected"):
        micom(MODEL, survey(), "outlet", groups=["south", "south"])
    with pytest.raises(StudyError, match="groups: the text 'north', a list of labels expected"):
        micom(MODEL, survey(), "outlet", groups="north")


def test_items_that_do_not_vary_within_a_group_are_named_with_it():
    data = survey()
    data.loc[data["outlet"] == "south", "q1"] = 4.0
    data.loc[data["outlet"] == "north", "s2"] = 1.0
    with pytest.raises(
        DataError, match="group 'south' of 'outlet', item 'q1': holds the same value"
    ) as found:
        micom(MODEL, data, "outlet")
    assert "group 'north' of 'outlet', item 's2'" in str(found.value)
    gaps = survey()
    gaps.loc[gaps["outlet"] == "south", "q1"] = np.nan
    with pytest.raises(DataError, match="group 'south' of 'outlet', item 'q1': has no answer"):
        micom(pls.fit(MODEL, survey(), missing="mean"), gaps, "outlet")


def test_items_that_repeat_one_another_within_a_group_are_refused_where_weights_need_them_apart():
    data = survey()
    data["s2"] = data["s2"].where(data["outlet"] == "north", data["s1"])
    with pytest.raises(IdentificationError, match="group 'south' of 'outlet': the model has no answer in it"):
        micom(MODEL, data, "outlet")
    with pytest.raises(IdentificationError, match="group 'south' of 'outlet': the model has no answer"):
        compare_groups(MODEL, data, "outlet")


def test_choices_that_are_not_known_are_listed_all_at_once():
    with pytest.raises(StudyError, match="method: 'permutations' is not known") as found:
        compare_groups(MODEL, survey(), "outlet", method="permutations", adjust="holms", quantities=("path",))
    assert "adjust: 'holms'" in str(found.value)
    assert "quantities: 'path'" in str(found.value)
    with pytest.raises(StudyError, match="permutations: 18, a whole number from 19 expected"):
        micom(MODEL, survey(), "outlet", permutations=18)
    with pytest.raises(StudyError, match="units: 'both' is not known"):
        micom(MODEL, survey(), "outlet", units="both")
    with pytest.raises(StudyError, match="level: 95 is not between 0 and 1"):
        micom(MODEL, survey(), "outlet", level=95)


def test_clusters_that_give_no_fair_division_are_refused():
    data = survey()
    few = np.where(data["outlet"] == "north", 0, 10) + np.arange(100) // 40
    with pytest.raises(DataError, match="3 of group 'north' and 3 of 'south' can be divided in 20 ways only"):
        micom(MODEL, data, "outlet", clusters=few)
    with pytest.raises(DataError, match="some hold rows of both 'north' and 'south', but welch take"):
        compare_groups(MODEL, data, "outlet", method="welch", clusters=np.arange(100) // 4)
    with pytest.raises(DataError, match="clusters: 1 of 100 rows belong to no cluster"):
        micom(MODEL, data, "outlet", clusters=[None, *range(99)])
    with pytest.raises(DataError, match="clusters: 3 labels for 100 rows"):
        micom(MODEL, data, "outlet", clusters=[1, 2, 3])


def test_moments_have_no_rows_to_permute():
    moments = Moments.from_frame(survey().drop(columns="outlet"))
    with pytest.raises(DataError, match="data: a Moments, but groups are compared by their rows"):
        micom(MODEL, moments, "outlet")


def test_invariance_of_other_groups_is_refused():
    data = survey().assign(half=["x"] * 50 + ["y"] * 50)
    other = micom(MODEL, data, "half", permutations=19)
    with pytest.raises(StudyError, match="invariance: of the groups of 'half'"):
        compare_groups(MODEL, data, "outlet", permutations=19, invariance=other)


def test_items_not_turned_or_on_other_scales_in_a_group_are_problems_of_step_one():
    data = survey()
    turned = data.assign(s1=data["s1"].where(data["outlet"] == "north", -data["s1"]))
    told = [str(problem) for problem in micom(MODEL, turned, "outlet", permutations=19).problems]
    assert any("loads -0." in each and "on 's' in 'south'" in each for each in told)
    points = (data["q1"] * 1.5 + 4).round().clip(1, 7)
    short = data.assign(q1=points.where(data["outlet"] == "north", points.clip(3, 5)))
    told = [str(problem) for problem in micom(MODEL, short, "outlet", permutations=19).problems]
    assert any("item 'q1': answers from 1 to 7 in 'north', from 3 to 5 in 'south'" in each for each in told)
    assert micom(MODEL, data, "outlet", permutations=19).problems == ()


def test_groups_small_for_their_model_are_told():
    found = micom("q =~ q1 + q2; s <~ s1 + s2 + s3; s ~ q", survey(50).assign(s3=np.arange(50) % 7), "outlet",
                  permutations=19)  # fmt: skip
    assert "25 rows for a regression on 3, 10 for each advised" in str(found.problems[0])


def test_inadmissible_permutations_are_counted():
    rng = np.random.default_rng(1)
    noise = pd.DataFrame(rng.normal(size=(80, 4)), columns=["q1", "q2", "s1", "s2"])
    noise["q2"] += 0.4 * noise["q1"]
    noise["s2"] += 0.4 * noise["s1"]
    noise[["s1", "s2"]] += 0.4 * noise[["q1", "q2"]].to_numpy()
    data = noise.assign(outlet=["north", "south"] * 40)
    fit = pls.fit("q =~ q1 + q2; s =~ s1 + s2; s ~ q", data, consistent=True)
    found = micom(fit, data, "outlet", permutations=99)
    assert any("of 99 are inadmissible" in str(problem) for problem in found.problems)
    assert any("common factors behind them" in note for note in found.notes)
    frame = compare_groups(fit, data, "outlet", method="all", permutations=99, draws=99)
    assert any("of 99 are inadmissible" in str(each) for each in frame.attrs["problems"])


@pytest.mark.parametrize("group", [pd.Series([0, 1] * 60), ["g"], 3, None])
@pytest.mark.parametrize("function", [pls.micom, pls.compare_groups])
def test_groups_are_named_by_a_column(function, group):
    with pytest.raises(StudyError, match=r"group: a \w+, the name of a column of the data expected"):
        function(
            "x =~ a + b; y =~ c + d; y ~ x", pd.DataFrame(np.zeros((120, 4)), columns=list("abcd")), group
        )
