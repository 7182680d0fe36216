import pyarrow as pa
import pytest

from curate.generalisations import SPANS, counted, near, said, spans
from curate.lexicons import statements as words
from curate.models.stereotype import scores
from curate.statements import find


def told(*texts, languages=words.LANGUAGES):
    """Per text the spans of what it says."""
    found = find(pa.array(texts), languages)
    return spans(found, said(found), scores(found), len(texts)).to_pylist()


def quoted(text):
    (found,) = told(text)
    return [(one["label"], one["group"], one["trait"], one["valence"]) for one in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Swedes are generally very shy.", [("strict", "nationality.swedish", "shy", 0)]),
        ("The French are romantic", [("strict", "nationality.french", "romantic", 1)]),
        ("Women are emotional and men are strong", [
            ("strict", "gender.women", "emotional", -1), ("strict", "gender.men", "strong", 1)]),
        ("Black women are lazy", [("strict", "gender.women+race.black", "lazy", -1)]),
        ("Texans are known for their hospitality", [("strict", "people", "hospitality", 1)]),
        ("Some Germans are rude", [("loose", "nationality.german", "rude", -1)]),
        ("These Germans are rude", [("loose", "nationality.german", "rude", -1)]),
        ("a group of Germans are rude", [("loose", "nationality.german", "rude", -1)]),
        ("The Germans were rude", [("loose", "nationality.german", "rude", -1)]),
        ("The women are rude", [("loose", "gender.women", "rude", -1)]),
        ("Swedes are grateful to him", [("loose", "nationality.swedish", "grateful", 1)]),
        ("The German is rude", []),
        ("Germans live here. They are rude", []),
        ("The house of Germans is old", []),
        ("한국인들은 매우 부지런하다.", [("strict", "nationality.korean", "부지런", 1)]),
        ("미국 여성은 친절하다", [("strict", "gender.women", "친절", 1)]),
        ("그 일본인은 게으르다", []),
        ("일본인이 게으르다", []),
        ("", []),
    ],
)  # fmt: skip
def test_what_is_said_of_whom(text, expected):
    assert quoted(text) == expected


@pytest.mark.parametrize(
    ("text", "negated", "by_quotes", "attributed"),
    [
        ("Swedes are shy", False, False, False),
        ("Swedes are not shy", True, False, False),
        ("Swedes aren’t shy", True, False, False),
        ("“Swedes are shy”, he wrote", False, True, False),
        ("People think that Swedes are shy", False, False, True),
        ("중국인은 게으르지 않다", True, False, False),
        ("중국인은 게으르다고 말했다", False, False, True),
    ],
)
def test_what_is_denied_quoted_or_told_of_others_is_marked(text, negated, by_quotes, attributed):
    ((one,),) = told(text)

    assert (one["negated"], one["quoted"], one["attributed"]) == (negated, by_quotes, attributed)


def test_what_is_denied_is_not_counted_as_strict():
    found = find(pa.array(["Swedes are shy", "Swedes are not shy", "Some Swedes are shy", ""]), words.LANGUAGES)

    strict, loose = counted(found, said(found), 4)

    assert strict.tolist() == [1, 0, 0, 0]
    assert loose.tolist() == [0, 0, 1, 0]


def test_spans_are_bytes_of_the_text_and_no_more_than_the_cap():
    text = "Так. 🙂 Swedes are shy. " * 40
    (found,) = told(text)

    assert len(found) == SPANS
    for one in found:
        assert text.encode()[one["start"] : one["stop"]].decode() == "Swedes are shy"
    assert [one["start"] for one in found] == sorted(one["start"] for one in found)


def test_traits_near_a_name_are_counted_within_a_sentence():
    far = "Swedes " + "go " * 8 + "shy. Shy Danes, proud Danes"
    found = find(pa.array(["Swedes, shy as they are, and Danes", far]), ("en",))

    lists = near(found, ("en",), 2).to_pylist()

    assert lists[0] == [
        {"group": "nationality.danish", "trait": "shy", "n": 1},
        {"group": "nationality.swedish", "trait": "shy", "n": 1},
    ]
    assert lists[1] == [
        {"group": "nationality.danish", "trait": "proud", "n": 2},
        {"group": "nationality.danish", "trait": "shy", "n": 2},
    ]
    assert near(found, ("ko",), 2).to_pylist() == [[], []]
