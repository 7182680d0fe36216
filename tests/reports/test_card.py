import re
import tomllib

import datasets
import numpy as np
import pyarrow as pa
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curate import groups, shards
from curate.reports.card import dataset_card


def card_of(run):
    return dataset_card(run.report, run.manifest)


def front_matter(card):
    return yaml.safe_load(card.split("---\n")[1])


def outside_code(card):
    """The card without fences and inline code, where nothing is markup."""
    body = re.sub(r"(?ms)^(```+).*?^\1$", "", card.split("---\n", 2)[2])
    return re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", body)


def test_the_front_matter_holds_what_the_hub_reads(run_with):
    assert front_matter(card_of(run_with(""))) == {
        "pretty_name": "web-en",
        "language": ["en"],
        "multilinguality": ["monolingual"],
        "license": "unknown",
        "task_categories": ["text-generation"],
        "size_categories": ["1K<n<10K"],
        "tags": ["pretraining", "curated", "sluice"],
        "configs": [
            {
                "config_name": "documents",
                "default": True,
                "data_files": [{"split": "train", "path": "documents/*.parquet"}],
            },
        ],
    }


@pytest.mark.parametrize(
    ("documents", "category"),
    [
        (0, "n<1K"),
        (999, "n<1K"),
        (1_000, "1K<n<10K"),
        (5 * 10**5, "100K<n<1M"),
        (10**11, "100B<n<1T"),
        (10**12, "n>1T"),
    ],
)
def test_the_size_category_is_one_of_the_hubs(run_with, documents, category):
    run = run_with("")
    report = {**run.report, "output": {"documents": documents, "bytes": 1, "tokens": 1}}

    assert front_matter(dataset_card(report, run.manifest))["size_categories"] == [category]


def test_norwegian_is_a_language_and_not_false(run_with):
    run = run_with("")
    one = {"documents": 1, "bytes": 1, "tokens": 1}
    labels = {label: {"in": one, "out": one} for label in ("no", "en", "und", "zh-Hant", "yue")}

    card = dataset_card({**run.report, "by_language": labels}, run.manifest)

    assert front_matter(card)["language"] == ["en", "no", "yue"]
    assert front_matter(card)["multilinguality"] == ["multilingual"]


def test_the_card_tells_the_yield_from_raw_and_from_extracted_text(run_with):
    card = card_of(run_with("")).replace("\u202f", " ").replace("\n", " ")

    assert "10.3% of the tokens of the raw text, markup included, and 99.4% of the tokens of the extracted text" in card
    assert "| extract | rewritten |  |  | −178 345 678 | 88.6% |" in card
    assert "`gopher` (words &lt; 50) took 11.1% of the documents" in card


def test_thresholds_stand_beside_their_stages(run_with):
    lines = card_of(run_with("")).replace("\u202f", " ").splitlines()

    assert "| `ingest` | ingest | reads | max_bytes = 16 777 216, 200 ≤ status ≤ 299 |" in lines
    assert "| `mine` | filter | flags | skew ≤ 0.8 |" in lines


def test_the_recipe_in_the_card_is_the_recipe_of_the_run(run_with):
    run = run_with("")

    printed = re.search(r"(?ms)^```toml\n(.*?)^```$", card_of(run))[1]

    assert tomllib.loads(printed) == run.report["recipe"]


def test_no_path_or_time_of_the_machine_is_told(run_with):
    run = run_with("")
    stage = {
        "use": "language",
        "name": "mine",
        "model": "/home/ann/models/lid.bin",
        "lists": ["~/block.txt", "C:\\data\\x.txt"],
    }
    recipe = {**run.report["recipe"], "stage": [stage], "tokens": {"tokenizer": "/home/ann/tokenizer.json"}}

    card = dataset_card({**run.report, "recipe": recipe}, run.manifest)

    assert not re.search(r"/home|ann|~/|C:|96\.4|812", card)
    assert all(name in card for name in ("lid.bin", "block.txt", "x.txt", "tokenizer.json"))


