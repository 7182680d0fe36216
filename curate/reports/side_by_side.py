"""A copy beside the document that stayed, in a terminal, as `curate inspect` shows them, word by word.

Where there is colour, what only the copy has is red and struck out, and what only the document that stayed has is
green; elsewhere it is `[-gone-]{+stayed+}`, as wdiff writes it.
"""

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from curate.differences import Stretch, Word, differences, words
from curate.reports import figures, hostile
from curate.reports.inspect import NAME_CELLS, dropped_document
from curate.reports.ledger import Books

MOST_WORDS = 20_000
"""Words of each text that are compared."""
CONTEXT = 10
"""Words that are shown of a stretch that both have, on either side of a difference."""
LONG = 60
"""Words from which on a stretch that only one has is folded."""
MOST_CHANGES = 30
"""Changed stretches that are shown."""
WORD_CELLS = 60
MARKS = {"alike": ("", ""), "gone": ("[-", "-]"), "stayed": ("{+", "+}")}
STYLES = {"alike": "", "gone": "red strike", "stayed": "green"}


def side_by_side(row: Books, recipe: Books | None = None, *, coloured: bool) -> RenderableType:
    """A row of `curate.inspection.beside`; one that is no copy, or whose texts are not there, as what was dropped."""
    stayed, text = row.get("stayed"), row.get("text")
    if not stayed:
        return dropped_document(row, recipe)
    more: list[RenderableType] = [_named(stayed)]
    shown = {key: value for key, value in row.items() if key not in {"stayed", "similarity"}}
    if text is not None and stayed["text"] is not None:
        del shown["text"]
        compared = _compared(str(text), str(stayed["text"]), coloured=coloured)
        more.append(Padding(compared, (0, 0, 0, 4)))
    return dropped_document(shown, recipe, more=more)


def _named(stayed: Books) -> Text:
    if stayed["where"] is None:
        return Text(f"  stayed: {hostile.short(stayed['id'], NAME_CELLS)}, which is not in this folder", style="yellow")
    line = Text("  stayed: ").append(hostile.short(stayed["id"], NAME_CELLS), style="bold")
    more = [stayed["where"], stayed["url"], "its text was not kept" if stayed["text"] is None else None]
    return line.append("".join(f" · {hostile.short(one, NAME_CELLS)}" for one in more if one), style="dim")


def _compared(gone: str, stayed: str, *, coloured: bool) -> Text:
    """One text with what both have once, long stretches folded."""
    out = Text(overflow="fold")
    one, other = words(gone, MOST_WORDS + 1), words(stayed, MOST_WORDS + 1)
    cut = max(len(one), len(other)) > MOST_WORDS
    stretches = list(differences(one[:MOST_WORDS], other[:MOST_WORDS]))
    changes = 0
    for number, stretch in enumerate(stretches):
        changes += stretch.kind != "alike"
        if changes > MOST_CHANGES:
            left = sum(rest.kind != "alike" for rest in stretches[number:])
            out.append(f"\n… {figures.grouped(left)} more differences", style="dim")
            break
        _append(out, stretch, coloured=coloured, ends=(number == 0, number == len(stretches) - 1))
    if cut:
        out.append(f"\n… only the first {figures.grouped(MOST_WORDS)} words were compared", style="dim")
    return out


def _append(out: Text, stretch: Stretch, *, coloured: bool, ends: tuple[bool, bool]) -> None:
    before, after = ("", "") if coloured else MARKS[stretch.kind]
    if out.plain:
        out.append(stretch.words[0].gap)
    shown = hostile.visible(_folded(stretch, ends).lstrip(), lines=True)
    out.append(before + shown + after, style=STYLES[stretch.kind] if coloured else "")


def _folded(stretch: Stretch, ends: tuple[bool, bool]) -> str:
    """The stretch's words; its middle, and the end of a text that both have, only counted where that is long."""
    first, last = ends
    head = LONG // 2 if stretch.kind != "alike" else CONTEXT
    tail = 0 if stretch.kind == "alike" and last and not first else head
    middle = len(stretch.words) - head - tail
    if middle <= CONTEXT:
        return "".join(_shown(stretch.words))
    count = f"… {figures.grouped(middle)} words{' alike' if stretch.kind == 'alike' else ''} …"
    parts = ["".join(_shown(stretch.words[:head])), count, "".join(_shown(stretch.words[head + middle :])).lstrip()]
    return " ".join(part for part in parts if part)


def _shown(stretch: Sequence[Word]) -> Iterator[str]:
    """Words, the longest shortened, each with the gap before it."""
    for word in stretch:
        yield word.gap
        yield word.text if len(word.text) <= WORD_CELLS else hostile.short(word.text, WORD_CELLS)
