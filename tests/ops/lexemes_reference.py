"""What `curate.ops.lexemes` says of a text, spelled out."""

from curate.ops import unicode

MASK = (1 << 64) - 1
PRIME_1, PRIME_2 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F


def folded(character):
    table = unicode.folds()
    value = int(table.table[ord(character)])
    if value == unicode.NOTHING:
        return []
    if value & unicode.SEVERAL:
        start = (value & 0x7FFFFFFF) >> 5
        return table.expansions[start : start + (value & 31)].tolist()
    return [value]


def mixed(value, codes):
    for code in codes:
        value = (value + code + 1) * PRIME_1 & MASK
        value ^= (value >> 29) * PRIME_2 & MASK
    return value


def hashed(word):
    return mixed(0, [code for character in word for code in folded(character)])


def lexemes(text):
    """(start, stop, word, is a mark) of every lexeme, in bytes."""
    found, word, start, at = [], "", 0, 0
    for character in text + "\n":
        bits = int(unicode.classes()[ord(character)])
        space = bits & unicode.SPACE or folded(character) == [0x20]
        mark = bits & (unicode.PUNCTUATION | unicode.SYMBOL) and not space
        lettered = any(not int(unicode.classes()[ord(c)]) & unicode.JOINER for c in word)
        if word and (space or (mark and lettered)):
            found.append((start, at, word, False))
            word = ""
        size = len(character.encode())
        if not space:
            start = start if word else at
            word += character
            if mark:
                found.append((start, at + size, word, True))
                word = ""
        at += size
    return found


def stem(word, letters):
    """The word's first so many letters with the marks between, or "" where it has no more letters."""
    head, count = "", 0
    for character in word:
        if not int(unicode.classes()[ord(character)]) & unicode.JOINER:
            if count == letters:
                return head
            count += 1
        head += character
    return ""
