"""Near-duplicates against the truth: recall, removals that were wrong, time and memory, beside other programs.

The truth is the exact Jaccard similarity of all pairs, by shingles of five words, once as the stage `minhash` cuts words
and once as lower-cased runs of `\\w`, by which the others go. A pair of 0.8 or more is *found* if not both documents
stay; a removal is *wrong* if its similarity to each document that stays is under 0.7. Sets: versions of terms and
policies, licences, and the first thousand of these licences with planted edits.

sluice: `curate run` of the stage alone, from JSON Lines to documents in Parquet. The others, from there to the numbers
of the documents that stay (`dedup_side.py` says how), run in `CACHE/dedup`, an environment with datasketch and rensa,
and in datatrove's; a program that is not installed is left out.
"""

import json
import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.bench import tables
from tests.bench.dedup_truth import Truth, own, plain
from tests.bench.measure import FailedRunError, Run, run
from tests.bench.setting import HERE, PROGRAMS, Setting, say

PAGE = Path(__file__).parents[2] / "docs" / "dedup.md"
SETS = ("dedup_ota_versions", "dedup_licences")
OTHERS = {"datasketch": "dedup", "rensa": "dedup", "datatrove": "datatrove"}
"""Program → its environment in the cache."""
PLANTED = 1000
RECIPE = """name = "dedup"
[output]
tokens = false
[[stage]]
use = "minhash"
"""


def main(setting: Setting) -> str:
    """Measure and tell."""
    if setting.data is None:
        raise SystemExit("dedup needs --data")
    sets = {name: texts(setting.data / name / "docs.jsonl.zst") for name in SETS}
    sets["planted edits"] = planted(sets["dedup_licences"][:PLANTED])
    return "\n\n".join(f"{name}: {len(found):,} documents\n\n{judged(setting, found)}" for name, found in sets.items())


def texts(path: Path) -> list[str]:
    lines = pa.input_stream(str(path), compression="zstd").read().decode().split("\n")
    return [json.loads(line)["text"] for line in lines if line]


def planted(originals: Sequence[str]) -> list[str]:
    """Each document, and it with words dropped, words swapped, and boilerplate around it."""
    rng = random.Random(1)
    frame = "Home About Contact Terms Privacy Search this site Subscribe to our newsletter today"
    made = []
    for text in originals:
        words = text.split(" ")
        dropped = [word for word in words if rng.random() > 0.02]
        swapped = words.copy()
        for at in rng.sample(range(max(1, len(words) - 1)), len(words) // 100):
            swapped[at : at + 2] = swapped[at : at + 2][::-1]
        made += [text, " ".join(dropped), " ".join(swapped), f"{frame}\n{text}\n{frame}"]
    return made


def judged(setting: Setting, found: Sequence[str]) -> str:
    given = setting.fresh("documents") / "documents.jsonl"
    given.parent.mkdir(parents=True)
    rows = (json.dumps({"id": str(i), "text": text}, ensure_ascii=False) for i, text in enumerate(found))
    given.write_text("".join(f"{row}\n" for row in rows), "utf-8")
    truths = [Truth.of(own(found)), Truth.of(plain(found))]
    lines = []
    for program in ("sluice", *OTHERS):
        say(f"{program}: {len(found):,} documents")
        try:
            kept, took = ours(setting, given) if program == "sluice" else theirs(setting, program, given)
        except (FailedRunError, FileNotFoundError) as error:
            say(f"left out: {str(error).splitlines()[-1]}")
            continue
        stays = np.isin(np.arange(len(found)), kept)
        shares = [f"{truth.recall(stays):.4f}" for truth in truths]
        wrong = [str(truth.wrong(stays)) for truth in truths]
        size = sum(len(text.encode()) for text in found) / 1e6
        cost = [tables.duration(took.cpu_seconds), tables.rate(size / took.cpu_seconds), tables.size(took.peak_bytes)]
        lines.append([program, f"{len(kept):,}", shares[0], wrong[0], shares[1], wrong[1], *cost])
    pairs = " and ".join(f"{len(truth.pairs):,}" for truth in truths)
    head = ["", "kept", "found", "wrong", "found (`\\w`)", "wrong (`\\w`)", "CPU time", "MB/s", "peak memory"]
    return f"{pairs} pairs of 0.8 or more, by the stage's words and by `\\w`.\n\n{tables.table(head, lines)}"


def ours(setting: Setting, given: Path) -> tuple[list[int], Run]:
    recipe, output = setting.work / "dedup.toml", setting.fresh("curate")
    recipe.write_text(RECIPE)
    command: list[str | Path] = [
        PROGRAMS / "curate",
        "run",
        recipe,
        given,
        "--output",
        output,
        "--workers",
        "1",
        "--quiet",
    ]
    took = run(command, setting.work / "curate.log", pin=setting.pin)
    ids = [pq.read_table(file, columns=["id"])["id"].to_pylist() for file in sorted((output / "documents").glob("*"))]
    return [int(name.rpartition("#")[2]) for part in ids for name in part], took


def theirs(setting: Setting, program: str, given: Path) -> tuple[list[int], Run]:
    python = setting.cache / OTHERS[program] / "bin" / "python"
    if not python.exists():
        raise FileNotFoundError(f"no environment with {program} at {python}")
    out, work = setting.work / f"{program}-kept.json", setting.fresh(program)
    took = run(
        [python, HERE / "dedup_side.py", program, given, out, work], setting.work / f"{program}.log", pin=setting.pin
    )
    return json.loads(out.read_text("utf-8")), took
