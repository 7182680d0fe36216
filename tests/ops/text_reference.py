"""The slow, obvious form of every kernel over words, lines and characters."""

import unicodedata
from functools import cache

from curate.ops import unicode
from curate.ops.build_unicode import BROAD_VOWELS, WHITE_SPACE, kind_of

GAPS = WHITE_SPACE | {0x200B}
TATWEEL = "\u0640"


@cache
def kind(character):
    return kind_of(character)


@cache
def is_space(character):
    return ord(character) in GAPS


@cache
def is_joiner(character):
    mark = unicodedata.category(character) in ("Mn", "Mc", "Me", "Cf") or character in BROAD_VOWELS + TATWEEL
    return mark and not is_space(character)


@cache
def is_decoration(character):
    if character in BROAD_VOWELS:
        return False
    return unicodedata.category(character)[0] in "PS" or is_joiner(character)


@cache
def is_unspaced(character):
    return unicode.HAN <= kind(character) <= unicode.MYANMAR


@cache
def is_letter(character):
    return unicodedata.category(character)[0] == "L" and character != TATWEEL


def words(text):
    """Split at white space, then cut every run."""
    runs = "".join(" " if is_space(character) else character for character in text).split(" ")
    return [word for run in runs if run for word in cut(run)]


def cut(run):
    """Words of a run without white space: cut wherever what stands before is complete and a letter or number follows."""
    found = [""]
    for at, character in enumerate(run):
        if not is_decoration(character) and is_complete(found[-1], character, run[at + 1 : at + 2]):
            found.append("")
        found[-1] += character
    return found


def is_complete(word, character, following):
    """Whether a letter or number begins a new word behind `word`."""
    core = word.lstrip("".join(filter(is_decoration, word)))
    if not core:
        return False
    if not is_unspaced(core[0]):
        return is_unspaced(character) or any(kind(mark) == unicode.BREAK for mark in word)
    if any(is_decoration(mark) and not is_joiner(mark) for mark in core):
        return True
    if character in BROAD_VOWELS:
        return False
    return not (is_unspaced(character) and goes_on(core, character, following))


def goes_on(core, character, following):
    """Whether a letter without spaces goes on with a word of such letters."""
    kinds = [kind(letter) for letter in core if is_unspaced(letter)]
    new = kind(character)
    if kinds[0] < unicode.LEADING:
        return goes_on_in_chinese_or_japanese(kinds, new)
    stacked = unicode.STACKER in [kind(letter) for letter in core[last_letter(core) :]]
    silent = new == unicode.MYANMAR and following and kind(following) == unicode.KILLER
    if new < unicode.LEADING or new == unicode.FINAL or not counted(kinds) or silent or stacked:
        return new >= unicode.LEADING
    if new == unicode.LEADING or kinds[-1] == unicode.FINAL:
        return False
    limit = {unicode.THAI: 4, unicode.KHMER: 3, unicode.MYANMAR: 2}[new]
    return kinds[-1] == unicode.LEADING or counted(kinds) < limit


def last_letter(core):
    return max(at for at, letter in enumerate(core) if is_unspaced(letter))


def counted(kinds):
    """Letters of a word in South-East Asia, without those that lead or end a syllable; the first one always counts."""
    return sum(
        one in (unicode.THAI, unicode.KHMER, unicode.MYANMAR) or (at == 0 and one == unicode.FINAL)
        for at, one in enumerate(kinds)
    )


def goes_on_in_chinese_or_japanese(kinds, new):
    if kinds[0] in (unicode.KATAKANA, unicode.EXTENDER):
        return new in (unicode.KATAKANA, unicode.EXTENDER)
    if kinds[0] in (unicode.HIRAGANA, unicode.PARTICLE) and new == unicode.EXTENDER:
        return True
    pairs = [(unicode.HIRAGANA, unicode.HIRAGANA), (unicode.HAN, unicode.HAN), (unicode.HAN, unicode.HIRAGANA)]
    return len(kinds) == 1 and (kinds[0], new) in pairs


def length(word):
    """Code points, a syllable of decomposed Hangul being one."""
    return max(1, sum(kind(character) != unicode.TAIL for character in word))


def is_plain(word):
    return not all(is_decoration(character) for character in word)


def strip(line):
    while line and is_space(line[0]):
        line = line[1:]
    while line and is_space(line[-1]):
        line = line[:-1]
    return line


def lines(text):
    return [line for line in text.split("\n") if strip(line)]


def count(text, *categories):
    return sum(unicodedata.category(character).startswith(categories) for character in text)