def test_times_do_not_change_the_card(run_with):
    run = run_with("")
    slower = [{**stage, "seconds": 99.0} for stage in run.report["stages"]]

    card = dataset_card({**run.report, "stages": slower, "seconds": 1.0, "peak_rss_bytes": 5}, run.manifest)

    assert card == card_of(run)


@pytest.mark.parametrize(
    ("uses", "says", "says_not"),
    [
        ([], "Nothing was deduplicated", "Languages were identified"),
        (["minhash"], "Nothing looked for toxic", "Nothing was deduplicated"),
        (["language", "pii"], "Languages were identified", "Personal data were not looked for"),
        (["toxicity"], "annotations by word lists", "Nothing looked for toxic"),
    ],
)
def test_limitations_are_those_of_the_recipe(run_with, uses, says, says_not):
    run = run_with("")
    recipe = {"name": "some", "stage": [{"use": use} for use in uses]}

    card = dataset_card({**run.report, "recipe": recipe}, run.manifest)

    assert says in card
    assert says_not not in card
    assert "Licences and consent were not checked" in card


ATTACKS = [
    "<script>alert(1)</script>",
    "|",
    "`",
    "```\n# own",
    "\n---\nlicense: mit\n",
    '"',
    "[x](http://evil)",
    "\u202e",
    "\x1b[2J",
    "${{x}}",
    "\ud800",
    "x" * 20_000,
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_hostile_names_break_neither_yaml_nor_markdown(run_with, attack):
    card, harmless = card_of(run_with(attack)), card_of(run_with("name"))

    assert front_matter(card).keys() == front_matter(harmless).keys()
    assert front_matter(card)["license"] == "unknown"
    assert (
        re.findall(r"(?m)^#+ .*?$", outside_code(card))[1:] == re.findall(r"(?m)^#+ .*?$", outside_code(harmless))[1:]
    )
    assert not re.search(r"<script|(?<!\\)\]\(http", outside_code(card))
    assert not set(card) & {"\u202e", "\x1b"}


def columns(card):
    rows = [line for line in card.splitlines() if line.startswith("|")]
    return [len(re.findall(r"(?<!\\)(?:\\\\)*\|", row)) for row in rows]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(word=st.text(min_size=1, max_size=20))
def test_no_name_changes_the_shape_of_the_tables(run_with, word):
    assert columns(card_of(run_with(word))) == columns(card_of(run_with("name")))


def test_a_card_is_utf8_whatever_the_names_hold(run_with):
    assert card_of(run_with("\ud800")).encode()


def test_a_run_given_nothing_has_a_card_without_tables_to_load(empty):
    found = front_matter(card_of(empty))

    assert "configs" not in found
    assert "language" not in found
    assert found["size_categories"] == ["n<1K"]


def write(form, path, table):
    with form(path) as out:
        out.write(table)


def test_datasets_loads_the_documents_and_tokens_as_the_card_says(run_with, tmp_path):
    run, folder = run_with(""), tmp_path / "corpus"
    names = pa.array(["a#1", "a#2"])
    columns = [pa.array([[1, 2], [3]], pa.list_(pa.uint16())), names, names, names, pa.array(np.ones(2, np.float32))]
    tokens = pa.table(columns, schema=shards.token_schema(32_768))
    write(groups.token_stream, folder / "tokens/train/data-00000-of-00001.arrow", tokens)
    shards.write_token_index(folder / "tokens/train", "train", ["data-00000-of-00001.arrow"], 32_768, "key")
    documents = folder / "documents/documents-00000-of-00001.parquet"
    write(groups.parquet, documents, pa.table({"id": names, "text": names}))
    (folder / "README.md").write_text(card_of(run), "utf-8")

    def load(*names, **options):
        return datasets.load_dataset(*names, cache_dir=str(tmp_path / "cache"), **options)["train"]

    files = {"train": str(folder / "tokens/train/*.arrow")}
    assert load(str(folder))["text"][:] == ["a#1", "a#2"]
    assert load("arrow", data_files=files)["input_ids"][:] == [[1, 2], [3]]
    assert datasets.load_from_disk(str(folder / "tokens/train"))["input_ids"][:] == [[1, 2], [3]]
