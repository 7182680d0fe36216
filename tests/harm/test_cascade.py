"""Sections on the cascade: bands and costs, and HateCheck with a teacher."""

import json

import numpy as np
import pyarrow as pa
import pytest

from curate.harm import cascade, taught
from curate.harm.sets import MissingSetError
from tests.conftest import document
from tests.tiny_teachers import checkpoint


def write(path, found):
    path.parent.mkdir(parents=True)
    with pa.output_stream(path, compression="zstd") as stream:
        stream.write("".join(json.dumps(row) + "\n" for row in found).encode())


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setattr(cascade, "SECONDS", 0.0)
    monkeypatch.setattr(cascade, "_teachers", lambda: {"float32": dict.fromkeys(cascade.LENGTHS, 0.5)})
    write(tmp_path / cascade.KINDS[0].file, [{"text": document(i)} for i in range(4)] + [{"text": "kill yourself kys"}])
    write(tmp_path / cascade.KINDS[4].file, [{"text": "씨발 병신 새끼", "hplt_lang": "kor_Hang"}] * 2)
    return tmp_path


def cells(page, start):
    return next([cell.strip() for cell in line.split("|")[1:-1]] for line in page.splitlines() if start in line)


def test_bands_and_costs_are_told_of_the_sets_that_are_there(data):
    page = cascade.section(data)

    assert [cell.split(" %")[0] for cell in cells(page, "| C4 pages, 5")] == [
        "C4 pages, 5",
        "80.0",
        "0.0",
        "0.0",
        "0.0",
        "20.0",
    ]
    assert cells(page, "| crawled snippets")[4].startswith("100.0 %")
    assert cells(page, "| snippets, ko")[1:3] == ["2", "0.0"]
    assert "discussions" not in page


def test_what_passes_costs_what_a_sentence_of_its_length_does(data):
    row = cells(cascade.section(data), "| snippets, ko")

    assert (row[5], row[6], row[-1]) == ("1,000", "100.0 %", "500")


def test_a_folder_without_the_sets_is_said_to_lack_them(tmp_path):
    with pytest.raises(MissingSetError):
        cascade.section(tmp_path)
    with pytest.raises(MissingSetError, match="detoxify_unbiased"):
        taught.section(tmp_path)


def test_a_network_of_berts_size_is_longer_at_work_on_longer_texts():
    costs = cascade._beyond({16: 1.0, 128: 4.0})

    assert (costs[16], costs[256], costs[512]) == (1, 8, 16)


def test_hatecheck_is_scored_where_a_model_lies_beside_it(tmp_path):
    cases = [{"text": f"I fucking hate {group}.", "label": "hateful", "target": group} for group in ("men", "women")]
    cases += [{"text": "The train was late.", "label": "non-hateful", "target": group} for group in ("men", "women")]
    write(tmp_path / taught.HATECHECK, cases)
    write(tmp_path / taught.PAGES, [{"text": document(i)} for i in range(3)])
    (tmp_path / "detoxify_original").symlink_to(checkpoint("original"))

    row = cells(taught.section(tmp_path), "| original")

    assert row[0] == "original"
    assert row[2].startswith("100.0 %")
    assert row[4] == "1.00"


def test_macro_f1_is_the_mean_over_both_classes():
    found, true = np.array([True, True, False, False]), np.array([True, False, False, False])

    assert taught.macro_f1(found, true) == pytest.approx((2 / 3 + 4 / 5) / 2)
    assert taught.macro_f1(true, true) == 1
