"""`README.md` of the output folder: a dataset card, the same bytes for the same input and recipe.

It holds no time and no path of the machine that wrote it, and claims nothing that the recipe did not do.
"""

import re
from collections.abc import Mapping
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from curate.reports import charts, figures, hostile
from curate.reports.audit import card_section
from curate.reports.ledger import MOST_VALUES, Books, ledger, stage_fields, weighed
from curate.reports.table import yield_markdown
from curate.reports.toml import toml

MOST_LANGUAGES = 100
SIZES = ("1K", "10K", "100K", "1M", "10M", "100M", "1B", "10B", "100B", "1T")
"""Bounds of the hub's size categories."""
DEDUPLICATION = frozenset({"exact", "minhash", "same_url", "substring", "lines", "against"})
SPACE = figures.NARROW


def dataset_card(report: Books, manifest: Books) -> str:
    """The card as Markdown with YAML front matter as the Hugging Face hub reads it."""
    recipe = report.get("recipe", {})
    books, unit = weighed(report)
    counted = unit == "tokens"
    sections = [
        _front_matter(books, manifest),
        _summary(books, manifest, unit),
        LOADING if counted else LOADING_DOCUMENTS,
        _columns(recipe, manifest, counted=counted),
        _making(recipe, report),
        "## What went where\n\n" + _removed(report) + "\n\n" + yield_markdown(report, manifest),
        _flows("Languages", "language", books["by_language"], unit),
        _flows("Sources", "source", books["by_source"], unit),
        card_section(report),
        _tokenizer(manifest) if counted else "",
        _limitations(recipe),
        _reproduction(recipe, manifest),
    ]
    return "\n".join(f"{section.strip()}\n" for section in sections if section)


def _front_matter(report: Books, manifest: Books) -> str:
    languages = _languages(report)
    lines = ["---", f"pretty_name: {hostile.quoted(_name(report))}"]
    if languages:
        lines += ["language:", *(f"- {hostile.quoted(code)}" for code in languages)]
        lines += ["multilinguality:", f"- {'monolingual' if len(languages) == 1 else 'multilingual'}"]
    lines += ["license: unknown", "task_categories:", "- text-generation"]
    lines += ["size_categories:", f"- {hostile.quoted(_size_category(report['output']['documents']))}"]
    lines += ["tags:", *(f"- {tag}" for tag in ("pretraining", "curated", "sluice")), *_configs(manifest), "---"]
    return "\n".join(lines)


def _name(report: Books) -> str:
    return hostile.short(report.get("recipe", {}).get("name", "corpus"), 80)


def _languages(report: Books) -> list[str]:
    """Labels of what was kept that are ISO 639 codes, the most frequent first."""
    found = [(key, flow["out"]["tokens"]) for key, flow in report["by_language"].items() if flow["out"]["documents"]]
    known = [one for one in found if re.fullmatch(r"[a-z]{2,3}", one[0]) and one[0] != "und"]
    return [key for key, _ in sorted(known, key=lambda one: (-one[1], one[0]))][:MOST_LANGUAGES]


def _size_category(documents: int) -> str:
    for exponent, bound in enumerate(SIZES, 3):
        if documents < 10**exponent:
            return f"n<{bound}" if exponent == 3 else f"{SIZES[exponent - 4]}<n<{bound}"
    return f"n>{SIZES[-1]}"


def _configs(manifest: Books) -> list[str]:
    """The documents as the default table, if there are any.

    One table only: `datasets` reads all tables of a folder with one reader, and token shards are not Parquet.
    """
    if not any(str(file["path"]).startswith("documents/") for file in manifest.get("files", [])):
        return []
    return [
        "configs:",
        "- config_name: documents",
        "  default: true",
        "  data_files:",
        "  - split: train",
        "    path: documents/*.parquet",
    ]


def _summary(report: Books, manifest: Books, unit: str) -> str:
    out, given, text = report["output"], report["input"], report["extracted"]
    splits = manifest.get("tokens", {})
    parts = [
        f"- `tokens/{name}`: {_number(splits[name]['documents'])} documents, {_number(splits[name]['tokens'])} tokens"
        for name in ("train", "validation")
        if name in splits
    ]
    lists = "\n\n" + "\n".join(parts) if parts else ""
    return f"""# {hostile.markdown(_name(report))}

A text corpus for pretraining language models: **{_number(out["documents"])} documents,
{_number(out["tokens"])} {unit}, {figures.size(out["bytes"], SPACE)}** of UTF-8 text.{lists}

It was curated by Sluice from {_number(given["documents"])} documents ({figures.size(given["bytes"], SPACE)}).
The yield is {figures.share(out["tokens"], given["tokens"])} of the {unit} of the raw text, markup included, and
{figures.share(out["tokens"], text["tokens"])} of the {unit} of the extracted text. `report.html` draws it."""


