import json
import math

import numpy as np
import pytest
import torch

from pretrain.errors import DataError, UsageError
from pretrain.evaluation.choice import choice
from pretrain.evaluation.choice_records import items
from pretrain.evaluation.records import Record, read
from pretrain.shards import Manifest
from pretrain.tokens import END_OF_TEXT, PAD
from tests.pretrain import token_folder
from tests.pretrain.evaluated import trained

ANSWER = "Question: why\nAnswer:"


@pytest.fixture(scope="module")
def vocabulary(corpus):
    return Manifest.read(corpus).open_vocabulary()


@pytest.mark.parametrize(
    ("fields", "context", "options", "answer"),
    [
        ({"context": "a b", "choices": ["c", "d"], "answer": 1}, "a b", [" c", " d"], 1),
        ({"context": "a b ", "choices": ["c", "d"], "answer": "B"}, "a b", [" c", " d"], 1),
        (
            {
                "question": {"stem": "why", "choices": [{"text": "x", "label": "A"}, {"text": "y", "label": "B"}]},
                "answerKey": "B",
            },
            ANSWER,
            [" x", " y"],
            1,
        ),
        (
            {"question": "why", "choices": {"text": ["x", "y", "z"], "label": ["1", "2", "3"]}, "answerKey": "1"},
            ANSWER,
            [" x", " y", " z"],
            0,
        ),
        ({"cells": ["why", "x", "y", "C", "D", "C"]}, ANSWER, [" x", " y", " C", " D"], 2),
        ({"goal": "why", "sol1": "x", "sol2": "y", "label": 0}, ANSWER, [" x", " y"], 0),
        (
            {"ctx": "A man [x] sits", "endings": ["and [title] goes", "up"], "label": "0", "activity_label": "Rest"},
            "Rest: A man sits",
            [" and. goes", " up"],
            0,
        ),
        ({"text": "the last word\n"}, "the last", [" word"], 0),
    ],
)
def test_every_form_becomes_context_options_and_answer(fields, context, options, answer):
    (found,) = items([Record("f:1", fields)])

    assert tuple(found) == (context, options, answer)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"x": 1}, "no question"),
        ({"context": "a", "choices": ["b"], "answer": 0}, "two options or more"),
        ({"context": "a", "choices": ["b", 3], "answer": 0}, "an option is not text"),
        ({"context": "a", "choices": ["b", " "], "answer": 0}, "an option is empty"),
        ({"context": "a", "choices": ["b", "c"], "answer": 2}, "answer 2 names none of 2"),
        ({"context": "a", "choices": ["b", "c"], "answer": True}, "answer True names none"),
        ({"question": "a", "choices": {"text": ["b", "c"], "label": ["A", "B"]}, "answerKey": "C"}, "names none"),
        ({"question": 3, "choices": 4}, "two options or more"),
        ({"text": "one"}, "needs two words"),
        ({"cells": ["why"]}, "two options"),
    ],
)
def test_a_record_that_is_no_question_is_told_with_its_place(fields, said):
    with pytest.raises(DataError, match=f"f:1: .*{said}"):
        items([Record("f:1", fields)])


def write(path, *rows):
    path.write_text("\n".join(json.dumps(row) for row in rows))
    return path


@torch.no_grad()
def nats(run, context, option):
    """Of the option's tokens behind the context, read as one text by a decoder."""
    before, whole = run.vocabulary.encode(context.rstrip()), run.vocabulary.encode(context + option)
    if run.model.family == "decoder":
        logits = run.model.logits(run.model(torch.tensor([[END_OF_TEXT, *whole[:-1]]])))[0]
        asked, start = whole, len(before)
    else:
        asked, start = run.vocabulary.encode(option), 0
        sentinels = [run.vocabulary.size - 1] if run.config.train.objective == "span" else []
        modes = [7] if run.config.train.objective == "ul2" else []
        read = torch.tensor([[*modes, *before, *sentinels, END_OF_TEXT]])
        decoder = torch.tensor([[PAD, *sentinels, *asked[:-1]]])
        logits = run.model.logits(run.model(read, decoder_inputs_BU=decoder))[0, len(sentinels) :]
    costs = -logits.double().log_softmax(1)
    return sum(costs[i, asked[i]].item() for i in range(start, len(asked)))


