"""Documents to run recipes on: deterministic English that Gopher would keep, with known exceptions."""

import json
import random
from pathlib import Path

import pytest

from curate.recipe import Recipe

SUBJECTS = [
    "river",
    "teacher",
    "harbour",
    "engine",
    "garden",
    "letter",
    "market",
    "winter",
    "bridge",
    "village",
    "painter",
    "forest",
    "doctor",
    "kitchen",
]
VERBS = [
    "carried",
    "followed",
    "remembered",
    "painted",
    "measured",
    "answered",
    "crossed",
    "repaired",
    "visited",
    "described",
    "noticed",
    "kept",
]
PLACES = [
    "valley",
    "station",
    "library",
    "mountain",
    "school",
    "island",
    "theatre",
    "orchard",
    "railway",
    "workshop",
    "museum",
    "coast",
    "field",
]


def sentence(rng: random.Random) -> str:
    """One sentence with the function words that Gopher's stop-word rule asks for."""
    who, what, where = rng.choice(SUBJECTS), rng.choice(VERBS), rng.choice(PLACES)
    extra = rng.choice(SUBJECTS), rng.choice(PLACES), rng.randint(2, 999)
    return f"The {who} of the {where} {what} the {extra[0]} and went to be with that {extra[1]} number {extra[2]}."


def document(seed: int, sentences: int = 12) -> str:
    """A document of its own for every seed."""
    rng = random.Random(seed)
    return "\n".join(" ".join(sentence(rng) for _ in range(3)) for _ in range(sentences // 3))


def write_jsonl(path: Path, texts: list[str], **fields: list[object]) -> Path:
    """A JSONL file with one text a line."""
    rows = ({"text": text, **{key: values[i] for key, values in fields.items()}} for i, text in enumerate(texts))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return path


def build(*stages: dict[str, object], **tables: object) -> Recipe:
    """A recipe with a small vocabulary, so that its tokenizer is trained in no time."""
    return Recipe.build({"name": "test", "tokens": {"vocabulary": 1024, "validation": 0.1}, "stage": stages, **tables})


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Three files of English: 240 documents, some of them short, some repeated."""
    folder = tmp_path / "input"
    for part in range(3):
        texts = [document(part * 100 + i) for i in range(80)]
        texts[5] = "too short to be a document"
        texts[7] = texts[6]
        texts[9] = document(1)  # the same in every part
        write_jsonl(folder / f"part-{part}.jsonl", texts)
    return folder
