import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.ops import lexicon, trie, unicode

PARTICLES = ["은", "는", "이", "가", "들", "에게", "에게는"]
LETTERS = "abcB-  \n가나은는들에게中の9'é\u00ad\u0301Ａ𝐚ﬁ\u200b一ñ"


def packed(texts):
    encoded = [text.encode() for text in texts]
    return np.cumsum([0, *map(len, encoded)]).astype(np.int32), np.frombuffer(b"".join(encoded), np.uint8)


def matches(text, terms, particles=PARTICLES):
    """(matched text, term) in order."""
    found = lexicon.find(*packed([text]), lexicon.compile_terms(terms, particles))
    raw = text.encode()
    return [(raw[a:b].decode(), terms[term]) for a, b, term in zip(found.starts, found.ends, found.terms, strict=True)]


class Reference:
    """The same, said slowly: every term tried at every character."""

    def __init__(self, text, terms, particles):
        self.text, self.terms, self.particles = text, terms, particles
        self.groups = [self.group(letter) for letter in text]

    def group(self, letter):
        bits = int(unicode.classes()[ord(letter)])
        if int(unicode.folds().table[ord(letter)]) == unicode.NOTHING:
            return "invisible"
        if bits & unicode.UNSPACED:
            return "unspaced"
        if bits & unicode.LETTER:
            return "hangul" if "\uac00" <= letter <= "\ud7a3" else "word"
        return "mark" if bits & unicode.JOINER else "number" if bits & unicode.NUMBER else "none"

    def folded(self, i):
        gap = self.text[i].isspace() or self.text[i] == "-"
        return " " if gap else lexicon.fold(self.text[i])

    def consumed(self, i, wanted):
        """Where the spelling ends, or None; the second number is the last letter's place."""
        last = i
        while wanted:
            if i >= len(self.text):
                return None
            if self.groups[i] == "invisible":
                i += 1
                continue
            piece = self.folded(i)
            if not wanted.startswith(piece):
                return None
            wanted, last, i = wanted[len(piece) :], i, i + 1
            while piece == " " and i < len(self.text) and (self.folded(i) == " " or self.groups[i] == "invisible"):
                i += 1
        return i, last

    def closed(self, i, last, open_end):
        ahead = i
        while ahead < len(self.text) and self.groups[ahead] == "invisible":
            ahead += 1
        if ahead == len(self.text):
            return i
        group, after = self.groups[last], self.groups[ahead]
        if after != "mark" and (after != group or group == "unspaced"):
            return i
        if open_end:
            while i < len(self.text) and self.groups[i] in (group, "mark", "invisible"):
                i += 1
            return i
        word = itertools.takewhile(
            lambda k: self.groups[k] in ("hangul", "mark", "invisible"), range(ahead, len(self.text))
        )
        rest = "".join(self.text[k] for k in word if self.groups[k] != "invisible")
        return i if group == "hangul" and self.sequence(rest) else None

    def sequence(self, rest):
        return not rest or any(rest.startswith(p) and self.sequence(rest[len(p) :]) for p in self.particles)

    def at(self, i, starts):
        best = None
        for term in self.terms:
            plain = term.strip("*")
            if (term.startswith("*") or starts) and (not plain[0].isupper() or self.text[i].isupper()):
                spelled = self.consumed(i, lexicon.fold(plain))
                end = self.closed(*spelled, term.endswith("*")) if spelled else None
                if end is not None and (best is None or spelled[0] > best[1]):
                    best = (term, spelled[0], spelled[1], end)
        return best

    def matches(self):
        found, i, previous = [], 0, "none"
        while i < len(self.text):
            group, after = self.groups[i], i + 1
            if group in ("word", "hangul", "unspaced", "number"):
                best = self.at(i, group != previous or group == "unspaced")
                if best:
                    term, _, last, after = best
                    found.append((self.text[i:after], term))
                    group = self.groups[last]
            if group not in ("mark", "invisible"):
                previous = group
            i = after
        return found


WORDS = st.sampled_from(
    ["the", "old", "in", "a", "beautiful", "communities", "9", "be", "café", "new", "o'clock", "여성"]
)
PHRASE = st.builds(
    lambda words, end: " ".join(words) + end, st.lists(WORDS, min_size=1, max_size=3), st.sampled_from(["", "*"])
)
RUNNING = st.lists(
    WORDS | st.sampled_from([" ", " ", " ", "-", "  ", "\n", "\u00a0", "é", "s", ".", "들", "\u0301", "\u00ad", "The", "NEW"]),
    max_size=40,
).map("".join)  # fmt: skip


