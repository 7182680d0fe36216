"""Words against the segmenters of each language: how many, where they start, and what rules make of both.

    python -m tests.bench.words --data FOLDER --references SITE_PACKAGES

`SITE_PACKAGES` is where jieba 0.42, fugashi 1.5 with unidic-lite 1.0, pythainlp 5.4, khmer-nltk 1.6, laonlp 1.3 and
kiwipiepy 0.24 are installed, `FOLDER` holds `text_xquad`, `lid_udhr`, `crawl_hplt_inspection` and `text_wikipedia`.
Arabic and Hindi are split as `\\w+` with the marks of their scripts. A word that holds no letter or number counts on
neither side. Verdicts are those of the rules that read words: Gopher's 50 to 100,000 words, Gopher's n-grams, and FineWeb's
0.3 line feeds a word; a document is judged alike where each of these rules says the same of both segmentations.
"""

import argparse
import re
import sys
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from curate.ops import ngrams, text
from curate.stage import buffers
from curate.stages.repetition import Repetition
from tests.bench.tables import table
from tests.ops.word_spans import words

CRAWL = {
    "zh": ("zho_Hans", "zho_Hant"),
    "ja": ("jpn_Jpan",),
    "th": ("tha_Thai",),
    "lo": ("lao_Laoo",),
    "km": ("khm_Khmr",),
    "ko": ("kor_Hang",),
    "ar": ("ara_Arab",),
    "hi": ("hin_Deva",),
}
"""Language → its labels in the crawl."""


def segmenter(language: str) -> Callable[[str], list[str]]:
    """The reference of a language."""
    if language == "zh":
        import jieba  # type: ignore[import-not-found]

        return lambda document: list(jieba.cut(document))
    if language == "ja":
        import fugashi  # type: ignore[import-not-found]

        tagger = fugashi.Tagger()
        return lambda document: [word.surface for word in tagger(document)]
    if language == "th":
        from pythainlp.tokenize import word_tokenize  # type: ignore[import-not-found]

        return lambda document: list(word_tokenize(document))
    if language == "lo":
        from laonlp.tokenize import word_tokenize as lao  # type: ignore[import-not-found]

        return lambda document: list(lao(document))
    if language == "km":
        from khmernltk import word_tokenize as khmer  # type: ignore[import-not-found]

        return lambda document: list(khmer(document))
    if language == "ko":
        from kiwipiepy import Kiwi  # type: ignore[import-not-found]

        kiwi = Kiwi(num_workers=1)
        return lambda document: _surfaces(document, kiwi.tokenize(document))
    return lambda document: re.findall(r"(?:\w|[\u0900-\u0963\u064b-\u0652\u0670\u200c\u200d])+", document)


def _surfaces(document: str, tokens: list[Any]) -> list[str]:
    """Morphemes as they are written; of two that share a syllable the first."""
    found, at = [], 0
    for token in tokens:
        if token.start >= at and token.len:
            at = token.start + token.len
            found.append(document[token.start : at])
    return found


