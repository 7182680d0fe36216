"""Markup → the text a reader of the page would read."""

import re
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

import pyarrow as pa
from pydantic import Field

from curate.errors import AssetError
from curate.ops.markup import HTML, depth, is_markup, overload, without_options
from curate.stage import Edited, Rewrite

_PROSE = 100
"""A line of prose has so many bytes of UTF-8: some 16 English words, or 33 Chinese characters."""
_BEFORE, _AFTER = 5, 1
"""Lines that are kept around the prose: headline, date and author before it, a signature after it."""
_ENOUGH = 1_000
"""With so many bytes of prose the main content was found."""
_TITLE = 300


class TooDeepError(Exception):
    """Elements nest deeper than an extractor can follow in reasonable time."""


class Page(NamedTuple):
    """What extraction makes of one document."""

    text: str
    title: str | None
    fallback: bool


class Extract(Rewrite):
    """Extracts the main content of HTML and XHTML; plain text passes untouched.

    Resiliparse (Bevendorff et al., ECIR 2018) by default, trafilatura (Barbaresi, ACL 2021) by choice:
    some ten times slower, and more precise on articles; the body's text and the title are Resiliparse's
    in either case. Two rules of ours follow, each measured against
    human gold (mean token F1 on Dragnet, CleanEval and L3S-GN1, which Resiliparse alone reads at 0.840,
    0.898 and 0.829):

    - `fallback`: where the main content holds less than this share of the page's prose, the extractor
      has missed it, and the body's text is taken (0.847, 0.907, 0.835);
    - `trim`: menus and link lists before and after the prose are cut, all but five lines before it and
      one after it (with both 0.858, 0.917, 0.865).

    Both look at lines of at least 100 bytes; pages without such lines are left as they are extracted.
    Signals: `changed`, `title` (null where there is none), `fallback`. Markup that nests deeper than
    `max_depth` is an error: extractors take time quadratic in depth.
    """

    use: ClassVar[str] = "extract"
    reads: ClassVar[tuple[str, ...]] = ("text", "media")

    extractor: Literal["resiliparse", "trafilatura"] = "resiliparse"
    main_content: bool = True
    """Leave out navigation, footers and other boilerplate; False takes all visible text."""
    fallback: Annotated[float, Field(ge=0, le=1)] = 0.1
    """Share of the page's prose, 0 to 1, under which main content counts as missed; 0: only where it is empty."""
    trim: bool = True
    """Cut menus and link lists around the prose."""
    comments: bool = True
    """Keep readers' comments."""
    links: bool = False
    """Write out the targets of links."""
    alt_texts: bool = False
    """Keep the descriptions of images."""
    max_depth: Annotated[int, Field(ge=16, le=10_000)] = 2_000
    """Nested elements that are followed."""

    @property
    def packages(self) -> tuple[str, ...]:  # type: ignore[override]
        """Distributions whose version decides the result."""
        return ("resiliparse",) if self.extractor == "resiliparse" else ("resiliparse", "trafilatura")

    def prepare(self) -> None:
        """Import the extractor, or raise `AssetError`."""
        try:
            _ = self._engine
        except ImportError as error:
            raise AssetError(f"extract: {self.extractor} cannot be used: {_said(error)}") from error

    def rewrite(self, batch: pa.RecordBatch) -> Edited:
        """The batch's texts without markup, row for row."""
        texts: list[str] = batch.column("text").to_pylist()
        pages: list[Page | None] = [None] * len(texts)
        errors: dict[int, tuple[str, str]] = {}
        for row, (text, media) in enumerate(zip(texts, batch.column("media").to_pylist(), strict=True)):
            if not text or not (media in HTML or (not media and is_markup(text))):
                continue
            strain = overload(text)
            if strain:
                errors[row] = strain
                continue
            try:
                pages[row] = self.page(without_options(text))
            except TooDeepError as error:
                errors[row] = ("max_depth", str(error))
            except BaseException as error:
                if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
                    raise
                errors[row] = ("extractor", _said(error))
        edited = [(text or "") if page is None else page.text for text, page in zip(texts, pages, strict=True)]
        signals = {
            "changed": pa.array([page is not None for page in pages], pa.bool_()),
            "title": pa.array([None if page is None else page.title for page in pages], pa.string()),
            "fallback": pa.array([page is not None and page.fallback for page in pages], pa.bool_()),
        }
        return Edited(pa.array(edited, pa.string()), signals, errors)

    def page(self, markup: str) -> Page:
        """The text of one page; raises `TooDeepError`."""
        extract = self._engine(markup, self)
        if markup.count("<") - markup.count("</") > self.max_depth and extract.deeper_than(self.max_depth):
            raise TooDeepError(f"more than {self.max_depth:,} nested elements")
        title = " ".join(extract.title().split())[:_TITLE] or None
        if not self.main_content:
            return Page(tidy(extract.body()), title, fallback=False)
        text = tidy(extract.main())
        found = prose(text)
        missed = not text
        if missed or found < _ENOUGH:
            body = tidy(extract.body())
            missed = bool(body) and (missed or found < self.fallback * prose(body))
            text = body if missed else text
        return Page(trimmed(text) if self.trim else text, title, missed)

    @cached_property
    def _engine(self) -> type["_Resiliparse"]:
        if self.extractor == "trafilatura":
            import trafilatura  # noqa: F401 (fails early)

            return _Trafilatura
        import resiliparse.extract.html2text  # noqa: F401

        return _Resiliparse


