"""Markup → the text a reader of the page would read."""

import re
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

import pyarrow as pa
from pydantic import Field

from curate.errors import AssetError
from curate.ops.blocks import blocks
from curate.ops.content import main_content, written
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

    By default the page's blocks are told apart by their length, their links and what tags, classes and ids call them:
    `curate.ops.content` has the rules, in the line of boilerpipe (Kohlschütter et al., WSDM 2010) and Readability, and
    none of them depends on a language. Resiliparse parses (Bevendorff et al., ECIR 2018). By choice Resiliparse or
    trafilatura (Barbaresi, ACL 2021) finds the main content; docs/extraction.md has each one's scores on pages whose
    text people have marked.

    - `fallback`: a page without prose has no content to find, and Resiliparse's reading is taken; where an extractor's
      main content holds less than this share of the page's prose, it was missed, and the body's text is taken;
    - `trim`: what Resiliparse or trafilatura leave of menus and link lists before and after the prose is cut, all but
      five lines before it and one after it.

    These two look at lines of at least 100 bytes; pages without such lines are left as they are extracted.
    Signals: `changed`, `title` (null where there is none), `fallback`. Markup that nests deeper than
    `max_depth` is an error: extractors take time quadratic in depth.
    """

    use: ClassVar[str] = "extract"
    version: ClassVar[int] = 2
    reads: ClassVar[tuple[str, ...]] = ("text", "media")

    extractor: Literal["blocks", "resiliparse", "trafilatura"] = "blocks"
    favour_precision: bool = False
    """Let trafilatura rather lose text than keep boilerplate; the other extractors have no such mode."""
    main_content: bool = True
    """Leave out navigation, footers and other boilerplate; False takes all visible text."""
    fallback: Annotated[float, Field(ge=0, le=1)] = 0.1
    """Share of the page's prose, 0 to 1, under which main content counts as missed; 0: only where it is empty."""
    trim: bool = True
    """Cut menus and link lists around the prose that Resiliparse or trafilatura found."""
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
        return ("resiliparse", "trafilatura") if self.extractor == "trafilatura" else ("resiliparse",)

    def prepare(self) -> None:
        """Import the extractor, or raise `AssetError`; also for what this extractor cannot do."""
        if self.favour_precision and self.extractor != "trafilatura":
            raise AssetError(f'{self.name}: favour_precision needs extractor = "trafilatura"')
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
        if self.extractor == "blocks" and (text := tidy(extract.content())):
            return Page(text, title, fallback=False)
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

    def content(self) -> str:
        """The blocks of the main content; nothing where none is prose."""
        if self._tree.body is None:
            return ""
        if self._fields.links or self._fields.alt_texts:
            self._write_out(self._tree.body)
        page = blocks(self._tree.body.html.encode("utf-8", "replace"))
        keep = main_content(page, comments=self._fields.comments)
        return "" if keep is None else written(page, keep)

    def _write_out(self, body: Any) -> None:
        """Put links' targets after their texts, and pictures' descriptions before the pictures."""
        if self._fields.links:
            for link in body.query_selector_all("a[href]"):
                link.append_child(self._tree.create_text_node(f" ({link['href']})"))
        if self._fields.alt_texts:
            for picture in body.query_selector_all("img[alt]"):
                picture.parent.insert_before(self._tree.create_text_node(f" {picture['alt']} "), picture)

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
            favor_precision=self._fields.favour_precision,
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
