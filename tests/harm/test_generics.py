import re
from pathlib import Path

import pyarrow as pa
import pytest

from curate.harm import generics
from curate.harm.sets import MissingSetError
from curate.models.stereotype import LANGUAGES

NAMES = [
    "Albanian",
    "Angolan",
    "Armenian",
    "Belgian",
    "Bolivian",
    "Chilean",
    "Croatian",
    "Estonian",
    "Fijian",
    "German",
]


@pytest.fixture
def data(tmp_path) -> Path:
    """A folder as `../shared/data`, with a few made sentences."""
    lines = ["sentence,generalizing,promoting,identity,attribute"]
    for name in NAMES:
        lines += [f"{name}s are lazy and very rude,1,,{name},lazy", f"Two {name}s won a match in May,0,,{name},match"]
    (tmp_path / "bias_genil").mkdir()
    for language in LANGUAGES:
        with pa.output_stream(tmp_path / f"bias_genil/{language}.csv.zst", compression="zstd") as stream:
            stream.write("\n".join(lines if language == "en" else lines[:1]).encode())
    return tmp_path


def test_figures_of_a_set_that_is_easy(data):
    found = generics.section(data)

    assert re.search(r"\| all \| 20 \| 10 \| 1\.000 \[1\.000, 1\.000\] \|", found)
    assert re.search(r"\| strict \| 10 \| 1\.000 \[1\.000, 1\.000\] \| 1\.000", found)
    assert re.search(r"\| the same form \| \d+ \| 0\.0 % ", found)
    assert "WinoBias: left out" in found
    assert "CrowS-Pairs: left out" in found


def test_names_that_the_shipped_model_never_saw_are_shown_apart(data):
    assert "never saw, by that model" in generics.section(data)


def test_pronouns_and_pairs_are_counted_where_they_are(data):
    (data / "bias_winobias").mkdir()
    (data / "bias_winobias/pro_stereotyped_type1.txt.dev").write_text(
        "1 [The cook] said [he] saw her.\n2 It rains\n", "utf-8"
    )
    (data / "bias_crows_pairs").mkdir()
    with pa.output_stream(data / "bias_crows_pairs/crows_pairs_anonymized.csv.zst", compression="zstd") as stream:
        stream.write(b"sent_more,sent_less\nSwedes are rude,Danes are rude\n")

    found = generics.section(data)

    assert "counted exactly in 2 of 2 sentences" in found
    assert "marks 1 of the sentences that stereotype more and 1 of the others; the score differs by +0.0000" in found


def test_a_missing_set_is_said(tmp_path):
    with pytest.raises(MissingSetError, match="bias_genil"):
        generics.section(tmp_path)
