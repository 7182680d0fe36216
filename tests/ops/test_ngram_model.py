"""Scores of n-gram models read from ARPA files, against the definition in plain Python."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.ops import arpa, ngram_model
from tests.ops.kernel_texts import packed

WORDS = ["a", "b", "c", "가", "e\u0301"]


def written(tables, end="\n"):
    """The ARPA file of {order: {words: (log10 probability, back-off)}}."""
    lines = ["\\data\\", *(f"ngram {order}={len(table)}" for order, table in tables.items())]
    for order, table in tables.items():
        lines += ["", f"\\{order}-grams:"]
        for words, (logarithm, weight) in table.items():
            lines.append(f"{logarithm}\t{' '.join(words)}" + (f"\t{weight}" if weight else ""))
    return end.join([*lines, "", "\\end\\", ""]).encode()


def model(tables):
    return arpa.read(np.frombuffer(written(tables), np.uint8))


def probability(tables, context, word):
    """log10 P(word | context) as the format defines it."""
    context = context[-(max(tables) - 1) :] if max(tables) > 1 else ()
    words = (*context, word)
    if words in tables[len(words)]:
        return tables[len(words)][words][0]
    if not context:
        return tables[1].get(("<unk>",), (-100.0, 0.0))[0]
    weight = tables[len(context)].get(context, (0.0, 0.0))[1]
    return weight + probability(tables, context[1:], word)


def total(tables, sentence):
    """log10 of a sentence's probability, and how many of its words are unknown."""
    known = [word if (word,) in tables[1] and word not in ("<s>", "</s>") else "<unk>" for word in sentence]
    words = ["<s>", *known, "</s>"]
    return sum(probability(tables, tuple(words[:i]), words[i]) for i in range(1, len(words))), known.count("<unk>")


@st.composite
def models(draw):
    """Tables of any order, pruned at random: contexts and endings of listed n-grams may be missing."""
    logarithm = st.integers(-40, -1).map(lambda n: n / 8)
    weight = st.integers(-16, 8).map(lambda n: n / 8)
    entry = st.tuples(logarithm, weight)
    names = [*draw(st.sets(st.sampled_from(WORDS), min_size=1)), "<s>", "</s>"]
    tables = {1: {(name,): draw(entry) for name in sorted(names)}}
    if draw(st.booleans()):
        tables[1]["<unk>",] = draw(entry)
    order = draw(st.integers(1, 5))
    for n in range(2, order + 1):
        words = st.lists(st.sampled_from(sorted(w for (w,) in tables[1])), min_size=n, max_size=n).map(tuple)
        tables[n] = draw(st.dictionaries(words, entry, min_size=1, max_size=8))
    return tables


SENTENCES = st.lists(st.lists(st.sampled_from([*WORDS, "x", "<s>", "</s>", "<unk>"]), max_size=6), max_size=4)


@settings(max_examples=400, deadline=None)
@given(models(), SENTENCES)
def test_scores_are_those_of_the_definition(tables, sentences):
    rows = ["\n".join(" ".join(words) for words in sentences), *(" ".join(words) for words in sentences)]

    found = ngram_model.score(*packed(rows), model(tables), lines=True, single_letters=False)

    for row, lines in enumerate([sentences, *([words] for words in sentences)]):
        scored = [total(tables, words) for words in lines if words]
        assert found.sums[row] == pytest.approx(sum(value for value, _ in scored), rel=1e-5, abs=1e-4)
        assert found.unknown[row] == sum(unknown for _, unknown in scored)
        assert found.words[row] == sum(map(len, lines))
        assert found.sentences[row] == len(scored)


@settings(max_examples=100, deadline=None)
@given(models(), SENTENCES)
def test_a_document_can_be_one_sentence(tables, sentences):
    text = "\n".join(" ".join(words) for words in sentences)
    words = [word for sentence in sentences for word in sentence]

    found = ngram_model.score(*packed([text]), model(tables), lines=False, single_letters=False)

    assert found.sums[0] == pytest.approx(total(tables, words)[0] if words else 0.0, rel=1e-5, abs=1e-4)
    assert found.sentences[0] == bool(words)


