"""The slow, obvious form of every kernel over words, lines and characters."""

import unicodedata
from functools import cache

from curate.ops.build_unicode import UNSPACED_NAMES, WHITE_SPACE


@cache
def is_space(character):
    return ord(character) in WHITE_SPACE


@cache
def is_joiner(character):
    return unicodedata.category(character) in ("Mn", "Mc", "Me", "Cf")


@cache
def is_decoration(character):
    return unicodedata.category(character)[0] in "PS" or is_joiner(character)


@cache
def is_unspaced(character):
    letter = unicodedata.category(character) in ("Lo", "Lm", "Nl")
    return letter and bool(UNSPACED_NAMES.match(unicodedata.name(character, "")))


def words(text):
    """Runs of non-white space, in which every letter of a script without spaces is a word with its marks."""
    found, open_ = [], False
    for character in text:
        if is_space(character):
            open_ = False
        elif is_unspaced(character) or not open_ or (is_unspaced(found[-1][0]) and not is_joiner(character)):
            found.append(character)
            open_ = True
        else:
            found[-1] += character
    return found


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
