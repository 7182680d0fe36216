"""The forms in which questions come, told by their fields.

    {"context", "choices": [text, …], "answer": number or letter}                  anything
    {"question": {"stem", "choices": [{"text", "label"}]}, "answerKey"}            ARC's files
    {"question", "choices": {"text": […], "label": […]}, "answerKey"}              ARC in Hugging Face's form
    question,option,…,option,letter                                                CSV without header: ARC, MMLU
    {"goal", "sol1", "sol2", "label": 0 or 1}                                      PIQA
    {"ctx", "endings": […], "label"}                                               HellaSwag
    {"text"}                                                                       LAMBADA: the last word

`Question:` and `Answer:` stand on lines of their own, as in lm-evaluation-harness.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from pretrain.errors import DataError
from pretrain.evaluation.records import Record


class Item(NamedTuple):
    """A context without spaces at its end and its possible continuations, which begin with them."""

    context: str
    options: list[str]
    answer: int
    """Number of the right one."""


def items(records: Iterable[Record]) -> list[Item]:
    """The questions of records; raises `DataError` for one that has none of the forms."""
    return [_item(record) for record in records]


def _item(record: Record) -> Item:
    fields = record.fields
    for name, read in _FORMS.items():
        if name in fields:
            item = read(record)
            if not all(option.strip() for option in item.options):
                raise DataError(f"{record.where}: an option is empty")
            return item
    raise DataError(f"{record.where}: no question; known fields are {', '.join(_FORMS)}")


def _plain(record: Record) -> Item:
    return _made(record, record.text("context"), record.fields.get("choices"), record.fields.get("answer"))


def _arc(record: Record) -> Item:
    said = record.fields["question"]
    stem, choices = (said.get("stem"), said.get("choices")) if isinstance(said, dict) else (
        said, record.fields.get("choices"))  # fmt: skip
    if isinstance(choices, dict):
        texts, labels = choices.get("text"), choices.get("label")
    else:
        listed = [one for one in choices if isinstance(one, dict)] if isinstance(choices, list) else []
        texts, labels = [one.get("text") for one in listed], [one.get("label") for one in listed]
    key = record.fields.get("answerKey")
    answer = labels.index(key) if isinstance(labels, list) and key in labels else None
    return _made(record, _asked(stem), texts, answer)


def _csv(record: Record) -> Item:
    cells = record.fields["cells"]
    return _made(record, _asked(cells[0]), cells[1:-1], cells[-1].strip())


def _piqa(record: Record) -> Item:
    options = [record.text("sol1"), record.text("sol2")]
    return _made(record, _asked(record.text("goal")), options, record.fields.get("label"))


def _hellaswag(record: Record) -> Item:
    title, label, endings = (
        record.fields.get("activity_label"),
        record.fields.get("label"),
        record.fields.get("endings"),
    )
    context = f"{title}: {record.text('ctx')}" if isinstance(title, str) else record.text("ctx")
    options = [_clean(one) if isinstance(one, str) else one for one in endings] if isinstance(endings, list) else None
    return _made(record, _clean(context), options, label)


def _lambada(record: Record) -> Item:
    text = record.text("text").rstrip()
    context = text.rpartition(" ")[0].rstrip()
    if not context:
        raise DataError(f"{record.where}: the text needs two words")
    return Item(context, [text[len(context) :]], 0)


_FORMS = {
    "cells": _csv, "context": _plain, "question": _arc, "goal": _piqa, "endings": _hellaswag, "text": _lambada,
}  # fmt: skip


def _made(record: Record, context: str, options: Any, answer: Any) -> Item:
    if not isinstance(options, Sequence) or isinstance(options, str) or len(options) < 2:
        raise DataError(f"{record.where}: needs two options or more")
    if not all(isinstance(option, str) for option in options):
        raise DataError(f"{record.where}: an option is not text")
    number = _number(answer)
    if number is None or not 0 <= number < len(options):
        raise DataError(f"{record.where}: answer {answer!r} names none of {len(options)} options")
    kept = context.rstrip()
    texts = [option.encode("utf-8", "replace").decode("utf-8").strip() for option in options]
    return Item(kept, [(context[len(kept) :] or " ") + text for text in texts], number)


def _number(answer: Any) -> int | None:
    """0, "0" and "A" are the first."""
    if isinstance(answer, int) and not isinstance(answer, bool):
        return answer
    if not isinstance(answer, str):
        return None
    if re.fullmatch(r"[0-9]{1,3}", answer):
        return int(answer)
    return ord(answer.upper()) - ord("A") if re.fullmatch(r"[A-Za-z]", answer) else None


def _asked(question: Any) -> str:
    text = question if isinstance(question, str) else ""
    return f"Question: {text.encode('utf-8', 'replace').decode('utf-8').strip()}\nAnswer:"


def _clean(text: str) -> str:
    """WikiHow's marks in HellaSwag: `[title]` begins a sentence, other brackets go."""
    whole = text.strip().replace(" [title]", ". ")
    return re.sub(r"\[[^\]]*\]", "", whole).replace("  ", " ")
