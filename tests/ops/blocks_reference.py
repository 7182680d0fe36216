"""Blocks and main content as plain Python says them, slowly: by html.parser, lists and sets."""

import re
from html.parser import HTMLParser

from curate.ops import tags

KINDS = {name: kind for kind, names in tags._KINDS.items() for name in names.split()}
ASIDE, COMMENT, MAIN = tags.ASIDE, tags.COMMENT, tags.MAIN
BLANKS = " \t\n\r\f\v"


class Element:
    def __init__(self, parent=None, name="", says=0):
        self.parent, self.name, self.says = parent, name, says
        self.kind = KINDS.get(name, tags.INLINE)
        self.within = [*(parent.within if parent else []), self]
        self.kept = 0

    @property
    def home(self):
        inline = (tags.INLINE, tags.LINK, tags.UNREAD)
        return next(e for e in reversed(self.within) if e.kind not in inline or e.parent is None)

    def any(self, test):
        return any(test(e) for e in self.within)


class Block:
    def __init__(self, home):
        self.home, self.text, self.linked, self.stops = home, "", "", 0

    @property
    def width(self):
        return width(self.text)


def width(text):
    """Chinese and its neighbours count three, Hangul and what takes four bytes two, blanks nothing."""
    found = 0
    for character in text:
        first = character.encode()[0]
        if character not in BLANKS:
            found += 3 if 0xE3 <= first <= 0xE9 else 2 if first >= 0xEA else 1
    return found


def named(value):
    found = 0
    for word in re.finditer(r"(?<![A-Za-z])[A-Za-z]|(?<=[^A-Z])[A-Z]", value):
        rest = value[word.start() :]
        for says, prefixes in tags._PREFIXES.items():
            found |= says if rest.lower().startswith(tuple(prefixes.split())) else 0
        for says, words in tags._WORDS.items():
            found |= says if re.match(rf"(?:(?i:{'|'.join(words.split())}))(?![a-z])", rest) else 0
    return found


def said(name, attributes):
    found = ASIDE if name in tags._ASIDES.split() else 0
    for key, value in attributes:
        if key in ("class", "id"):
            found |= named(value)
        if key == "role":
            found |= ASIDE if value in tags._ROLES[ASIDE].split() else 0
        if key == "hidden" or (key == "style" and re.search(r"display:\s*none|visibility:\s*hidden", value)):
            found |= tags.HIDDEN
    return found


class Reader(HTMLParser):
    """Serialised markup whose tags nest."""

    def __init__(self, markup):
        super().__init__(convert_charrefs=True)
        self.root = self.at = Element()
        self.elements, self.blocks, self.breaks = [self.root], [], 0
        self.block = Block(self.root)
        self.feed(markup)
        self.close()
        self.flush()

    def flush(self):
        self.block.text = self.block.text.rstrip(BLANKS)
        if self.block.text:
            self.block.home = self.at.home
            self.blocks.append(self.block)
        self.block, self.breaks = Block(self.at.home), 0

    def handle_starttag(self, name, attributes):
        kind = KINDS.get(name, tags.INLINE)
        if kind == tags.BREAK:
            self.breaks += 1
            if self.breaks > 1:
                self.flush()
            elif self.block.text:
                self.block.text = self.block.text.rstrip(BLANKS) + "\n"
        elif kind not in (tags.EMPTY, tags.RAW):
            if kind not in (tags.INLINE, tags.LINK, tags.UNREAD):
                self.flush()
            self.at = Element(self.at, name, said(name, attributes))
            self.elements.append(self.at)

    def handle_endtag(self, name):
        kind = KINDS.get(name, tags.INLINE)
        if kind in (tags.BREAK, tags.EMPTY, tags.RAW):
            return
        if kind not in (tags.INLINE, tags.LINK, tags.UNREAD):
            self.flush()
        self.at = self.at.parent

    def handle_data(self, data):
        if self.cdata_elem or self.at.any(lambda e: e.kind == tags.UNREAD or e.says & tags.HIDDEN):
            return
        self.block.stops += len(re.findall(r"[.,;!?](?=[\s<>&\"]|$)|[、。，；！？،؟।]", data))
        verbatim = self.at.any(lambda e: e.kind == tags.PREFORMATTED)
        for character in data.replace("\xa0", " "):
            if character in BLANKS:
                if self.block.text and (verbatim or self.block.text[-1] not in BLANKS):
                    self.block.text += character if verbatim else " "
                continue
            self.breaks = 0
            self.block.text += character
            if self.at.any(lambda e: e.kind == tags.LINK):
                self.block.linked += character


def main_content(reader, comments):
    """The blocks that `curate.ops.content` describes, or None."""
    blocks = reader.blocks

    def prose(block):
        plain = 2 * width(block.linked) <= block.width
        return block.width if block.width >= 25 and block.stops and plain else 0

    def held(element, weight):
        return sum(weight(b) for b in blocks if element in b.home.within)

    total = held(reader.root, prose)
    if not total:
        return None
    aside = {e for e in reader.elements[1:] if e.says & ASIDE and held(e, prose) * 2 < total}
    talk = {e for e in reader.elements[1:] if e.says & COMMENT and held(e, prose) * 10 < total * 9}

    def free(block, *sets):
        return not any(e in names for names in sets for e in block.home.within)

    if sum(prose(b) for b in blocks if free(b, aside, talk)) * 5 < total:
        aside = set()
        if sum(prose(b) for b in blocks if free(b, talk)) * 20 < total:
            talk = set()

    def weight(block):
        if not free(block, aside, talk):
            return 0
        main = block.home.any(lambda e: e.says & MAIN)
        return prose(block) * (2 if block.home.kind == tags.PARAGRAPH else 1) * (4 if main else 1)

    everything = held(reader.root, weight)
    fitting = [e for e in reader.elements if e is e.home and held(e, weight) * 4 >= everything * 3]
    inner = fitting[-1]
    plain = [b for b in blocks if 2 * width(b.linked) <= b.width]
    kept = cut(blocks, plain, [b for b in plain if inner in b.home.within and free(b, aside, talk)], prose)
    if comments:
        kept += [b for b in plain if not free(b, talk) and free(b, aside) and b.width >= 25]
    return [b in kept for b in blocks]


def cut(blocks, plain, kept, prose):
    """Five blocks before the first prose, two after the last, and the heading."""
    at = [i for i, b in enumerate(kept) if prose(b)]
    lead, rest = kept[max(0, at[0] - 5) : at[0]], kept[at[0] : at[-1] + 3]
    headings = [b for b in plain if b.home.kind == tags.HEADING and blocks.index(b) < blocks.index((lead + rest)[0])]
    if any(b.home.kind == tags.HEADING for b in [*lead, rest[0]]):
        return lead + rest
    return headings[-1:] + lead + rest