def documents(data: Path, language: str) -> Iterator[str]:
    """Paragraphs of XQuAD, snippets of the crawl, declarations, and 150 Korean articles."""
    yield from (row["text"] for row in read_rows(data / "text_xquad/paragraphs.jsonl.zst") if row["lang"] == language)
    for row in read_rows(data / "crawl_hplt_inspection/docs.jsonl.zst"):
        if row["hplt_lang"] in CRAWL[language]:
            yield row["text"]
    whole: dict[str, list[str]] = {}
    for row in read_rows(data / "lid_udhr/paragraphs.jsonl.zst"):
        if row["bcp47"] == language:
            whole.setdefault(row["code"], []).append(row["text"])
    yield from ("\n".join(paragraphs) for paragraphs in whole.values())
    if language == "ko":
        articles = read_rows(data / "text_wikipedia/ko.jsonl.zst")
        yield from (row["text"] for _, row in zip(range(150), articles, strict=False))


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Records of a compressed file of JSON lines."""
    import pyarrow.json

    with pa.input_stream(str(path), compression="zstd") as stream:
        return pyarrow.json.read_json(stream, pyarrow.json.ReadOptions(block_size=1 << 26)).to_pylist()


def is_word(token: str) -> bool:
    """Whether it holds a letter or number."""
    return any(unicodedata.category(character)[0] in "LN" for character in token)


def starts(document: str, tokens: list[str]) -> set[int]:
    """Where the first letters or numbers of words stand."""
    found, at = set(), 0
    for token in tokens:
        place = document.find(token, at)
        if place >= 0:
            letter = next((i for i, character in enumerate(token) if is_word(character)), None)
            if letter is not None:
                found.add(place + letter)
            at = place + len(token)
    return found


def verdicts(document: str, tokens: list[str]) -> tuple[bool, ...]:
    """What each rule that reads words says."""
    hashes = np.array([hash(token) & 0xFFFFFFFFFFFF for token in tokens], np.uint64)
    lengths = np.array([len(token) for token in tokens], np.int32)
    masses = ngrams.masses(ngrams.WordList(np.array([0, len(tokens)]), hashes, lengths))
    characters = max(len(document), 1)
    rules = Repetition()
    top = [
        masses.top[i, 0] / characters > (getattr(rules, f"top_{n}_gram_ratio").max) for i, n in enumerate(ngrams.TOP)
    ]
    duplicate = [
        masses.duplicate[i, 0] / characters > getattr(rules, f"duplicate_{n}_gram_ratio").max
        for i, n in enumerate(ngrams.DUPLICATE)
    ]
    counted = len(tokens)
    return (counted < 50, document.count("\n") > 0.3 * counted, *map(bool, top), *map(bool, duplicate))


def measured(data: Path, language: str) -> tuple[str, ...]:
    """The row of a language."""
    cut = segmenter(language)
    both = shared = mine = theirs = length = reference_length = same = 0
    ratios = []
    for document in documents(data, language):
        left = [word for word in words(document) if is_word(word)]
        right = [word for word in cut(document) if is_word(word)]
        one, other = starts(document, words(document)), starts(document, right)
        shared, mine, theirs = shared + len(one & other), mine + len(one), theirs + len(other)
        length, reference_length = length + sum(map(len, left)), reference_length + sum(map(len, right))
        ratios.append(len(left) / max(len(right), 1))
        same += verdicts(document, left) == verdicts(document, right)
        both += 1
    low, high = np.quantile(ratios, [0.1, 0.9])
    return (
        language,
        f"{both:,}",
        f"{mine / theirs:.2f}",
        f"{low:.2f} to {high:.2f}",
        f"{shared / mine:.2f}",
        f"{shared / theirs:.2f}",
        f"{length / mine:.1f}",
        f"{reference_length / theirs:.1f}",
        f"{same / both:.1%}",
    )


def means(data: Path, language: str) -> tuple[str, ...]:
    """Percentiles of the mean length of a document's words, as Gopher's rule has it."""
    batch = pa.array([document for document in documents(data, language) if len(words(document)) >= 50], pa.string())
    counted = text.words(*buffers(batch))
    lengths = text.ratio(counted.plain_characters, counted.plain)
    return language, *(f"{value:.2f}" for value in np.quantile(lengths, [0.001, 0.01, 0.5, 0.99, 0.999]))


def shares(data: Path) -> list[tuple[str, ...]]:
    """Words of a parallel text for one of English: the Declaration (median of its versions), and XQuAD."""
    whole: dict[tuple[str, str], list[str]] = {}
    for row in read_rows(data / "lid_udhr/paragraphs.jsonl.zst"):
        whole.setdefault((row["bcp47"].split("-")[0], row["code"]), []).append(row["text"])
    parallel: dict[str, list[str]] = {}
    for row in read_rows(data / "text_xquad/paragraphs.jsonl.zst"):
        parallel.setdefault(row["lang"], []).append(row["text"])

    def counted(paragraphs: list[str]) -> int:
        return sum(is_word(word) for paragraph in paragraphs for word in words(paragraph))

    english = counted(whole[("en", "eng")])
    rows = []
    for language in (*CRAWL, "my", "bo", "vi", "tr", "fi", "ru", "de", "fr"):
        versions = [counted(paragraphs) / english for (code, _), paragraphs in whole.items() if code == language]
        other = parallel.get(language)
        both = f"{counted(other) / counted(parallel['en']):.2f}" if other else ""
        rows.append((language, f"{np.median(versions):.2f}", both))
    return rows


def main() -> None:
    """Measure every language."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--references", type=Path, required=True)
    given = parser.parse_args()
    sys.path.append(str(given.references.expanduser()))
    head = (
        "",
        "documents",
        "ours : reference",
        "80 % of documents",
        "precision",
        "recall",
        "length",
        "reference",
        "alike",
    )
    print(table(head, [measured(given.data, language) for language in CRAWL]))
    print(table(("", "0.1 %", "1 %", "median", "99 %", "99.9 %"), [means(given.data, language) for language in CRAWL]))
    print(table(("", "Declaration", "XQuAD"), shares(given.data)))


if __name__ == "__main__":
    main()
