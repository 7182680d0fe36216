import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.lexicons import statements as words
from curate.ops import generics as ops

ROLES = [ops.PEOPLE, ops.COPULA, ops.REPUTATION, ops.NEGATION, ops.QUANTIFIER, ops.ATTRIBUTION]
ROLES += [ops.INTENSIFIER, ops.PARTICULAR, 1 << 8, ops.PREPOSITION, ops.ARTICLE]
KINDS = [ops.MARK, ops.QUOTE, ops.COMMA, ops.TOPIC, ops.PAST, ops.CAPITAL]


def test_the_kernel_numbers_roles_as_the_lists_do():
    names = ("people", "copula", "reputation", "negation", "quantifier", "attribution", "intensifier", "particular")

    assert [words.bit(name) for name in names] == ROLES[:8]
    assert words.TRAITS == ops.TRAIT
    assert (words.bit("preposition"), words.bit("article")) == (ops.PREPOSITION, ops.ARTICLE)


def strict(row, at, topical):
    """The trait of a strict statement and whether it is denied, or None."""
    before = at - 1
    the = before >= 0 and bool(row[before].roles & ops.ARTICLE)
    before -= the
    if the and not row[at].kinds & ops.CAPITAL:
        return None
    narrowing = ops.QUANTIFIER | ops.PARTICULAR | ops.PREPOSITION
    if any(row[i].roles & narrowing and i + row[i].width > before for i in range(max(0, before - 2), before + 1)):
        return None
    i = at
    if topical:
        if i + 1 < len(row) and row[i + 1].roles & ops.PEOPLE:
            i += 1
        if not row[i].kinds & ops.TOPIC:
            return None
        i += 1
    else:
        i += 1
        while i < len(row) and i <= at + 3 and row[i].roles & ops.INTENSIFIER and not row[i].roles & ops.COPULA:
            i += row[i].width
        if i >= len(row) or not row[i].roles & ops.COPULA or (the and row[i].kinds & ops.PAST):
            return None
    return described(row, i, topical)


def described(row, i, topical):
    denied = False
    if not topical:
        denied = bool(row[i].roles & ops.NEGATION)
        i += row[i].width
    for _ in range(ops.HEDGES):
        if i < len(row) and not row[i].roles & ops.TRAIT:
            hedge = row[i].roles & (ops.INTENSIFIER | ops.NEGATION | ops.REPUTATION | ops.QUANTIFIER)
            if not hedge and not row[i].kinds & ops.COMMA:
                return None
            denied |= bool(row[i].roles & ops.NEGATION)
            i += row[i].width
    if i >= len(row) or not row[i].roles & ops.TRAIT:
        return None
    if not topical and any(word.roles & ops.PREPOSITION for word in row[i + row[i].width :][:1]):
        return None
    if topical:
        denied |= any(word.roles & ops.NEGATION for word in row[i + 1 : i + 3])
    return i, denied


def loose(row, at):
    linked = denied = False
    for i in range(at + 1, min(len(row), at + ops.REACH + 1)):
        denied |= bool(row[i].roles & ops.NEGATION)
        if linked and row[i].roles & ops.TRAIT:
            return i, denied
        linked |= bool(row[i].roles & (ops.COPULA | ops.REPUTATION))
    return None


def reference(row, topical):
    found = []
    for at, word in enumerate(row):
        if word.form == ops.PLURAL or (topical and word.form == ops.NAMED):
            hit, bits = strict(row, at, topical), ops.STRICT
            if hit is None:
                hit, bits = loose(row, at), 0
            if hit is not None:
                trait, denied = hit
                quoted = all(any(w.kinds & ops.QUOTE for w in part) for part in (row[:at], row[at + 1 :]))
                told = any(w.roles & ops.ATTRIBUTION for i, w in enumerate(row) if i != trait)
                bits |= denied * ops.NEGATED | quoted * ops.QUOTED | told * ops.ATTRIBUTED
                found.append((at, trait, bits))
    return found


class Word:
    def __init__(self, form, roles, width, kinds):
        self.form, self.width, self.kinds = form, width, sum(set(kinds))
        self.roles = 0 if form else sum(set(roles))

    def __repr__(self):
        return f"Word({self.form}, {self.roles}, {self.width}, {self.kinds})"


WORDS = st.builds(
    Word,
    st.sampled_from([0, 0, 0, 1, 2, 3]),
    st.lists(st.sampled_from(ROLES), max_size=2),
    st.sampled_from([1, 1, 1, 2, 3]),
    st.lists(st.sampled_from(KINDS), max_size=1),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.tuples(st.lists(WORDS, max_size=14), st.booleans()), max_size=4))
def test_statements_are_the_references(rows):
    flat = [word for row, _ in rows for word in row]
    first = np.cumsum([0, *(len(row) for row, _ in rows)]).astype(np.int32)

    found = ops.generics(
        first,
        np.array([word.form for word in flat], np.uint8),
        np.array([word.roles for word in flat], np.uint16),
        np.array([word.width for word in flat], np.int32),
        np.array([word.kinds for word in flat], np.uint8),
        np.array([topical for _, topical in rows], np.bool_),
    )

    wanted = [
        (base + at, base + trait, bits)
        for base, (row, topical) in zip(first.tolist(), rows, strict=False)
        for at, trait, bits in reference(row, topical)
    ]
    assert list(zip(*(values.tolist() for values in found), strict=True)) == wanted