TERM = st.builds(
    lambda start, body, end: start + body + end,
    st.sampled_from(["", "", "*"]),
    st.text("abcB -가나은는中の9'é", min_size=1, max_size=4).filter(
        lambda body: lexicon.fold(body) == lexicon.fold(body).strip() != ""
    ),
    st.sampled_from(["", "", "*"]),
).filter(lambda term: Reference("", [], []).group(term.strip("*")[0]) not in ("none", "mark"))


@settings(max_examples=300, deadline=None)
@given(
    st.text(LETTERS, max_size=24),
    st.lists(TERM, min_size=1, max_size=5, unique_by=lambda t: lexicon.fold(t.strip("*"))),
)
def test_the_kernel_finds_what_the_slow_reference_finds(text, terms):
    assert matches(text, terms) == Reference(text, terms, PARTICLES).matches()


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.text(LETTERS, max_size=9) | st.text("ab g-", max_size=30), max_size=12).map("".join) | RUNNING,
    st.lists(
        (TERM | PHRASE).filter(lambda t: not t.startswith("*")),
        min_size=1,
        max_size=5,
        unique_by=lambda t: lexicon.fold(t.strip("*")),
    ),
)
def test_windows_of_long_text_find_what_the_slow_reference_finds(text, terms):
    compiled = lexicon.compile_terms(terms, PARTICLES)

    found = lexicon.find(*packed(["a b", text, "a" * 80]), compiled)

    mine = found.rows == 1
    raw = text.encode()
    told = [(raw[a:b].decode(), terms[t]) for a, b, t in np.stack([found.starts, found.ends, found.terms])[:, mine].T]
    assert told == Reference(text, terms, PARTICLES).matches()


def test_parts_of_texts_are_searched_as_if_nothing_stood_around_them():
    terms = lexicon.compile_terms(["gay", "lesbian"])
    offsets, data = packed(["gays; lesbian" + " " * 80])

    found = lexicon.find_in(offsets[:-1], offsets[:-1] + 3, data, terms)

    assert found.terms.tolist() == [0]


def test_lists_that_are_compiled_together_match_as_they_do_alone():
    lists = [(["gay", "中", "café"], []), (["여성", "ga*"], PARTICLES)]
    texts = ["gay 여성들에게는 garden café 中 cafe\u0301", "게이 gays"]

    together = [lexicon.find(*packed(texts), compiled) for compiled in lexicon.compile_lists(lists)]

    alone = [lexicon.find(*packed(texts), lexicon.compile_terms(*one)) for one in lists]
    assert [np.stack(found).tolist() for found in together] == [np.stack(found).tolist() for found in alone]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(max_size=30), max_size=5))
def test_any_text_is_searched_without_harm_and_row_by_row(texts):
    terms = lexicon.compile_terms(["a*", "*e*", "한", "中", "0"], PARTICLES)

    together = lexicon.find(*packed(texts), terms)

    apart = [lexicon.find(*packed([text]), terms) for text in texts]
    assert together.terms.tolist() == [term for found in apart for term in found.terms]
    assert together.rows.tolist() == [row for row, found in enumerate(apart) for _ in found.terms]
    assert together.ends.tolist() == [end for found in apart for end in found.ends]


def test_bytes_that_are_no_text_are_searched_without_harm():
    terms = lexicon.compile_terms(["a*", "*e*", "한"], PARTICLES)
    noise = np.random.default_rng(1).integers(0, 256, 4000).astype(np.uint8)

    found = lexicon.find(np.arange(0, 4001, 100, dtype=np.int32), noise, terms)

    assert (found.starts < found.ends).all()
    assert (found.ends <= 100).all()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("gay", ["gay"]),
        ("Gay! gay's (GAY)", ["Gay", "gay", "GAY"]),
        ("gays gayer megay", []),
        ("gay2023 2gay", ["gay", "gay"]),
        ("ga\u00ady g\u200bay", ["ga\u00ady", "g\u200bay"]),
        ("ｇａｙ 𝐠𝐚𝐲", ["ｇａｙ", "𝐠𝐚𝐲"]),
        ("gáy gay\u0301", []),
        ("日本gay人", ["gay"]),
        ("gay는 gay", ["gay", "gay"]),
    ],
)
def test_a_plain_term_matches_whole_words(text, expected):
    assert [found for found, _ in matches(text, ["gay"])] == expected


