"""spaCy's tokenizer once more, with Python's regular expressions, and slowly.

`apart` follows the description of the algorithm in spaCy's manual step by step; facts come from `treebank.toml`.
"""

import re
import unicodedata

from curate.ops import treebank_rules as table

FACTS = table.facts()
MARKS = FACTS["marks"]
EXCEPTIONS = table.exceptions(english=True)


def members(ranges):
    return "".join("-".join(rf"\U{int(end, 16):08X}" for end in part.split("-")) for part in ranges.split())


def of(categories):
    cased = table.points(FACTS["letters"]["cased"])
    return "".join(chr(code) for code in cased if unicodedata.category(chr(code)) in categories)


UNCASED = members(FACTS["letters"]["uncased"])
LOWER = of(("Ll",)) + members(FACTS["letters"]["lower"]) + UNCASED
UPPER = of(("Lu", "Lt")) + UNCASED
ALPHA = LOWER + UPPER + members(FACTS["letters"]["others"])
ICONS = members(MARKS["icons"])
PUNCTUATION, QUOTES = (re.escape(MARKS[key].replace(" ", "")) for key in ("punctuation", "quotes"))
ANY_MARK = f"[{PUNCTUATION}{QUOTES}{ICONS}]"
CURRENCY, UNITS = ("|".join(map(re.escape, MARKS[key].split())) for key in ("currency", "units"))
FRONT_MARKS, END_MARKS = (re.escape(MARKS[key].replace(" ", "")) for key in ("front", "end"))
STOPPED = "0-9" + LOWER + PUNCTUATION + QUOTES + re.escape(MARKS["before_stop"].replace(" ", ""))

FRONT = re.compile(rf"[{FRONT_MARKS}]|\+(?![0-9])|{ANY_MARK}|\.\.+|{CURRENCY}")
BACK = re.compile(
    rf"(?:{ANY_MARK}|……|\.\.+|['’][sS]|[{END_MARKS}]|(?<=[0-9])\+|(?<=°[FfCcKk])\.|(?<=[0-9])(?:{CURRENCY}|{UNITS})"
    rf"|(?<=[{STOPPED}])\.|(?<=[{UPPER}][{UPPER}])\.)$"
)
INSIDE = re.compile(
    rf"\.\.+|…|[{ICONS}]|(?<=[0-9])[+\-*^](?=[0-9-])|(?<=[{LOWER}{QUOTES}])\.(?=[{UPPER}{QUOTES}])"
    rf"|(?<=[{ALPHA}]),(?=[{ALPHA}])|(?<=[{ALPHA}0-9])(?:-|–|—|--|---|——|~)(?=[{ALPHA}])"
    rf"|(?<=[{ALPHA}0-9])[:<>=/](?=[{ALPHA}])"
)
HOST = "A-Za-z0-9\u00a1-\uffff"
OCTETS = r"(?:1?[0-9]{1,2}|2[0-4][0-9]|25[0-5])"
ADDRESS = re.compile(
    r"(?:[\w+\-.]{2,}://)?(?:\S+@)?(?:"
    r"(?!(?:10|127)(?:\.\d{1,3}){3})(?!(?:169\.254|192\.168)(?:\.\d{1,3}){2})(?!172\.(?:1[6-9]|2\d|3[01])(?:\.\d{1,3}){2})"
    rf"(?:[1-9][0-9]?|1[0-9][0-9]|2[01][0-9]|22[0-3])(?:\.{OCTETS}){{2}}"
    r"\.(?:[1-9][0-9]?|1[0-9][0-9]|2[0-4][0-9]|25[0-4])"
    rf"|(?:(?:[{HOST}][{HOST}_-]{{0,62}})?[{HOST}]\.)+[{LOWER}]{{2,63}})"
    r"(?::\d{2,5})?(?:[/?#]\S*)?"
)


def trimmed(run, exceptions):
    """What is taken off the front, what is left, what is taken off the end."""
    front, back = [], []
    while run and run not in exceptions:
        first = FRONT.match(run)
        cut = first.end() if first else 0
        if cut and run[cut:] in exceptions:
            return [*front, run[:cut]], run[cut:], back
        last = BACK.search(run[cut:])
        keep = cut + last.start() if last else len(run)
        if last and run[:keep] in exceptions:
            return front, run[:keep], [run[keep:], *back]
        if not first and not last:
            break
        front += [run[:cut]] if first else []
        back = [run[keep:], *back] if last else back
        run = run[cut:keep]
    return front, run, back


def split(word):
    found, start = [], 0
    for match in INSIDE.finditer(word):
        if match.start() > 0:
            found += [word[start : match.start()], match.group()]
            start = match.end()
    return [part for part in [*found, word[start:]] if part]


def once(run, exceptions):
    front, word, back = trimmed(run, exceptions)
    middle = exceptions.get(word) or ([word] if ADDRESS.fullmatch(word) else split(word)) if word else []
    return [*front, *middle, *back]


PATTERNS = {word: parts for word in EXCEPTIONS if len(parts := once(word, {})) > 1}


def again(parts):
    """The parts, where they make an exception, replaced by its words: longest first, then from the left."""
    spans = [(i, j) for i in range(len(parts)) for j in range(i + 2, len(parts) + 1) if is_pattern(parts[i:j])]
    taken, chosen = set(), {}
    for start, end in sorted(spans, key=lambda span: (span[0] - span[1], span[0])):
        if start not in taken and end - 1 not in taken:
            chosen[start] = end
        taken |= set(range(start, end))
    found, at = [], 0
    while at < len(parts):
        end = chosen.get(at, at + 1)
        found += EXCEPTIONS["".join(parts[at:end])] if at in chosen else parts[at:end]
        at = end
    return found


def is_pattern(parts):
    return len(parts) <= 30 and PATTERNS.get("".join(parts)) == parts


def apart(run):
    """The words of a run of what is not white space."""
    return again(once(run, EXCEPTIONS))