class _Resiliparse:
    """A page parsed once, read twice at most."""

    def __init__(self, markup: str, fields: Extract) -> None:
        from resiliparse.parse.html import HTMLTree

        self._tree = HTMLTree.parse(markup)
        self._fields = fields

    def deeper_than(self, limit: int) -> bool:
        body = self._tree.body
        if body is None:
            return False
        found = depth(body.html)
        return self._walked_beyond(body, limit) if found is None else found > limit

    def _walked_beyond(self, body: Any, limit: int) -> bool:
        from resiliparse.parse.html import traverse_dom

        def enter(context: Any) -> None:
            if context.depth >= limit:
                raise TooDeepError

        try:
            traverse_dom(body, enter, elements_only=True)
        except TooDeepError:
            return True
        return False

    def title(self) -> str:
        return self._tree.title or ""

    def main(self) -> str:
        return self._text(main_content=True)

    def body(self) -> str:
        return self._text(main_content=False)

    def _text(self, *, main_content: bool) -> str:
        from resiliparse.extract.html2text import extract_plain_text

        fields = self._fields
        text: str = extract_plain_text(
            self._tree,
            main_content=main_content,
            comments=fields.comments,
            links=fields.links,
            alt_texts=fields.alt_texts,
        )
        return text


class _Trafilatura(_Resiliparse):
    """A page whose main content trafilatura finds."""

    def __init__(self, markup: str, fields: Extract) -> None:
        super().__init__(markup, fields)
        self._markup = markup

    def main(self) -> str:
        import trafilatura

        text: str | None = trafilatura.extract(
            self._markup,
            include_comments=self._fields.comments,
            include_links=self._fields.links,
            include_images=self._fields.alt_texts,
            deduplicate=False,
        )
        return text or ""


def tidy(text: str) -> str:
    """No blanks at line ends, no more than one blank line in a row, none around the text, no NUL."""
    lines = [line.rstrip() for line in text.replace("\0", "").split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


def prose(text: str) -> int:
    """Bytes in lines of at least 100 bytes."""
    return sum(len(line) for line in text.encode().split(b"\n") if len(line) >= _PROSE)


def trimmed(text: str) -> str:
    """The text without the short lines around its prose, all but a few.

    An end that holds more than half as many bytes as the rest is no menu and stays.
    """
    lines = text.split("\n")
    long = [i for i, line in enumerate(lines) if len(line.encode()) >= _PROSE]
    if not long:
        return text
    full = [i for i, line in enumerate(lines) if line.strip()]
    start = full[max(0, full.index(long[0]) - _BEFORE)]
    end = full[min(len(full) - 1, full.index(long[-1]) + _AFTER)] + 1
    head, kept, tail = ("\n".join(part) for part in (lines[:start], lines[start:end], lines[end:]))
    if 2 * len(head) > len(kept):
        start = 0
    if 2 * len(tail) > len(kept):
        end = len(lines)
    return "\n".join(lines[start:end]).strip("\n")


def _said(error: BaseException) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
