"""How right, how sure and how quick the embedded language model is, beside py3langid's alone and lid.176.

    python -m tests.bench.language DATA [--lid lid.176.ftz]

DATA holds the project's data sets. Sentences: Tatoeba's and the declaration's test parts, of which the model has seen
nothing (see `curate.models.language_texts`). Documents: HPLT's crawl (22 languages checked by people, the others
as HPLT's own model labels them), XQuAD, and Creative Commons' licence pages that state their language. All but the
licence pages are cut to a window of one of ten lengths in turn, the same for all models. Macro-F1 is the mean over
the languages that a model is asked about, those it does not know counting 0 under "all".
"""

import argparse
import json
import random
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate.arrays import buffers
from curate.models import language_texts as texts
from curate.models import quantised
from curate.models.identifiers import Bayes, Embedded, FastText
from curate.ops import subwords
from curate.ops.normal import normalise
from tests.bench.tables import table

LENGTHS = (12, 18, 30, 45, 70, 95, 150, 250, 400, 512)
BANDS = ((0, 20), (20, 50), (50, 100), (100, 300), (300, 1 << 30))
NAMES = ("< 20", "20–50", "50–100", "100–300", "≥ 300", "all lengths")
SURE = (0.25, 0.5, 0.65, 0.8)


class Sample(NamedTuple):
    """Labelled texts."""

    labels: NDArray[Any]
    texts: list[str]
    lengths: NDArray[np.int64]


class Answers(NamedTuple):
    """What a model says."""

    labels: NDArray[Any]
    scores: NDArray[np.float64]


class Alone:
    """py3langid's model by itself."""

    def __init__(self) -> None:
        self.model = Bayes()
        self.labels = tuple(sorted(set(self.model.classes)))

    def identify(self, some: pa.StringArray) -> tuple[list[str], NDArray[np.float64]]:
        """The likeliest class and its share."""
        scores = self.model.scores(some).astype(float)
        shares = np.exp(scores - scores.max(1, keepdims=True))
        return [self.model.classes[k] for k in scores.argmax(1)], 1 / shares.sum(1)


class Own:
    """The own fastText model by itself."""

    def __init__(self) -> None:
        self.model = quantised.read(Path(quantised.__file__).with_name("language.ftz"))
        self.labels = tuple(sorted(self.model.labels))

    def identify(self, some: pa.StringArray) -> tuple[list[str], NDArray[np.float64]]:
        """The likeliest class and its share."""
        folded = normalise(*buffers(some), punctuation=False)
        scores = subwords.scores(folded.offsets, folded.data, self.model.table).astype(float)
        shares = np.exp(scores - scores.max(1, keepdims=True))
        return [self.model.labels[k] for k in scores.argmax(1)], 1 / shares.sum(1)


def samples(data: Path) -> Iterator[tuple[str, Sample]]:
    """Name and texts of every set."""
    sentences = [(row.label, row.text) for row in texts.tatoeba(data) if row.part == "test"]
    yield "Tatoeba, test part", sample(sentences, cut=False)
    yield "UDHR, test part", sample([(row.label, row.text) for row in texts.declarations(data) if row.part == "test"])
    rows = [row for row in texts.rows(data / "crawl_hplt_inspection/docs.jsonl.zst") if row.get("lang_correct") != 0]
    yield "HPLT documents", sample([(texts.code(row["hplt_lang"]), row["text"]) for row in rows])
    checked = [(texts.code(row["hplt_lang"]), row["text"]) for row in rows if row["labelled"]]
    yield "HPLT, checked by people", sample(checked)
    rows = list(texts.rows(data / "text_xquad/paragraphs.jsonl.zst"))
    yield "XQuAD", sample([(row["lang"], row["text"]) for row in rows])
    yield "Licence pages", sample(list(pages(data / "web_cc_legalcode")), cut=False)


