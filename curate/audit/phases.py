"""From which stage on how much is known of a document."""

from collections.abc import Sequence
from dataclasses import dataclass

RAW, TEXT, LANGUAGE = "raw", "text", "language"


@dataclass(frozen=True)
class Phases:
    """The stages of a run in order, `ingest` first, and behind which of them texts and languages are known."""

    stages: tuple[str, ...]
    extracted: str
    named: str | None
    """None where no stage names languages, or where one does so before texts are extracted."""

    @property
    def each(self) -> list[tuple[str, tuple[str, ...]]]:
        """Phase → its stages, in order; the phase of the languages only where there is one."""
        first = self.stages.index(self.extracted) + 1
        second = self.stages.index(self.named) + 1 if self.named else len(self.stages)
        parts = [(RAW, self.stages[:first]), (TEXT, self.stages[first:second])]
        return [*parts, (LANGUAGE, self.stages[second:])] if self.named else parts


def phases(stages: Sequence[tuple[str, str]], language: str | None) -> Phases:
    """The phases of a recipe, given its stages as (name, use) and the name of the one that finds out languages."""
    names = ("ingest", *(name for name, _ in stages))
    extracted = [name for name, use in stages if use == "extract"][-1:] or ["ingest"]
    late = language if language and names.index(language) > names.index(extracted[0]) else None
    return Phases(names, extracted[0], late)