def _number(count: int) -> str:
    return figures.grouped(count, SPACE)


LOADING = """## Loading

With this folder as `DIR`:

```python
from datasets import load_dataset, load_from_disk

DIR = "."
train = load_from_disk(DIR + "/tokens/train")  # memory-mapped, ready to train on
documents = load_dataset("parquet", data_files=DIR + "/documents/*.parquet", split="train")
```

From a hub, `load_dataset(NAME)` gives the documents, and `load_dataset("arrow", data_files="hf://datasets/NAME/tokens/train/*.arrow")`
the tokens.

`curate export DIR --to nanogpt --output BIN` writes the `.bin` files that nanoGPT reads; `pretrain train` reads `DIR`
as it stands. `curate validate DIR` checks every checksum, count and token id against `manifest.json`."""


LOADING_DOCUMENTS = """## Loading

With this folder as `DIR`:

```python
from datasets import load_dataset

DIR = "."
documents = load_dataset("parquet", data_files=DIR + "/documents/*.parquet", split="train")
```

From a hub, `load_dataset(NAME)` gives the documents. The recipe counts no tokens (`output.tokens = false`): run it with
`--set output.tokens=true` for token shards. `curate validate DIR` checks every checksum and count against
`manifest.json`."""


def _columns(recipe: Books, manifest: Books, *, counted: bool) -> str:
    width = "uint16" if manifest.get("vocabulary", 0) <= 2**16 else "uint32"
    stages = [hostile.code(_stage_name(fields)) for fields in recipe.get("stage", [])]
    signals = f" (of {', '.join(stages)}, those that measure)" if stages else ""
    shards = f"""| `tokens` | number of tokens |

`tokens/{{train,validation}}/*.arrow`, one row a document: `input_ids` (list of {width}), `id`, `source`, `language`
(null where nothing identified it), `weight`. Ids are of text only: whoever trains adds special tokens."""
    return f"""## Columns

`documents/*.parquet`, one row a document:

| column | what it holds |
|:--|:--|
| `id` | where it was found: `<source>/<member>#<record>`; not promised to be unique |
| `source` | the input it came from |
| `url`, `date`, `media` | address, ISO 8601 date and MIME type as the source gave them, or null |
| `text` | the text |
| `meta` | a JSON object of whatever else the source knew |
| one struct a stage | the signals it measured{signals}; a filter's `broken` has one bit a rule |
{shards if counted else ""}"""


def _stage_name(fields: Books) -> str:
    return str(fields.get("name") or fields.get("use") or "?")


def _making(recipe: Books, report: Books) -> str:
    lines = ["## How it was made", "", "| stage | kind | acts | settings |", "|:--|:--|:--|:--|"]
    for stage in report["stages"]:
        fields = stage_fields(recipe, stage["name"])
        settings = [_setting(key, value) for key, value in fields.items() if key not in {"use", "name", "act"}]
        acts = {"filter": "drops", "barrier": "drops", "rewrite": "edits", "ingest": "reads"}.get(stage["kind"], "")
        acts = "flags" if fields.get("act") == "flag" else acts
        cells = [hostile.code(stage["name"]), stage["kind"], acts, ", ".join(one for one in settings if one)]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _setting(key: str, value: Any) -> str:
    """A stage's field as a sentence: `50 ≤ words ≤ 100 000`, `label in en, ko`, `bands = 20`."""
    if isinstance(value, Mapping) and value.keys() <= {"min", "max"}:
        low, high = (value.get(bound) for bound in ("min", "max"))
        left = f"{figures.limit(low, SPACE)} ≤ " if isinstance(low, (int, float)) else ""
        right = f" ≤ {figures.limit(high, SPACE)}" if isinstance(high, (int, float)) else ""
        return hostile.markdown(f"{left}{hostile.short(key, 40)}{right}") if left or right else ""
    if key == "by_language" and isinstance(value, Mapping):
        return f"fields of their own for {_number(len(value))} languages" if value else ""
    if isinstance(value, list):
        more = f" and {len(value) - MOST_VALUES} more" if len(value) > MOST_VALUES else ""
        shown = ", ".join(hostile.short(_portable(one), 40) for one in value[:MOST_VALUES])
        return hostile.markdown(f"{hostile.short(key, 40)}: {shown}{more}") if value else ""
    if isinstance(value, Mapping):
        return hostile.markdown(f"{hostile.short(key, 40)}: {len(value)} entries") if value else ""
    return hostile.markdown(f"{hostile.short(key, 40)} = {_scalar(value)}")


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return figures.limit(value, SPACE)
    return hostile.short(_portable(value), 60)


