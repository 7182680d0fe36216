"""FineWeb-2's thresholds → `curate/lexicons/thresholds/fineweb2-languages.toml`.

    git clone https://github.com/huggingface/fineweb-2 && git -C fineweb-2 checkout d0defb2
    python -m tests.bench.fineweb2 fineweb-2 > curate/lexicons/thresholds/fineweb2-languages.toml

Of the 1,929 configurations those of the `MOST` languages with most text in FineWeb-2 are taken, one a language: of one
written in several scripts the script with most text, and the stop words of all that have at least a twentieth of its
text. Numbers are FineWeb-2's. What is not taken over, and why, is told in `HEADER` and in docs/fineweb2.md.
"""

import csv
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from statistics import quantiles
from typing import Any, NamedTuple

import yaml

from curate.lexicons import language_code

COMMIT = "d0defb2"
MOST = 100
SPACELESS = {"Hani", "Jpan", "Thai", "Khmr", "Laoo", "Mymr", "Tibt"}
"""Scripts whose letters are words here and whose words a segmenter found in FineWeb-2."""
LONGEST = 30
"""Mean lengths of words that no text reaches: FineWeb-2 has bounds of 37 for Tamil and of 3,141 for Xhosa."""

HYPHENATED = {"mlt_Latn"}
"""Languages that join the article by a hyphen, which would be a word for every noun here and was none for Stanza."""
MORPHEMES = (1.93, 1.26, 1.81)
"""Of Kiwi's tokens (kiwipiepy 0.20.4) a word here, punctuation marks apart: those with a letter to ours with a letter, those
without, and all. Measured on 150 Korean snippets of the web (crawl_hplt_inspection)."""

HEADER = f"""\
# Thresholds by language of FineWeb-2 (Penedo et al. 2025, "FineWeb2: One Pipeline to Scale Them All", and its repository
# huggingface/fineweb-2, configs/*.yml at {COMMIT}), written by `python -m tests.bench.fineweb2`; do not edit.
#
# key of FineWeb-2            here
# language_score              language.score.min; belongs to GlotLID, the model that FineWeb-2 asked
# dup_line_frac               repetition.duplicate_line_ratio.max
# top_n_grams, dup_n_grams    repetition.top_2_gram_ratio.max and on, repetition.duplicate_5_gram_ratio.max and on
# line_punct_thr              fineweb.line_punct_ratio.min; off where it is 0 or −1, which bind nothing
# new_line_ratio              fineweb.list_ratio.max
# min/max_avg_word_length     gopher.mean_word_length
# max_non_alpha_words_ratio   gopher.alpha_word_ratio.min: its name says otherwise, its code holds it as a lower bound
# stopwords                   gopher.stop_list, of which two have to occur
#
# Off: mean lengths from {LONGEST} on and ratios from 1 on, outliers that nobody validated and that bind nothing; and lengths,
# n-grams and all but single letters among stop words where a script has no spaces, since letters are words here and a
# segmenter's words there. Punctuation among stop words is left out: it is a token there and no stop word here. Korean stop
# words are morphemes there and endings here, and Korean shares of morphemes and of line feeds a morpheme are converted into
# those of words (MORPHEMES in the script). Tibetan: no share of words with a letter, since its syllables are not told from
# marks; Maltese: hyphens are no words. A language of several scripts has the numbers of the one with most text and the stop
# words of all that have a twentieth of its text.
source = "huggingface/fineweb-2, configs/*.yml at {COMMIT}"
licence = "Apache-2.0"
"""


class Config(NamedTuple):
    """One of FineWeb-2's configurations."""

    label: str
    name: str
    bytes: int
    values: dict[str, Any]

    @property
    def script(self) -> str:
        return self.label.partition("_")[2]


def main() -> None:
    languages = chosen(Path(sys.argv[1]))
    print(HEADER)
    print("\n".join(lenient(config for configs in languages.values() for config in configs[:1])))
    for label, configs in sorted(languages.items()):
        print("\n" + "\n".join(tables(label, configs)))