def pages(folder: Path) -> Iterator[tuple[str, str]]:
    """Language and main text of the pages that state it themselves."""
    from resiliparse.extract.html2text import extract_plain_text

    stated = {}
    for line in (folder / "meta.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        if row.get("lang_from") in ("body class", "variant"):
            stated[row["file"]] = row["lang"]
    with (
        pa.input_stream(folder / "pages.tar.zst", compression="zstd") as stream,
        tarfile.open(fileobj=stream, mode="r|") as tar,
    ):
        for member in tar:
            name = member.name.rsplit("/", 1)[-1]
            if name in stated and (file := tar.extractfile(member)):
                text = extract_plain_text(file.read().decode("utf-8", "replace"), main_content=True)
                middle = max(0, len(text) // 2 - 256)
                if len(text) >= 300:
                    yield texts.code(stated[name]), text[middle : middle + 512]


def sample(rows: list[tuple[str, str]], *, cut: bool = True) -> Sample:
    """The rows in random order, cut at random places."""
    draw, made = random.Random(5), []
    draw.shuffle(rows)
    for k, (label, text) in enumerate(rows):
        length = LENGTHS[k % len(LENGTHS)] if cut else len(text)
        at = draw.randrange(max(1, len(text) - length + 1))
        if piece := " ".join(text[at : at + length].split()):
            made.append((label, piece))
    labels, pieces = zip(*made, strict=True)
    return Sample(np.array(labels), list(pieces), np.array([len(piece) for piece in pieces]))


def macro_f1(gold: NDArray[Any], said: NDArray[Any]) -> float:
    """The mean of the F1 of all languages that occur."""
    found = []
    for label in np.unique(gold):
        both = np.sum((gold == label) & (said == label))
        found.append(2 * both / (np.sum(gold == label) + np.sum(said == label)))
    return float(np.mean(found))


def by_band(some: Sample, said: Answers, chosen: NDArray[np.bool_], measure: Callable[..., float]) -> list[str]:
    """A measure for every band of lengths and for all."""
    made = []
    for low, high in (*BANDS, (0, 1 << 30)):
        rows = chosen & (some.lengths >= low) & (some.lengths < high)
        made.append(
            f"{measure(some.labels[rows], said.labels[rows], said.scores[rows]):.3f}" if rows.sum() > 99 else ""
        )
    return made


def calibration(gold: NDArray[Any], said: NDArray[Any], scores: NDArray[np.float64]) -> float:
    """Expected calibration error over ten bins of the score."""
    bins, right = np.minimum((scores * 10).astype(int), 9), gold == said
    return float(
        sum(abs(scores[bins == k].mean() - right[bins == k].mean()) * np.mean(bins == k) for k in set(bins.tolist()))
    )


class Asked(NamedTuple):
    """One set and what every model says about it."""

    name: str
    sample: Sample
    said: dict[str, Answers]
    known: dict[str, NDArray[np.bool_]]
    """Which texts are in a language that a model knows."""


def accuracy(asked: Asked) -> Iterator[tuple[str, ...]]:
    """Rows of macro-F1: on the languages that all models know, and on all that the first one knows."""
    first = next(iter(asked.known))
    common = np.logical_and.reduce(list(asked.known.values()))
    for which, chosen in (("that all models know", common), ("that Sluice's knows", asked.known[first])):
        languages = len(np.unique(asked.sample.labels[chosen]))
        head = f"{asked.name}, {languages} languages {which} (n = {chosen.sum():,})"
        for model, answers in asked.said.items():
            yield head, model, *by_band(asked.sample, answers, chosen, lambda gold, said, _: macro_f1(gold, said))
            head = ""


def sureness(asked: Asked) -> Iterator[tuple[str, ...]]:
    """Rows of calibration error, each model on the languages that it knows."""
    head = asked.name
    for model, answers in asked.said.items():
        yield head, model, *by_band(asked.sample, answers, asked.known[model], calibration)
        head = ""


def rejection(asked: Asked) -> Iterator[tuple[str, ...]]:
    """Rows of what a threshold rejects in languages that no model knows, and of what it costs."""
    foreign = ~np.logical_or.reduce(list(asked.known.values()))
    for model, answers in asked.said.items() if foreign.sum() > 99 else ():
        right = asked.known[model] & (answers.labels == asked.sample.labels)
        for least in SURE:
            low = answers.scores < least
            rejected = [f"{np.mean(low[foreign & (asked.sample.lengths >= n)]):.1%}" for n in (0, 100)]
            yield asked.name, model, f"{least:g}", *rejected, f"{np.mean(low[right]):.1%}"


def main() -> None:
    """Print the tables of `docs/language.md`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--lid", type=Path)
    given = parser.parse_args()
    models: dict[str, Any] = {"Sluice's": Embedded(), "own fastText alone": Own(), "py3langid alone": Alone()}
    if given.lid:
        models["lid.176.ftz"] = FastText(given.lid, "--lid")
    spent, asked, count = dict.fromkeys(models, 0.0), [], 0
    for name, some in samples(given.data):
        said = {}
        for model, identifier in models.items():
            identifier.identify(pa.array(some.texts[:1]))
            start = time.process_time()
            labels, scores = identifier.identify(pa.array(some.texts))
            spent[model] += time.process_time() - start
            said[model] = Answers(np.array(labels), scores)
        known = {model: np.isin(some.labels, identifier.labels) for model, identifier in models.items()}
        asked.append(Asked(name, some, said, known))
        count += len(some.texts)
    for title, head, rows in (
        ("Macro-F1", ("set and languages", "model", *NAMES), accuracy),
        ("Expected calibration error", ("set", "model", *NAMES), sureness),
        ("Languages that no model knows", ("set", "model", "score below", "all", "≥ 100", "right lost"), rejection),
    ):
        print(f"## {title}\n\n{table(head, [row for one in asked for row in rows(one)])}\n")
    for model, seconds in spent.items():
        print(f"{model}: {count / seconds:,.0f} texts a second of processor time")


if __name__ == "__main__":
    main()
