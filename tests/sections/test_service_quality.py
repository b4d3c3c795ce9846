from __future__ import annotations

from types import ModuleType

import pytest

from servicefx.measurement.quality_index import quality_index
from servicefx.measurement.servqual import servqual
from servicefx.report.words import say
from servicefx.sections.service_quality import service_quality_section


def test_tables_and_findings_are_the_numbers_of_their_functions(made: ModuleType) -> None:
    study = made.quality_study(measurement={"segments": ["channel"]})
    section = service_quality_section(study)
    assert section is not None
    found = {table.id: table.rows for table in section.tables}
    assert found["servqual"]["estimate"].tolist() == servqual(study).dimensions["estimate"].tolist()
    index = quality_index(study).index
    assert found["quality_index"]["estimate"].tolist() == index["estimate"].tolist()
    assert found["quality_index"]["segment"].tolist() == ["all", "channel", "channel"]
    whole = index.iloc[0]
    assert [say(finding, str) for finding in section.findings] == [
        f"Service quality stands at {whole['estimate']:.1f} of 100 "
        f"[{whole['conf_low']:.1f}, {whole['conf_high']:.1f}]."
    ]


@pytest.mark.parametrize(
    ("shift", "key"), [(1.0, "finding.gap_short"), (-1.0, "finding.gap_open"), (0.0, "finding.gap_open")]
)
def test_the_widest_gap_is_told_with_the_side_it_lies_on(made: ModuleType, shift: float, key: str) -> None:
    frame = made.quality_frame()
    table = made.quality_constructs()
    for name, stem in (("tangibles", "tan"), ("reliability", "rel")):
        expected = [f"{stem}{at}_e" for at in (1, 2, 3)]
        more = 0.5 * shift if stem == "tan" else shift
        frame[expected] = frame[[f"{stem}{at}" for at in (1, 2, 3)]].to_numpy() + more
        frame.loc[::2, expected] += 0.2
        frame.loc[1::2, expected] -= 0.2
        table[name]["expectation"] = expected
    section = service_quality_section(made.quality_study(frame, constructs=table))
    assert section is not None
    finding = section.findings[-1]
    assert finding.key == key
    if shift:
        assert finding.values["construct"] == ("reliability" if shift > 0 else "tangibles")
        assert finding.values["estimate"] == pytest.approx(-shift if shift > 0 else 0.5, abs=1e-9)


def test_without_expectations_nothing_is_said_of_gaps(made: ModuleType) -> None:
    section = service_quality_section(made.quality_study())
    assert section is not None
    keys = {note.key for table in section.tables for note in table.notes}
    assert "note.servperf" in keys
    assert "note.servqual" not in keys


def test_without_dimensions_there_is_no_section(made: ModuleType) -> None:
    only = {name: made.quality_constructs()[name] for name in ("satisfaction", "loyalty")}
    assert service_quality_section(made.quality_study(constructs=only)) is None


def test_dimensions_without_a_scale_have_no_index_and_say_so(made: ModuleType) -> None:
    table = made.quality_constructs()
    for one in table.values():
        del one["scale"]
    section = service_quality_section(made.quality_study(constructs=table))
    assert section is not None
    assert [table.id for table in section.tables] == ["servqual"]
    notes = [say(note, str) for note in section.tables[0].notes]
    assert any(note.startswith("Not answered: index of service quality: ") for note in notes)