def chosen(folder: Path) -> dict[str, list[Config]]:
    """Label → its configurations, the one with most text first, of the languages with most text."""
    found: dict[str, list[Config]] = {}
    for row in csv.DictReader((folder / "fineweb2-language-distribution.csv").read_text("utf-8").splitlines()):
        file = folder / "configs" / f"{row['subset']}.yml"
        if row["split"] == "train" and file.is_file():
            config = Config(row["subset"], row["name"], int(row["utf8_bytes"]), yaml.safe_load(file.read_text("utf-8")))
            found.setdefault(language_code(config.label), []).append(config)
    for configs in found.values():
        configs.sort(key=lambda config: (-config.bytes, config.label))
    largest = sorted(found, key=lambda label: (-found[label][0].bytes, label))[:MOST]
    return {label: found[label] for label in largest}


def tables(label: str, configs: list[Config]) -> Iterator[str]:
    """The lines of one language."""
    first, values = configs[0], configs[0].values
    spaceless = first.script in SPACELESS
    yield f"# {first.name} ({first.label}), {first.bytes / 1e9:.1f} GB in FineWeb-2"
    yield f"[{label}.language]"
    yield f"score = {{ min = {values['language_score']} }}"
    yield f"[{label}.repetition]"
    yield from bound("duplicate_line_ratio", values["dup_line_frac"])
    for name, pairs in (("top", values["top_n_grams"]), ("duplicate", values["dup_n_grams"])):
        for n, share in pairs:
            yield from ([f'{name}_{n}_gram_ratio = "off"'] if spaceless else bound(f"{name}_{n}_gram_ratio", share))
    yield f"[{label}.fineweb]"
    ends = values["line_punct_thr"]
    yield f"line_punct_ratio = {{ min = {ends} }}" if ends > 0 else 'line_punct_ratio = "off"'
    feeds = values["new_line_ratio"]
    yield from bound("list_ratio", feeds if label != "ko" else round(feeds * MORPHEMES[2], 3))
    yield f"[{label}.gopher]"
    if first.label in HYPHENATED:
        yield "punctuation_words = false"
    low, high = values["min_avg_word_length"], values["max_avg_word_length"]
    if spaceless:
        yield 'mean_word_length = "off"'
    else:
        yield f"mean_word_length = {{ min = {low}" + (f", max = {high} }}" if high < LONGEST else ', max = "none" }')
    yield from lettered(first)
    yield from stop_words(configs, spaceless=spaceless)


def lettered(config: Config) -> Iterator[str]:
    share = config.values["max_non_alpha_words_ratio"]
    if config.label == "kor_Hang":
        words, others = share / MORPHEMES[0], (1 - share) / MORPHEMES[1]
        share = round(words / (words + others), 3)
    yield 'alpha_word_ratio = "off"' if config.script == "Tibt" else f"alpha_word_ratio = {{ min = {share} }}"


def bound(field: str, share: float) -> Iterator[str]:
    yield f"{field} = {{ max = {share} }}" if share < 1 else f'{field} = "off"'


def stop_words(configs: list[Config], *, spaceless: bool) -> Iterator[str]:
    weighty = [config for config in configs if config.bytes * 20 >= configs[0].bytes]
    words = list(dict.fromkeys(str(word) for config in weighty for word in config.values["stopwords"]))
    if configs[0].label == "kor_Hang":
        words = [f"-{word}" for word in words]
    if spaceless:
        words = [word for word in words if len(word) == 1]
    words = [word for word in words if any(map(str.isalnum, word))]
    if len(words) < 4:
        yield 'stop_words = "off"'
        return
    yield "stop_words = { min = 2 }"
    yield f"stop_list = [{', '.join(_quoted(word) for word in words[:64])}]"


def _quoted(word: str) -> str:
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


def lenient(configs: Iterable[Config]) -> Iterator[str]:
    """As a comment, the bounds that nine in ten languages hold documents to at least: for languages without a table."""
    values = [config.values for config in configs if config.script not in SPACELESS]
    upper = ("dup_line_frac", "new_line_ratio", "max_avg_word_length")
    lower = ("line_punct_thr", "min_avg_word_length", "max_non_alpha_words_ratio")
    shown = {key: quantiles([one[key] for one in values], n=10)[-1] for key in upper}
    shown |= {key: quantiles([one[key] for one in values], n=10)[0] for key in lower}
    for key in ("top_n_grams", "dup_n_grams"):
        for place, (n, _) in enumerate(values[0][key]):
            shown[f"{key} {n}"] = quantiles([one[key][place][1] for one in values], n=10)[-1]
    yield "# Bounds that nine in ten of these languages are held to or to stricter ones (without those of spaceless scripts):"
    yield "# " + ", ".join(f"{key} {value:.3g}" for key, value in shown.items())


if __name__ == "__main__":
    main()
