"""Benchmarks' items are found in documents, in whatever form they leaked."""

import gzip
import html
import json
import random
import unicodedata

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curate import Options, run
from curate.errors import AssetError, RecipeError
from curate.recipe import Recipe
from curate.reports.table import yield_text
from curate.shards import read_json
from curate.stages.decontaminate import Decontaminate
from tests.conftest import build, document, write_jsonl
from tests.stages.memory_corpus import MemoryCorpus

QUESTION = (
    "Mrs. O’Hara’s café sells 12 kinds of “pie”; on Monday she bakes three of each, and by noon half of them are gone. "
    "On Tuesday, after a storm, nobody came at all – how many pies has she left for Wednesday’s fair in the village?"
)
ANSWER = "She bakes 12 times 3 = 36 pies on Monday.\nHalf of these, 36 / 2 = 18, are sold by noon.\n#### 18"
CHOICES = [
    "none, because the storm blew every one of the pies into the harbour",
    "eighteen, because nobody came on the day after the storm to buy",
    "thirty-six, because pies that are baked on Monday are never sold",
    "9",
]
KOREAN = (
    "영희는 시장에서 사과 열두 개를 사서 친구 세 명에게 똑같이 나누어 주고 남은 사과를 집에 가져갔다. "
    "집에 가져간 사과는 모두 몇 개인지 풀이 과정과 함께 쓰시오."
)
CHINESE = "小明在商店里买了十二个苹果，送给三个朋友每人两个，回家的路上又丢了一个。请问小明最后还剩下几个苹果？"
ITEMS = [
    {"question": QUESTION, "answer": ANSWER, "choices": {"text": CHOICES, "label": ["A", "B", "C", "D"]}},
    {"question": KOREAN, "answer": "0"},
    {"question": CHINESE, "answer": "5"},
    {"question": "Who wrote this?", "answer": "Nobody knows."},
    {"question": "Which of these nine words is the odd one?", "answer": "none"},
]


def words(text):
    return text.split(" ")


