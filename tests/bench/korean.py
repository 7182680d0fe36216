"""What `korean` measures on good, poor and broken Korean text: the figures of docs/korean.md.

    python -m tests.bench.korean --data FOLDER

`FOLDER` holds `text_wikipedia`, `crawl_hplt_inspection` and `tox_korean`.
"""

import argparse
import random
from pathlib import Path

import numpy as np
import pyarrow as pa

from curate.stages.korean import Korean
from tests.bench.tables import table
from tests.bench.words import read_rows

BROKEN = 150
"""Articles that are broken on purpose."""


def texts(data: Path) -> dict[str, list[str]]:
    """The sets by name."""
    articles = [
        row["text"] for row in read_rows(data / "text_wikipedia/ko.jsonl.zst") if len(row["text"].split()) >= 33
    ]
    snippets = [
        row["text"]
        for row in read_rows(data / "crawl_hplt_inspection/docs.jsonl.zst")
        if row["hplt_lang"] == "kor_Hang"
    ]
    comments = [row["text"] for row in read_rows(data / "tox_korean/norm.jsonl.zst")]
    random.Random(2).shuffle(comments)
    some = articles[:BROKEN]
    return {
        "articles": articles,
        "crawl": snippets,
        "comments": ["\n".join(comments[at : at + 20]) for at in range(0, 6_000, 20)],
        "UTF-8 as CP949": [text.encode().decode("cp949", errors="replace") for text in some],
        "no spaces": [text.replace(" ", "") for text in some],
        "a space a syllable": [" ".join(text.replace(" ", "")) for text in some],
    }


def main() -> None:
    """Print percentiles of every signal, and how many texts each rule would drop alone."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    stage = Korean()
    rows = []
    for name, given in texts(parser.parse_args().data).items():
        column = stage.column(pa.record_batch({"text": pa.array(given)}))
        broken = np.asarray(column.field("broken"))
        for signal in list(dict.fromkeys(rule.signal for rule in stage.rules)):
            values = np.asarray(column.field(signal))
            bits = sum(1 << bit for bit, rule in enumerate(stage.rules) if rule.signal == signal)
            alone = np.count_nonzero(broken & np.uint64(bits))
            quantiles = [f"{value:.3f}" for value in np.quantile(values, [0, 0.01, 0.5, 0.99, 1])]
            rows.append((f"`{signal}`", f"{name} ({len(given):,})", *quantiles, f"{alone:,}"))
    rows.sort(key=lambda row: row[0])
    print(table(("", "texts", "least", "1 %", "median", "99 %", "most", "dropped"), rows))


if __name__ == "__main__":
    main()
