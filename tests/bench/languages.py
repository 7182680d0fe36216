"""What FineWeb-2's rules keep of documents whose language is known, here and by datatrove with FineWeb-2's tokenizers.

    python -m tests.bench.languages docs.jsonl.zst --label hplt_lang --snippets
    python -m tests.bench.languages ko.jsonl.zst --label lang --configs fineweb-2 --datatrove ~/datatrove/bin/python

Documents are JSON lines with `text` and a label under the key given. No model is asked: each document goes through the
filters of the recipe `fineweb2` behind its language stage as one of its label, and counts for the first rule that it
breaks. `--snippets`: the texts are single lines cut at both ends, so that rules about line ends are left out.

With `--datatrove` (the Python of an environment with datatrove and its tokenizers) and `--configs` (FineWeb-2's
repository) this script runs there once more, importing nothing of this project, and asks datatrove's own filter
classes with FineWeb-2's configuration; a language whose tokenizer is not installed is left out of the comparison.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

BATCH = 2000
MOST_REASONS = 3
LINE_ENDS = ("gopher.ellipsis_line_ratio.max", "fineweb.line_punct_ratio.min")
Row = dict[str, Any]
"""`label` and `text`; `config`, the name of FineWeb-2's configuration."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("documents", type=Path, nargs="+")
    parser.add_argument("--label", default="language", help="the key of the label")
    parser.add_argument("--snippets", action="store_true")
    parser.add_argument("--least", type=int, default=50, help="documents below which a language is not shown")
    parser.add_argument("--limit", type=int, default=100_000, help="documents of a language")
    parser.add_argument("--configs", type=Path)
    parser.add_argument("--datatrove", type=Path)
    parser.add_argument("--theirs", type=Path, help="where datatrove's side writes; for internal use")
    given = parser.parse_args()
    if given.theirs:
        rows = [json.loads(line) for line in given.documents[0].read_text("utf-8").split("\n") if line]
        given.theirs.write_text("".join(json.dumps(one) + "\n" for one in theirs(rows, given)), "utf-8")
        return
    rows = documents(given)
    mine = ours(rows, given.snippets)
    print(table(rows, mine, _compared(rows, given) if given.datatrove else [None] * len(rows)))


def documents(given: argparse.Namespace) -> list[Row]:
    """The documents of languages that have tables and enough documents, with their labels in the project's scheme."""
    import pyarrow as pa

    from curate.lexicons import language_code, read

    known = {label for label, tables in read("thresholds/fineweb2-languages.toml").items() if isinstance(tables, dict)}
    found: dict[str, list[Row]] = {}
    for file in given.documents:
        with pa.input_stream(str(file), compression="zstd" if file.suffix == ".zst" else None) as stream:
            for line in stream.read().decode().strip().split("\n"):
                one = json.loads(line)
                label = language_code(one.get(given.label) or "und")
                if label in known and one.get("text"):
                    found.setdefault(label, []).append({"label": label, "text": one["text"]})
    largest = sorted(found, key=lambda label: (-len(found[label]), label))
    return [row for label in largest if len(found[label]) >= given.least for row in found[label][: given.limit]]


def ours(rows: list[Row], snippets: bool) -> list[str | None]:
    """The first rule that each document breaks."""
    import pyarrow as pa

    from curate.recipe import Recipe
    from curate.stage import Filter
    from curate.testing import batch

    recipe = Recipe.load("fineweb2")
    at = [stage.name for stage in recipe.stages].index("language")
    filters = [stage for stage in recipe.stages[at + 1 :] if isinstance(stage, Filter)]
    kind = pa.struct([("label", pa.string()), ("score", pa.float64())])
    found: list[str | None] = []
    for start in range(0, len(rows), BATCH):
        part = rows[start : start + BATCH]
        column = pa.array([{"label": row["label"], "score": 1.0} for row in part], kind)
        made = batch(*[row["text"] for row in part], language=column)
        broken = [list(_broken(stage, stage.column(made), snippets)) for stage in filters]
        found += [next((reason for reason in reasons if reason), None) for reasons in zip(*broken, strict=True)]
    return found