LEAKS = {
    "as it is": (QUESTION, 0),
    "case": (QUESTION.upper(), 0),
    "no punctuation": ("".join(c for c in QUESTION if c.isalnum() or c in " ’–"), 0),
    "HTML": (
        "<div class='q'><p>" + html.escape(QUESTION).replace("pie", "<b>pie</b>").replace(";", ";<br>") + "</p>",
        0,
    ),
    "character references": (QUESTION.replace("’", "&rsquo;").replace("é", "&eacute;").replace("–", "&#8211;"), 0),
    "JSON": (json.dumps({"q": QUESTION, "a": ANSWER}), 0),
    "first half": (QUESTION[: len(QUESTION) // 2], 0),
    "second half": (QUESTION[len(QUESTION) // 2 :], 0),
    "line breaks": (QUESTION.replace(" ", "\r\n"), 0),
    "plain quotes": (QUESTION.replace("’", "'").replace("“", '"').replace("”", '"').replace("–", "-"), 0),
    "full width": ("".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in QUESTION), 0),
    "decomposed": (unicodedata.normalize("NFD", QUESTION), 0),
    "numbered": ("Question 17) " + QUESTION + " (4 points)", 0),
    "reordered choices": ("\n".join(f"({c}) {t}" for c, t in zip("abcd", CHOICES[::-1], strict=True)), 0),
    "Markdown": ("* **" + QUESTION.replace(" pies ", " _pies_ ") + "**", 0),
    "Korean": (f"문제 3. {KOREAN}", 1),
    "Korean, decomposed": (unicodedata.normalize("NFD", KOREAN), 1),
    "Korean, half": (KOREAN[: len(KOREAN) // 2 + 8], 1),
    "Chinese": (f"问题三{CHINESE}答案", 2),
    "Chinese, inside a sentence": (f"老师问我们{CHINESE[:40]}", 2),
    "Chinese, line breaks": ("\n".join(CHINESE), 2),
    "a short item as a whole": ("And which of these nine words is the ODD one?", 4),
}


@pytest.fixture
def items(tmp_path):
    return written(tmp_path / "quiz.jsonl", ITEMS)


def written(path, rows):
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return path


def verdicts(stage, *shards):
    """Reason and signals of every text."""
    tables = list(stage.resolve(MemoryCorpus(stage, *shards)))
    return [(row["reason"], row["signals"]) for table in tables for row in table.to_pylist()]


@pytest.mark.parametrize("form", LEAKS)
def test_a_leak_is_found_in_any_form(form, items):
    leak, number = LEAKS[form]
    before, after = document(1), document(2)

    (reason, signals), (clean, nothing) = verdicts(
        Decontaminate(benchmarks=items), [f"{before}\n{leak}\n{after}", before]
    )

    assert reason == "overlap"
    assert signals["item"] == number
    assert signals["benchmark"] == "quiz.jsonl"
    assert 0 < signals["share"] <= 1
    assert clean is None
    assert nothing == {"hits": 0, "share": 0, "benchmark": None, "item": None, "found": [], "spans": []}


def test_the_share_of_an_item_is_of_its_words_that_can_be_looked_for(items):
    both = f"{QUESTION} So: {ANSWER} {' '.join(CHOICES)}"

    (_, whole), (_, part) = verdicts(Decontaminate(benchmarks=items), [both, QUESTION])

    assert whole["share"] == 1
    assert 0.3 < part["share"] < 0.6
    assert whole["found"] == [{"benchmark": "quiz.jsonl", "item": 0, "hits": whole["hits"], "share": 1.0}]


def test_spans_are_the_bytes_of_the_leak(items):
    text = f"Voilà. {QUESTION} Fin. {CHOICES[1]}!"

    ((_, signals),) = verdicts(Decontaminate(benchmarks=items), [text])

    spans = [text.encode()[span["start"] : span["stop"]].decode() for span in signals["spans"]]
    assert spans == [QUESTION.rstrip("?"), CHOICES[1]]


def test_twelve_words_in_a_row_are_no_leak_but_thirteen_are(items):
    some = QUESTION.split()

    reasons = [
        reason for reason, _ in verdicts(Decontaminate(benchmarks=items), [" ".join(some[5:17]), " ".join(some[5:18])])
    ]

    assert reasons == [None, "overlap"]


def test_a_short_item_is_found_only_whole_and_a_very_short_one_never(items):
    texts = ["Which of these nine words is the odd", ITEMS[4]["question"], ITEMS[3]["question"]]

    assert [reason for reason, _ in verdicts(Decontaminate(benchmarks=items), texts)] == [None, "overlap", None]


def test_how_much_of_an_item_must_be_there_is_a_choice(items):
    texts = [QUESTION[:120], f"{QUESTION} {ANSWER} {' '.join(CHOICES)}"]

    def reasons(**fields):
        return [reason for reason, _ in verdicts(Decontaminate(benchmarks=items, **fields), texts)]

    assert reasons() == ["overlap", "overlap"]
    assert reasons(min_share=0.5) == [None, "overlap"]
    assert reasons(min_hits=30) == [None, "overlap"]
    assert reasons(n=30) == [None, "overlap"]


def test_only_the_fields_that_are_named_are_looked_for(items):
    texts = [QUESTION, ANSWER, CHOICES[2], CHINESE]

    def reasons(*fields):
        return [reason is not None for reason, _ in verdicts(Decontaminate(benchmarks=items, fields=fields), texts)]

    assert reasons() == [True, True, True, True]
    assert reasons("question") == [True, False, False, True]
    assert reasons("answer", "choices.text") == [False, True, True, False]


def test_items_that_share_a_passage_are_all_told(tmp_path):
    passage = document(7)
    sets = written(tmp_path / "a.jsonl", [{"context": passage, "question": f"What is {i}?"} for i in range(12)])

    ((reason, signals),) = verdicts(Decontaminate(benchmarks=sets), [passage[:300]])

    assert reason == "overlap"
    assert [found["item"] for found in signals["found"]] == list(range(12))


def test_what_all_items_say_is_an_instruction(tmp_path):
    how = "Read the question below with care and choose the one answer that fits best of all four."
    rows = [{"prompt": f"{how} {document(i)[:150]}"} for i in range(20)]
    stage = Decontaminate(benchmarks=written(tmp_path / "a.jsonl", rows))

    (instruction, _), (item, _) = verdicts(stage, [f"{document(50)} {how}", f"So: {document(3)[:150]}"])

    assert instruction is None
    assert item == "overlap"


def test_phrases_that_many_documents_hold_count_only_as_long_as_few_do(items):
    texts = [f"{document(i)} {CHOICES[0]} {document(100 + i)}" for i in range(12)]
    texts[3] += QUESTION

    def reasons(*shards, **fields):
        return [reason for reason, _ in verdicts(Decontaminate(benchmarks=items, **fields), *shards)]

    assert reasons(texts) == ["overlap"] * 12
    assert reasons(texts[:5], texts[5:], common=10) == [None] * 3 + ["overlap"] + [None] * 8
    assert reasons(texts[:5], texts[5:], common=11) == ["overlap"] * 12, "without the fourth they are eleven"


def test_what_it_kept_it_keeps_again(items):
    rng = random.Random(1)
    parts = [QUESTION[:120], CHOICES[0], CHOICES[1], ANSWER, KOREAN]
    texts = [" . ".join([document(i), *rng.sample(parts, rng.randrange(3))]) for i in range(60)]
    for common in (0, 2, 8, 15):
        stage = Decontaminate(benchmarks=items, common=common)
        kept = [text for text, (reason, _) in zip(texts, verdicts(stage, texts), strict=True) if reason is None]
        assert [reason for reason, _ in verdicts(stage, kept)] == [None] * len(kept)


def test_parts_of_a_shard_that_are_looked_at_apart_say_the_same(items, monkeypatch):
    texts = [leak for leak, _ in LEAKS.values()]
    whole = verdicts(Decontaminate(benchmarks=items), texts)

    monkeypatch.setattr("curate.stages.decontaminate.PORTION", 1)

    assert verdicts(Decontaminate(benchmarks=items), texts) == whole


@pytest.mark.parametrize("packing", ["plain", "gzip", "zstd", "parquet"])
def test_benchmarks_may_be_packed(packing, items, tmp_path):
    path = tmp_path / "packed"
    if packing == "parquet":
        pq.write_table(pa.Table.from_pylist(ITEMS[:1]), path)
    elif packing == "zstd":
        with pa.output_stream(str(path), compression="zstd") as stream:
            stream.write(items.read_bytes())
    else:
        path.write_bytes(gzip.compress(items.read_bytes()) if packing == "gzip" else items.read_bytes())

    assert [reason for reason, _ in verdicts(Decontaminate(benchmarks=path), [CHOICES[0]])] == ["overlap"]


def test_patterns_name_several_files_which_reports_tell_apart(tmp_path):
    for name, row in (("a/test.jsonl", ITEMS[0]), ("b/test.jsonl", ITEMS[2])):
        (tmp_path / name).parent.mkdir()
        written(tmp_path / name, [row])
    stage = Decontaminate(benchmarks=tmp_path / "*" / "test.jsonl")

    found = verdicts(stage, [CHINESE, QUESTION])

    assert [signals["benchmark"] for _, signals in found] == ["b/test.jsonl", "a/test.jsonl"]
    assert len(stage.assets()) == 2
    assert stage.identity()["named"] == ["a/test.jsonl", "b/test.jsonl"]


@pytest.mark.parametrize(
    ("content", "fields", "error"),
    [
        (b"", (), "holds no items"),
        (b"\n\n", (), "holds no items"),
        (b'{"a": 1}\n{"a": [2, null]}\n', (), "holds no text in any field"),
        (b'{"question": "what"}\n', ("questions",), "holds no text in questions; did you mean 'question'?"),
        (b'{"a": "b"}\nnot json\n', (), "line 2: not JSON"),
        (b'[\n{"a": "b"}\n]\n', (), "line 1: not JSON"),
        (b"\xff\xfe\x00broken", (), "line 1: not JSON"),
        (b"\x1f\x8bbroken", (), "cannot be read"),
        (b"\x28\xb5\x2f\xfdbroken", (), "cannot be read"),
        (b"PAR1broken", (), "cannot be read"),
        (b"[" * 100_000 + b"]" * 100_000, (), "nested too deeply"),
    ],
)
def test_a_file_that_is_no_benchmark_is_an_error_of_one_line(content, fields, error, tmp_path):
    (tmp_path / "bad.jsonl").write_bytes(content)

    with pytest.raises(AssetError, match=r"^decontaminate\.benchmarks: ") as raised:
        Decontaminate(benchmarks=tmp_path / "bad.jsonl", fields=fields).prepare()

    assert error in str(raised.value)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 400 + len(str(tmp_path))


def test_lone_surrogates_huge_items_and_a_great_many_items_are_read(tmp_path):
    rows = ['{"a": "\\ud800 ' + "x y z w " * 200_000 + '"}', *(f'{{"q": "short {i}"}}' for i in range(100_000))]
    (tmp_path / "odd.jsonl").write_text("\n".join([*rows, json.dumps(ITEMS[0])]))

    ((_, signals),) = verdicts(Decontaminate(benchmarks=tmp_path / "odd.jsonl"), [QUESTION])

    assert signals["item"] == 100_001


def test_benchmarks_that_are_missing_or_not_named_are_told(tmp_path):
    with pytest.raises(AssetError, match="needs benchmarks"):
        build({"use": "decontaminate"}).prepare()
    with pytest.raises(AssetError, match="no such file"):
        build({"use": "decontaminate", "benchmarks": [str(tmp_path / "*.jsonl")]}).prepare()
    with pytest.raises(RecipeError, match="min_words = 20 is more than n = 13"):
        build({"use": "decontaminate", "min_words": 20})


def test_a_run_tells_which_item_stood_in_which_document(items, tmp_path):
    texts = [document(i) for i in range(60)]
    texts[7] += QUESTION
    texts[31] = f"<p>{CHINESE}</p>{document(31)}"
    source = write_jsonl(tmp_path / "in.jsonl", texts)
    table = {"use": "decontaminate", "benchmarks": [str(items)]}

    result = run(build(table, ingest={"shard_bytes": 10_000}), [source], tmp_path / "out", options=Options(workers=1))
    flagged = run(build({**table, "act": "flag"}), [source], tmp_path / "flagged", options=Options(workers=1))

    told = {"benchmark": "quiz.jsonl", "items": 5, "checkable": 4, "found": 2, "whole": 1, "documents": 2}
    for folder in ("out", "flagged"):
        assert read_json(tmp_path / folder / "report.json")["told"] == {"decontaminate": [told]}
        assert "quiz.jsonl" in (tmp_path / folder / "report.html").read_text("utf-8")
    assert "quiz.jsonl: 2 of 5 items found, 1 wholly" in yield_text(read_json(tmp_path / "out" / "report.json"))
    gone = pq.read_table(tmp_path / "out" / "dropped" / "decontaminate").to_pylist()
    assert {row["id"]: row["decontaminate"]["item"] for row in gone} == {"in.jsonl#7": 0, "in.jsonl#31": 2}
    assert {row["reason"] for row in gone} == {"decontaminate.overlap"}
    assert result.report.output.documents == 58
    assert flagged.report.output.documents == 60
    assert flagged.report.stages[-1].flagged["decontaminate.overlap"].documents == 2
    assert Recipe.build(build(table).table()) == build(table)


def cut(stage, *texts):
    """Each text as the run leaves it, or the reason for which it goes."""
    made = []
    for text, row in zip(texts, next(stage.resolve(MemoryCorpus(stage, texts))).to_pylist(), strict=True):
        data = text.encode()
        for span in reversed(row["cut"] or []):
            data = data[: span["start"]] + b"\n" + data[span["stop"] :]
        made.append(row["reason"] or data.decode())
    return made


def test_a_span_is_cut_with_a_margin_up_to_white_space(items):
    before, after = "étude of early mornings " * 20, " and of late evenings à la mode" * 20
    text = f"{before}{QUESTION}{after}"

    (left,) = cut(Decontaminate(benchmarks=items, remove="span"), text)
    (close,) = cut(Decontaminate(benchmarks=items, remove="span", margin=0), text)

    assert close == f"{before}\n{after}"
    first, second = left.split("\n")
    assert before.startswith(first)
    assert after.endswith(second)
    assert 200 <= len(before) - len(first) < 240
    assert 200 <= len(after) - len(second) < 240
    assert (first[-1:] + second[:1]).isspace()


def test_what_is_short_between_two_cuts_goes_and_a_text_in_too_many_pieces_goes_as_a_whole(items):
    stage = Decontaminate(benchmarks=items, remove="span", margin=50, pieces=3)
    near = document(1)[:120]

    short, many, all_, clean = cut(
        stage,
        f"{document(2)} {CHOICES[0]} {near} {CHOICES[1]} {document(3)}",
        " ".join(f"{document(i)} {CHOICES[i % 3]}" for i in range(8)),
        f"Q: {QUESTION}",
        near[:20],
    )

    assert len(short.split("\n")) == 2 + document(2).count("\n") + document(3).count("\n") - 1 or near not in short
    assert "because" not in short
    assert (many, all_, clean) == ("pieces", "overlap", near[:20])


def test_no_leak_is_made_by_cutting_one_out(items):
    some = QUESTION.split()
    text = " ".join([document(1), *some[:8], CHOICES[0], *some[8:17], document(2)])

    (left,) = cut(Decontaminate(benchmarks=items, remove="span", margin=0), text)

    assert left == f"{document(1)} \n {document(2)}"


def test_a_run_cuts_spans_and_balances_and_cuts_nothing_again(items, tmp_path):
    texts = [document(i, 30) for i in range(40)]
    texts[7] = f"{document(100, 30)} {QUESTION} {document(101, 30)}"
    texts[31] = QUESTION
    table = {"use": "decontaminate", "benchmarks": [str(items)], "remove": "span"}

    first = run(build(table), [write_jsonl(tmp_path / "in.jsonl", texts)], tmp_path / "a", options=Options(workers=1))
    kept = [
        row["text"] for f in sorted((tmp_path / "a" / "documents").glob("*")) for row in pq.read_table(f).to_pylist()
    ]
    again = run(build(table), [write_jsonl(tmp_path / "b.jsonl", kept)], tmp_path / "b", options=Options(workers=1))

    first.report.balance()
    book = first.report.stages[-1]
    assert book.dropped["decontaminate.overlap"].documents == 1
    assert book.rewritten.bytes > len(QUESTION)
    assert len(kept) == again.report.output.documents == 39
    assert again.report.output.bytes == first.report.output.bytes
