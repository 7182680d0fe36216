"""From which score on a label is right nineteen times out of twenty, language by language.

`python -m curate.models.bounds_language DATA OUTPUT` writes a file of tables that `by_language` of the `language` stage
reads. One bound means nearly the same in every language, since scores are calibrated, but not quite: relatives that
one can hardly tell apart (Bosnian, Croatian, Serbian) need a higher one. Measured on dev texts, which the model has
not seen.
"""

from collections import defaultdict
from pathlib import Path
from typing import Annotated

import numpy as np
import pyarrow as pa
import tomli_w
import typer

from curate.models import language_texts as texts
from curate.models.fit_language import cut
from curate.models.identifiers import NO_LANGUAGE, Embedded

PRECISION = 0.95
FEWEST = 20
"""Answers under which a language gets no bound."""
BOUNDS = (0.25, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95)

Answered = dict[str, list[tuple[float, bool]]]


def answered(model: Embedded, rows: list[texts.Text]) -> Answered:
    """Label → score and whether it is right, of every text that bears it."""
    labels, scores = model.identify(pa.array([row.text for row in rows], pa.string()))
    found: Answered = defaultdict(list)
    for row, label, score in zip(rows, labels, scores.tolist(), strict=True):
        found[label].append((score, label == row.label))
    return found


def bound(answers: list[tuple[float, bool]]) -> float | None:
    """The lowest bound that leaves `PRECISION`; the highest where none does, nothing for too few answers."""
    if len(answers) < FEWEST:
        return None
    for low in BOUNDS:
        kept = [right for score, right in answers if score >= low]
        if kept and np.mean(kept) >= PRECISION:
            return low
    return BOUNDS[-1]


def main(
    data: Annotated[Path, typer.Argument(help="Folder with lid_tatoeba and lid_udhr.")],
    output: Annotated[Path, typer.Argument(help="The TOML file to write.")],
) -> None:
    """Find bounds. Example: python -m curate.models.bounds_language ../shared/data language-bounds.toml."""
    rows = [row for row in (*texts.tatoeba(data), *texts.declarations(data)) if row.part == "dev"]
    found = answered(Embedded(), cut(rows))
    bounds = {label: bound(found[label]) for label in sorted(found) if label != NO_LANGUAGE}
    tables = {label: {"language": {"score": {"min": low}}} for label, low in bounds.items() if low is not None}
    output.write_text(HEAD + tomli_w.dumps(tables), encoding="utf-8")


HEAD = """\
# The language stage's own bounds: from which score on a label is right nineteen times out of twenty, for the model that
# comes with Sluice. Written by `python -m curate.models.bounds_language`; do not edit. docs/language.md says how far
# they hold.
source = "Tatoeba and the Universal Declaration of Human Rights (see curate/models/README.md)"
licence = "Apache-2.0"

"""

if __name__ == "__main__":
    typer.run(main)