@pytest.mark.parametrize("objective", ["clm", "span", "prefix", "ul2"])
def test_the_cheapest_option_wins_by_sum_characters_and_bytes(vocabulary, tmp_path, objective):
    run = trained(vocabulary, "decoder" if objective == "clm" else "seq2seq", objective, context=64)
    draw, words = np.random.default_rng(1), token_folder.texts(30, seed=8)
    short = [text[:18].strip() for text in words]
    rows = [
        {"context": short[i], "choices": [short[i + 1], short[i + 2][:7].strip()], "answer": int(draw.integers(2))}
        for i in range(0, 27, 3)
    ]

    found = {one.metric: one for one in choice(run, write(tmp_path / "q.jsonl", *rows))}

    for name, size in (("", lambda _: 1), (" by characters", len), (" by bytes", lambda text: len(text.encode()))):
        costs = [[nats(run, r["context"], " " + o) / size(o) for o in r["choices"]] for r in rows]
        share = np.mean([np.argmin(cost) == r["answer"] for cost, r in zip(costs, rows, strict=True)])
        assert found[f"accuracy{name}"].value == pytest.approx(share)
        assert found[f"accuracy{name}"].chance == 0.5
    assert found["accuracy, centred"].value == pytest.approx(2 * found["accuracy"].value - 1)
    right = [" " + r["choices"][r["answer"]] for r in rows]
    bits = sum(nats(run, r["context"], o) for r, o in zip(rows, right, strict=True)) / math.log(2)
    expected = bits / sum(len(option.encode()) for option in right)
    assert found["bits per byte of the right answer"].value == pytest.approx(expected, rel=1e-4)


def test_spaces_behind_the_context_belong_to_the_option(vocabulary, tmp_path):
    run = trained(vocabulary)
    row = {"context": "ab", "choices": ["cd", "ef"], "answer": 0}

    plain = choice(run, write(tmp_path / "a.jsonl", row))[-1].value
    spaced = choice(run, write(tmp_path / "b.jsonl", row | {"context": "ab "}))[-1].value

    assert plain == spaced


def test_a_long_context_gives_way_and_a_long_option_still_scores(vocabulary, tmp_path):
    rows = [{"context": "ab " * 90, "choices": ["cd " * 50, "ef"], "answer": i} for i in range(2)]

    for family in ("decoder", "seq2seq"):
        found = choice(trained(vocabulary, family), write(tmp_path / "long.jsonl", *rows))
        assert all(one.value is not None for one in found)


def test_a_last_word_is_right_where_greedy_decoding_gives_it(vocabulary, tmp_path):
    run = trained(vocabulary)
    texts = token_folder.texts(40, seed=9)
    texts = [" ".join(text.split()[:4]) for text in texts if len(text.split()) > 3]

    found = choice(run, write(tmp_path / "lambada.jsonl", *({"text": text} for text in texts)))

    hits = []
    for text in texts:
        context = text.rpartition(" ")[0]
        whole, first = run.vocabulary.encode(text), len(run.vocabulary.encode(context))
        logits = run.model.logits(run.model(torch.tensor([[END_OF_TEXT, *whole[:-1]]])))[0]
        hits.append(logits.argmax(1).tolist()[first:] == whole[first:])
    assert found[0].value == pytest.approx(np.mean(hits))
    assert [one.metric for one in found] == ["accuracy", "bits per byte of the right answer"]


def test_an_encoder_has_no_continuations(vocabulary, tmp_path):
    path = write(tmp_path / "q.jsonl", {"text": "a b"})

    with pytest.raises(UsageError, match="needs a decoder"):
        choice(trained(vocabulary, "encoder"), path)


def test_files_are_read_packed_and_plain_and_as_csv(tmp_path):
    import gzip

    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(b'{"text": "a b"}\n\n{"text": "c"}'))
    (tmp_path / "b.json").write_text('[{"text": "d"}]')
    (tmp_path / "c.csv").write_text('"why, so",x,y,A\n')
    (tmp_path / "README.md").write_text("not a record")

    found = read(tmp_path)

    assert [record.fields for record in found] == [
        {"text": "a b"},
        {"text": "c"},
        {"text": "d"},
        {"cells": ["why, so", "x", "y", "A"]},
    ]


@pytest.mark.parametrize("content", [b"{", b"[1]", b"\xff\xfe", b"", b'"text"', b"[" * 100_000])
def test_a_broken_file_is_one_line(tmp_path, content):
    (tmp_path / "x.jsonl").write_bytes(content)

    with pytest.raises(DataError) as told:
        read(tmp_path / "x.jsonl")

    assert "\n" not in str(told.value)