def _portable(value: Any) -> Any:
    """The value without this machine's folders: an absolute path is reduced to its file's name."""
    if isinstance(value, Mapping):
        return {key: _portable(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_portable(one) for one in value]
    if isinstance(value, str) and value.startswith(("/", "~")):
        return PurePosixPath(value).name or value
    if isinstance(value, str) and PureWindowsPath(value).drive:
        return PureWindowsPath(value).name or value
    return value


def _removed(report: Books) -> str:
    """What took most, in words; the table has the rest."""
    cuts = [line for line in ledger(report) if line.kind == "dropped"]
    largest = sorted(cuts, key=lambda line: (-line.tally.documents, line.stage, line.reason))[:3]
    whole = report["input"]["documents"]
    named = [
        f"{hostile.code(line.stage)} ({hostile.markdown(hostile.short(line.label, 60))}) "
        f"took {figures.share(line.tally.documents, whole)} of the documents"
        for line in largest
    ]
    first = "; ".join(named) + ". " if named else "Nothing was dropped. "
    return (
        f"{first}Every dropped document lies in `dropped/<stage>/` with its reason and signals, and what could not be "
        "read or processed in `quarantine/`. Within a stage, each line is subtracted from what came in; shares are of "
        "all that came into the run; what is flagged was kept."
    )


def _flows(heading: str, noun: str, found: Mapping[str, Mapping[str, Any]], unit: str) -> str:
    if not found:
        return ""
    lines = [f"## {heading}", "", f"| {noun} | documents kept | of | {unit} kept | of |", "|:--|--:|--:|--:|--:|"]
    for flow in charts.flows(found):
        name = f"{_number(flow.rest)} others" if flow.rest else hostile.code(hostile.short(flow.label, 80))
        counts = (flow.out.documents, flow.incoming.documents, flow.out.tokens, flow.incoming.tokens)
        lines.append(f"| {name} | {' | '.join(_number(count) for count in counts)} |")
    return "\n".join(lines)


def _tokenizer(manifest: Books) -> str:
    digest = manifest.get("tokenizer", {}).get("sha256")
    known = f", sha256 {hostile.code(digest)}" if digest else ""
    return f"""## Tokenizer

`tokenizer/tokenizer.json`, {_number(manifest.get("vocabulary", 0))} entries{known};
`tokenizers.Tokenizer.from_file` reads it. Control tokens are reserved and never come from text: a literal
`<|endoftext|>` in a document was encoded as the characters that it is."""


UNLICENSED = """**Licences and consent were not checked.** The texts are third parties' and remain under their terms;
  whether a use is lawful is for the user to find out."""
UNCHECKED = "**Facts were not checked.** The text says what its authors said."
MASKED = (
    """Personal data were looked for by patterns (the stage `pii`); names, and what no pattern describes, remain."""
)
UNMASKED = "**Personal data were not looked for.** Names, addresses and numbers stand as they were published."
FORMAL = "Quality rules are rules of thumb: they measure form, and drop some good text with the bad."
SCORED = """A classifier scored the text by its likeness to examples that somebody chose: what is good in another way,
  or in a dialect or register that those lack, scores low."""
IDENTIFIED = """Languages were identified from the beginning of each document: short texts, close relatives, dialects
  and texts in several languages are often labelled wrongly."""
ANNOTATED = """Measures of toxicity and bias are annotations by word lists and models. They miss what is implied, and
  mark harmless mentions, reclaimed words and dialects; a document without a flag is not thereby harmless."""


def _limitations(recipe: Books) -> str:
    uses = {str(fields.get("use")) for fields in recipe.get("stage", [])}
    points = [UNLICENSED, UNCHECKED, MASKED if "pii" in uses else UNMASKED, FORMAL]
    if "quality" in uses:
        points.append(SCORED)
    if "language" in uses:
        points.append(IDENTIFIED)
    points.append(ANNOTATED if uses & {"toxicity", "bias"} else "Nothing looked for toxic, hateful or biased text.")
    if not uses & DEDUPLICATION:
        points.append("Nothing was deduplicated.")
    if not any("contamina" in use for use in uses):
        points.append("Nothing was checked against evaluation sets: benchmarks may be among the texts.")
    return "## Known limitations\n\n" + "\n".join(f"- {point}" for point in points)


def _reproduction(recipe: Books, manifest: Books) -> str:
    text = toml(_portable(recipe))
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    key, limit = manifest.get("key"), manifest.get("limit")
    check = f" The same input gives the key {hostile.code(key)} and the same sha256 for every file." if key else ""
    return f"""## Reproduction

Save the recipe below as `recipe.toml` (files that it names lie beside it), then:

```
curate run recipe.toml INPUT… --output DIR{f" --limit {limit}" if limit is not None else ""}
```

`manifest.json` lists every file with its rows, tokens and sha256.{check}

{fence}toml
{text.rstrip()}
{fence}"""