SMALL = {
    1: {
        ("<unk>",): (-1.5, 0),
        ("<s>",): (-99, -0.3),
        ("</s>",): (-0.9, 0),
        ("the",): (-0.5, -0.25),
        ("cat",): (-1, -0.5),
    },
    2: {("<s>", "the"): (-0.1, 0), ("the", "cat"): (-0.2, 0), ("cat", "</s>"): (-0.3, 0)},
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the cat", -0.1 - 0.2 - 0.3),
        ("cat the dog", (-0.3 - 1) + (-0.5 - 0.5) + (-0.25 - 1.5) - 0.9),
        ("the cat\n\n \nthe cat", -1.2),
        ("the\u2003cat\r", -0.6),
        ("", 0),
        ("\n \n", 0),
    ],
)
def test_a_sentence_is_scored_by_hand(text, expected):
    found = ngram_model.score(*packed([text]), model(SMALL), lines=True, single_letters=True)

    assert found.sums[0] == pytest.approx(expected, rel=1e-6)


def test_letters_of_scripts_without_spaces_are_words_by_choice():
    for single, expected in ((True, 2), (False, 1)):
        found = ngram_model.score(*packed(["漢字。語"]), model(SMALL), lines=True, single_letters=single)

        assert found.words[0] == expected


def test_what_a_text_writes_like_a_control_token_is_an_unknown_word():
    found = ngram_model.score(*packed(["<s> </s> <unk> <UNK>"]), model(SMALL), lines=True, single_letters=True)

    assert found.unknown[0] == found.words[0] == 4


def test_line_ends_spaces_and_numbers_come_in_any_form():
    plain = written(SMALL)
    odd = (
        plain.replace(b"\n", b"\r\n")
        .replace(b"-0.5\t", b"-5.0E-1  ")
        .replace(b"-99", b"-inf")
        .replace(b"-1.5", b"-.15e+1")
    )

    found = arpa.read(np.frombuffer(odd, np.uint8))

    same = model(SMALL)
    assert (found.keys == same.keys).all()
    assert np.where(found.probabilities == -math.inf, -99, found.probabilities).tolist() == same.probabilities.tolist()
    assert found.backoffs.tolist() == same.backoffs.tolist()


@settings(max_examples=300, deadline=None)
@given(st.floats(-1e30, 0, allow_subnormal=False), st.integers(0, 25))
def test_numbers_are_read_as_python_reads_them(value, digits):
    for text in (repr(value), f"{value:.{digits}f}", f"{value:.{digits}e}"):
        data = written({1: {("<s>",): (text, 0), ("</s>",): (-1, 0), ("<unk>",): (-2, 0)}})

        found = arpa.read(np.frombuffer(data, np.uint8)).probabilities

        read = found[(found != -1) & (found != -2) & (found != 0)].tolist()
        expected = float(np.float32(float(text)))
        assert read == pytest.approx([expected] if expected not in (0, -1, -2) else [], rel=2e-7)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ((b"\\data\\", b"data"), "no .data. section"),
        ((b"ngram 1=5", b"ngram one"), "expected ngram N=count"),
        ((b"ngram 2=3", b"ngram 3=3"), r"counts of orders \[1, 3\]"),
        ((b"ngram 1=5", b"ngram 1=999999"), "999,999|1,000,002 n-grams announced"),
        ((b"ngram 1=5", b"ngram 1=6"), "the section ends early"),
        ((b"ngram 1=5", b"ngram 1=4"), "no .2-grams: where the section should begin"),
        ((b"-0.5\tthe", b"0.5\tthe"), "a probability above 1"),
        ((b"-0.5\tthe", b"half\tthe"), "not a number"),
        ((b"-0.5\tthe", b"nan\tthe"), "not a number"),
        ((b"-0.5\tthe\t-0.25", b"-0.5\tthe\tmuch"), "not a number"),
        ((b"-0.5\tthe\t-0.25", b"-0.5\tthe\t1e39"), "not a number"),
        ((b"-0.2\tthe cat", b"-0.2\tthe"), "not so many words"),
        ((b"\tcat\t", b"\tthe\t"), "1-gram number 5 is listed twice"),
        ((b"\t<s>\t", b"\tstart\t"), "no 1-gram <s>"),
        ((b"\t</s>\n", b"\tend\n"), "no 1-gram </s>"),
        ((b"the cat", b"the dog"), "no 1-gram"),
    ],
)
def test_a_broken_file_is_told_in_one_line(change, message):
    with pytest.raises(ValueError, match=message) as error:
        arpa.read(np.frombuffer(written(SMALL).replace(*change), np.uint8))

    assert "\n" not in str(error.value)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_damage_is_an_error_or_a_model(data):
    whole = bytearray(written(SMALL))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(whole) - 1))
        whole[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    try:
        made = arpa.read(np.frombuffer(bytes(whole), np.uint8))
    except ValueError:
        return

    found = ngram_model.score(*packed(["the cat"]), made, lines=True, single_letters=True)

    assert not math.isnan(found.sums[0])
