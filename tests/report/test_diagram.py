import itertools
import re
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from servicefx.report.figures import render_figure
from servicefx.report.layers import layered, placed
from servicefx.report.seats import around, free_place
from servicefx.values.table import Figure, Phrase

SVG = "{http://www.w3.org/2000/svg}"
DIMENSIONS = ("reliability", "responsiveness", "assurance", "empathy", "tangibles")


def drawn(edges, estimates=None):
    estimates = np.full(len(edges), 0.3) if estimates is None else np.asarray(estimates)
    rows = pd.DataFrame(edges, columns=["from", "to"]).assign(
        estimate=estimates, conf_low=estimates - 0.1, conf_high=estimates + 0.1
    )
    figure = Figure(
        id="d", kind="diagram", title=Phrase(key="note.text", values={"text": "t"}), rows=rows, source="s"
    )
    return ElementTree.fromstring(render_figure(figure, str))


def rectangles(root, css):
    names = ("x", "y", "width", "height")
    found = [
        [float(r.get(n)) for n in names]
        for r in root.iter(f"{SVG}rect")
        if r.get("class") == css and r.get("x")
    ]
    return [(x, y, x + width, y + height) for x, y, width, height in found]


def overlap(a, b):
    return min(a[2], b[2]) - max(a[0], b[0]) > 0 and min(a[3], b[3]) - max(a[1], b[1]) > 0


MODELS = {
    "chain": [("a", "b"), ("b", "c")],
    "drivers": [*((d, "satisfaction") for d in DIMENSIONS), ("satisfaction", "loyalty")],
    "skipping": [("a", "b"), ("b", "c"), ("a", "c"), ("c", "d"), ("a", "d"), ("b", "d")],
    "ecsi": [
        ("image", "expectation"), ("expectation", "quality"), ("quality", "value"), ("expectation", "value"),
        ("image", "satisfaction"), ("expectation", "satisfaction"), ("quality", "satisfaction"),
        ("value", "satisfaction"), ("satisfaction", "complaints"), ("satisfaction", "loyalty"),
        ("image", "loyalty"), ("complaints", "loyalty"),
    ],
    "cycle": [("a", "b"), ("b", "c"), ("c", "a"), ("a", "a"), ("b", "a")],
    "apart": [("a", "b"), ("c", "d")],
}  # fmt: skip


@pytest.mark.parametrize("name", MODELS)
def test_labels_cover_no_box_and_boxes_no_other(name):
    root = drawn(MODELS[name])
    boxes = rectangles(root, "fx-box")
    patches = rectangles(root, "fx-ground")
    assert len(boxes) == len({end for edge in MODELS[name] for end in edge})
    assert len(patches) == len(MODELS[name])
    assert not [pair for pair in itertools.combinations(boxes, 2) if overlap(*pair)]
    assert not [(a, b) for a in patches for b in boxes if overlap(a, b)]
    assert not [pair for pair in itertools.combinations(patches, 2) if overlap(*pair)]


@pytest.mark.parametrize("name", MODELS)
def test_everything_lies_inside_the_view(name):
    root = drawn(MODELS[name])
    _, _, width, height = map(float, root.get("viewBox").split())
    shift = float(re.search(r"translate\(([-0-9.]+)", root.find(f"{SVG}g").get("transform"))[1])
    for left, top, right, bottom in rectangles(root, "fx-box") + rectangles(root, "fx-ground"):
        assert left + shift >= 0
        assert top >= 0
        assert right + shift <= width
        assert bottom <= height


def test_an_interval_over_zero_is_dashed_and_a_negative_path_has_its_own_colour():
    root = drawn([("a", "b"), ("b", "c"), ("c", "d")], [0.5, -0.5, 0.05])
    lines = [path for path in root.iter(f"{SVG}path")]
    assert [path.get("stroke-dasharray") is not None for path in lines] == [False, False, True]
    assert [path.get("class") for path in lines] == ["fx-s0-line", "fx-s1-line", "fx-s0-line"]
    assert float(lines[0].get("stroke-width")) > float(lines[2].get("stroke-width"))


def test_estimates_that_are_missing_leave_an_arrow():
    root = drawn([("a", "b"), ("b", "c")], [float("nan"), 0.2])
    assert len(list(root.iter(f"{SVG}path"))) == 2


def test_arrows_run_down_and_cycles_are_set_apart():
    layering = layered(3, [(0, 1), (1, 2), (2, 0), (1, 1)])
    assert layering.layers == ((0,), (1,), (2,))
    assert layering.rising == ((2, 0), (1, 1))


def test_a_node_without_causes_stands_just_above_its_effect():
    layering = layered(4, [(0, 1), (1, 2), (3, 2)])
    assert [set(layer) for layer in layering.layers] == [{0}, {1, 3}, {2}]


def test_a_long_edge_has_a_slot_in_every_layer_between():
    layering = layered(3, [(0, 1), (1, 2), (0, 2)])
    assert len(layering.chains[0, 2]) == 3
    assert layering.chains[0, 2][1] in layering.layers[1]


def test_crossings_that_can_be_avoided_are():
    layering = layered(4, [(0, 3), (1, 2)])
    above, below = layering.layers
    assert [{0: 3, 1: 2}[node] for node in above] == list(below)


def test_neighbours_keep_their_distance():
    layering = layered(6, [(node, 5) for node in range(5)])
    widths = dict.fromkeys(range(6), 100.0)
    centre = placed(layering, widths, gap=10.0)
    row = [centre[slot] for slot in layering.layers[0]]
    assert min(b - a for a, b in itertools.pairwise(row)) >= 110.0 - 1e-9
    assert centre[5] == pytest.approx(sum(row) / 5)


def test_a_label_moves_along_its_arrow_when_its_place_is_taken():
    points = [(0.0, 0.0), (0.0, 300.0)]
    free = free_place(points, [], 0.5, [])
    assert free == (0.0, 150.0)
    moved = free_place(points, [], 0.5, [around(free)])
    assert abs(moved[1] - free[1]) >= 27
