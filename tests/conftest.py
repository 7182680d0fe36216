"""Documents to run recipes on: deterministic English that Gopher would keep, with known exceptions."""

import json
import random
from pathlib import Path

import pytest
from hypothesis import settings

from curate.recipe import Recipe

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
"""No test fails because the machine is busy."""

NOUNS = [
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
    "window",
    "morning",
    "captain",
    "history",
    "picture",
    "question",
    "answer",
    "machine",
    "country",
    "language",
    "science",
    "paper",
    "sister",
    "stranger",
    "evening",
    "summer",
    "weather",
    "mirror",
    "basket",
    "candle",
    "ladder",
    "needle",
    "pocket",
    "shadow",
    "thunder",
    "voyage",
    "whistle",
    "carpet",
    "dinner",
    "feather",
    "hammer",
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
    "wrote",
    "built",
    "opened",
    "closed",
    "found",
    "lost",
    "sold",
    "bought",
    "drew",
    "counted",
    "heard",
    "watched",
    "moved",
    "lifted",
    "cleaned",
    "burned",
    "planted",
]
MANNERS = [
    "slowly",
    "quietly",
    "often",
    "never",
    "always",
    "nearly",
    "gladly",
    "early",
    "late",
    "twice",
    "again",
    "together",
    "alone",
    "soon",
    "first",
]
SENTENCES = (
    "The {0} {v} {m} beside a {1}, and nobody asked why.",
    "When {2} came, each {0} had to be {v} by its {1}.",
    "A {1} with no {0} is {m} the best of them.",
    "It was {m} said that any {0} {v} more than one {2}.",
    "Some {0} or other {v} our {1} after {2} fell.",
    "Have you {m} {v} this {1}? Not before the {2}.",
    "They {v} {0} and {1}; we {m} took {2} instead.",
    "In {m} distant years her {0} {v} every {2} there was.",
)


def sentence(rng: random.Random) -> str:
    """One sentence; the templates bring the function words that Gopher's stop-word rule asks for."""
    return rng.choice(SENTENCES).format(*rng.sample(NOUNS, 3), v=rng.choice(VERBS), m=rng.choice(MANNERS))


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
