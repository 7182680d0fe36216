"""How many near-duplicates `minhash` finds among pages that one template makes alike: recall and seconds.

    python -m tests.bench.templates [DOCUMENTS]

Documents of 240 drawn words, of which a share is the same in all; of 2,000 of them a copy in which one to eight words,
drawn anywhere, are replaced. A pair counts whose exact Jaccard similarity is 0.8 or more, and it is found if one of the
two goes.
"""

import random
import sys
import time

import numpy as np

from curate.stages.minhash import MinHash
from tests.stages.memory_corpus import MemoryCorpus

SIZE, PLANTED = 240, 2000
WORDS = [a + b + c + d for a in "bdfgklmnprst" for b in "aeiou" for c in ("r", "st", "nd", "lle", "p") for d in " naiu"]


def words(seed: int, count: int) -> list[str]:
    """Drawn words."""
    drawn = random.Random(seed)
    return [drawn.choice(WORDS).strip() for _ in range(count)]


def similarity(one: list[str], other: list[str]) -> float:
    """Jaccard similarity of the sets of five words in a row."""
    a, b = ({tuple(text[i : i + 5]) for i in range(len(text) - 4)} for text in (one, other))
    return len(a & b) / len(a | b)


def edited(text: list[str], drawn: random.Random) -> list[str]:
    """The text with one to eight words replaced."""
    copy = list(text)
    for _ in range(drawn.randrange(1, 9)):
        copy[drawn.randrange(SIZE)] = f"edit{drawn.randrange(10**9)}"
    return copy


def measure(documents: int, share: float) -> str:
    """A row of the table."""
    template = words(10**9, int(SIZE * share))
    texts = [words(seed, SIZE - len(template)) + template for seed in range(documents)]
    drawn = random.Random(1)
    originals = [drawn.randrange(documents) for _ in range(PLANTED)]
    texts += [edited(texts[original], drawn) for original in originals]
    similarities = np.array([similarity(texts[o], texts[documents + i]) for i, o in enumerate(originals)])
    between = np.mean([similarity(texts[i], texts[i + 1]) for i in range(200)])

    stage = MinHash()
    corpus = MemoryCorpus(stage, [" ".join(text) for text in texts], batch_rows=1024)
    started = time.process_time()
    (verdict,) = stage.resolve(corpus)
    seconds = time.process_time() - started
    gone = np.array([reason is not None for reason in verdict["reason"].to_pylist()])
    found = gone[originals] | gone[documents:]
    over, near = similarities >= 0.8, (similarities >= 0.8) & (similarities < 0.85)
    figures = (
        f"{between:.2f}",
        over.sum(),
        f"{found[over].mean():.3f}",
        f"{found[near].mean():.3f}",
        f"{seconds:.2f} s",
    )
    return f"| {share:.0%} | " + " | ".join(map(str, figures)) + " |"


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    print("| template | similarity of two pages | pairs ≥ 0.8 | found | found of 0.8–0.85 | resolve |")
    print("|---|---|---|---|---|---|")
    for portion in (0.0, 0.3, 0.5, 0.7, 0.8, 0.85):
        print(measure(count, portion), flush=True)
