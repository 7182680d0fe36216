"""The section of the page that puts other groups into sentences."""

import json

import pyarrow as pa
import pytest

from curate.harm.flips import SET, section
from curate.harm.sets import MissingSetError


def test_the_section_tells_each_learned_stage(tmp_path):
    (tmp_path / SET).parent.mkdir()
    lines = [json.dumps({"text": f"Some Muslims in town number {n} bake bread. Others sing."}) for n in range(20)]
    with pa.output_stream(tmp_path / SET, compression="zstd") as stream:
        stream.write("\n".join(lines).encode())

    told = section(tmp_path)

    assert "20 sentences of C4" in told
    assert [f"| sentences | `{stage}` | any | 180 |" in told for stage in ("language", "toxicity", "bias")] == [
        True
    ] * 3


def test_without_the_set_the_section_is_left_out(tmp_path):
    with pytest.raises(MissingSetError):
        section(tmp_path)