def _broken(stage: Any, column: Any, snippets: bool) -> Iterator[str | None]:
    names = [f"{stage.name}.{rule.reason}" for rule in stage.rules]
    for bits in column.field("broken").to_pylist():
        broken = [name for bit, name in enumerate(names) if bits >> bit & 1]
        yield next((name for name in broken if not (snippets and name in LINE_ENDS)), None)


def theirs(rows: list[Row], given: argparse.Namespace) -> Iterator[str | None]:
    """What datatrove's filters say: null for kept, "?" where the language's tokenizer is not there."""
    from datatrove.data import Document

    chains: dict[str, list[Any]] = {}
    for row in rows:
        name = row["config"]
        if name not in chains:
            chains[name] = _chain(name, given)
        document = Document(text=row["text"], id="0")
        try:
            answers = (step.filter(document) for step in chains[name])
            yield next((answer[1] for answer in answers if isinstance(answer, tuple)), None)
        except Exception:  # noqa: BLE001 - a tokenizer that is missing says so in many ways
            yield "?"


def _chain(name: str, given: argparse.Namespace) -> list[Any]:
    """As in FineWeb-2's fineweb-2-pipeline.py, step 5."""
    import yaml
    from datatrove.pipeline import filters

    config = yaml.safe_load((given.configs / "configs" / f"{name}.yml").read_text("utf-8"))
    return [
        filters.GopherRepetitionFilter(
            language=name,
            dup_para_frac=0,
            dup_line_char_frac=0,
            dup_para_char_frac=0,
            **{key: config[key] for key in ("dup_line_frac", "top_n_grams", "dup_n_grams")},
        ),
        filters.FineWebQualityFilter(
            language=name,
            short_line_thr=999,
            char_duplicates_ratio=0.1,
            line_punct_thr=-1 if given.snippets else config["line_punct_thr"],
            new_line_ratio=config["new_line_ratio"],
        ),
        filters.GopherQualityFilter(
            language=name,
            stop_words=config["stopwords"],
            min_stop_words=2,
            max_ellipsis_lines_ratio=None if given.snippets else 0.3,
            **{key: config[key] for key in ("min_avg_word_length", "max_avg_word_length", "max_non_alpha_words_ratio")},
        ),
    ]


def _compared(rows: list[Row], given: argparse.Namespace) -> list[str | None]:
    from tests.bench.fineweb2 import chosen

    names = {label: configs[0].label for label, configs in chosen(given.configs).items()}
    with tempfile.TemporaryDirectory() as folder:
        asked, answer = Path(folder, "asked.jsonl"), Path(folder, "theirs.jsonl")
        asked.write_text("".join(json.dumps({**row, "config": names[row["label"]]}) + "\n" for row in rows), "utf-8")
        command = [given.datatrove, __file__, asked, "--theirs", answer, "--configs", given.configs]
        subprocess.run([*map(str, command), *(["--snippets"] if given.snippets else [])], check=True)
        return [json.loads(line) for line in answer.read_text("utf-8").split("\n") if line]


def table(rows: list[Row], mine: list[str | None], their: list[str | None]) -> str:
    """Markdown: a line a language."""
    lines = ["| language | documents | kept | by datatrove | same verdict | what took most here; there |"]
    lines.append("|---|--:|--:|--:|--:|---|")
    for label in dict.fromkeys(row["label"] for row in rows):
        places = [place for place, row in enumerate(rows) if row["label"] == label]
        here, there = [mine[place] for place in places], [their[place] for place in places]
        cells = [label, f"{len(places):,}", _share(one is None for one in here)]
        if sys.argv.count("--datatrove") and "?" not in there:
            same = _share((one is None) == (two is None) for one, two in zip(here, there, strict=True))
            cells += [_share(one is None for one in there), same, f"{_most(here)}; {_most(there)}"]
        else:
            cells += ["", "", _most(here)]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _share(answers: Iterator[bool]) -> str:
    given = list(answers)
    return f"{sum(given) / len(given):.1%}"


def _most(reasons: list[str | None]) -> str:
    counts = Counter(reason for reason in reasons if reason)
    most = [f"{reason} {count / len(reasons):.1%}" for reason, count in counts.most_common(MOST_REASONS)]
    return ", ".join(most)


if __name__ == "__main__":
    main()