@pytest.mark.parametrize(
    ("term", "text", "expected"),
    [
        ("fuck*", "fuck fucking motherfucker", ["fuck", "fucking"]),
        ("*porn", "freeporn porn pornhub", ["porn", "porn"]),
        ("*porn*", "freepornsite", ["pornsite"]),
        ("Polish", "polish Polish POLISH", ["Polish", "POLISH"]),
        (
            "african american",
            "African-American, african \n american, africanamerican",
            ["African-American", "african \n american"],
        ),
        ("non-binary", "non binary nonbinary non-binary", ["non binary", "non-binary"]),
        ("게이", "게이 게이는 게이들에게는 게이트 게이머", ["게이", "게이", "게이"]),
        ("여성", "여성들이 여성복", ["여성"]),
        ("黑人", "这些黑人是", ["黑人"]),
        ("씨발*", "씨발놈아", ["씨발놈아"]),
    ],
)
def test_notation(term, text, expected):
    assert [found for found, _ in matches(text, [term])] == expected


def test_the_longest_term_wins_and_matches_do_not_overlap():
    terms = ["black", "black woman", "woman", "black woman scientist"]

    assert matches("a black woman wrote; black woman scientists", terms) == [
        ("black woman", "black woman"),
        ("black woman", "black woman"),
    ]


def test_a_failed_long_term_falls_back_to_a_shorter_one():
    assert matches("black women", ["black", "black woman"]) == [("black", "black")]


def test_matches_are_counted_by_row_and_by_every_group_of_their_term():
    terms = lexicon.compile_terms(["a", "b", "c"])
    found = lexicon.find(*packed(["a b a c", "", "c c"]), terms)

    table = found.table(3, np.array([[0, 0], [0, 1], [1, 1]], np.int32), 2)

    assert table.tolist() == [[2, 3], [0, 0], [0, 0]]


def test_more_matches_than_expected_are_all_returned():
    assert len(matches("a " * 5000, ["a"])) == 5000


@pytest.mark.parametrize("term", ["", "*", "**", "\u200b", " - "])
def test_a_term_with_nothing_to_match_is_refused(term):
    with pytest.raises(ValueError, match="nothing to match"):
        lexicon.compile_terms([term])


def test_two_terms_that_are_one_are_refused():
    with pytest.raises(ValueError, match="'non-binary' and 'Non binary' are one"):
        lexicon.compile_terms(["non-binary", "Non binary"])


def test_sequences_of_words_are_an_automaton():
    machine = trie.repeat(["ab", "a"])

    def accepts(word):
        state = 0
        for letter in word:
            edges = range(machine.first[state], machine.first[state + 1])
            state = next((machine.targets[e] for e in edges if machine.symbols[e] == ord(letter)), None)
            if state is None:
                return False
        return machine.final[state] == 0

    words = ["".join(word) for size in range(5) for word in itertools.product("ab", repeat=size)]
    assert [word for word in words if accepts(word)] == [word for word in words if "bb" not in word and word[:1] != "b"]


def test_no_terms_match_nothing():
    assert matches("anything", []) == []


@settings(max_examples=300)
@given(
    st.lists(
        st.sampled_from(["they", "the deaf", "sikh", "sikhs", "he", "9th", "x-ray", "naïve", "Polish", "gay*", "가나"]),
        unique=True,
    ),
    st.lists(
        st.sampled_from(
            [
                "they",
                "The deaf",
                "SIKH",
                "he",
                "her",
                "9th",
                "a9th",
                "x ray",
                "naive",
                "naïve",
                "polish",
                "Polish",
                "gayest",
                "가나는",
                "then",
                "—",
                "\n",
                "zz" * 40,
                "ſikh",
            ]
        ),
        max_size=40,
    ),
    st.sampled_from([" ", ", ", "", "-"]),
)
def test_what_is_skipped_64_bytes_at_a_time_is_what_no_term_begins_with(terms, words, between):
    text = between.join(words)

    found = matches(text, terms) if terms else []
    behind = matches(text + "\u2014" + "x" * 80, terms) if terms else []

    assert found == (Reference(text, terms, PARTICLES).matches() if terms else [])
    assert behind[: len(found) - 1] == found[:-1]
