import json
import re

from servicefx.report.manifest import as_json, build_manifest, sha256_of
from servicefx.report.page import render_report


def test_the_manifest_tells_what_went_in_and_what_came_out(study, sections):
    files = render_report(study, sections)
    manifest = json.loads(files["manifest.json"])
    assert manifest["study_sha256"] == study.study_sha256
    assert manifest["inputs"] == {"customers": {"file": "raw:客户.csv", "sha256": "cd" * 32}}
    assert manifest["drops"] == {"customers": {"rows read": 250, "empty row": 3}}
    assert manifest["settings"] == {"draws": 1000, "level": 0.95, "missing_data": "scores"}
    assert manifest["refusals"][0]["section"] == "composite"
    assert sorted(manifest["outputs"]) == sorted(set(files) - {"manifest.json"})
    assert set(manifest["versions"]) >= {"python", "servicefx", "numpy", "pandas", "scipy", "statsmodels"}
    assert not re.search(rb"/(home|root|tmp|work)/|\d{4}-\d\d-\d\dT", files["manifest.json"])


def test_a_manifest_does_not_list_itself(study):
    manifest = build_manifest(study, [], {"manifest.json": b"", "a/b.csv": b"x"})
    assert manifest["outputs"] == {"a/b.csv": sha256_of(b"x")}


def test_json_is_canonical():
    assert as_json({"b": 1, "a": "客"}) == '{\n  "a": "客",\n  "b": 1\n}\n'.encode()
