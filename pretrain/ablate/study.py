"""A study: arms, seeds, held-out domains; what it leaves, and how it goes on after a kill.

OUT/plan.json       what determines the study: the configuration, and digests of all that was given
OUT/data/           corpora that had to be encoded
OUT/held-out/       ids of the domains' documents, for each arm
OUT/runs/<arm>/seed-<s>/     a job (`pretrain.ablate.job`)
OUT/runs/<arm>-unique/…      the second control: as many different tokens as the smallest arm has
OUT/ablate.json     all that was found;   OUT/ablate.html, OUT/README.md   the same to read
"""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from pretrain.ablate import corpora, findings, held_out, jobs, page
from pretrain.ablate.corpora import Corpus, Named
from pretrain.ablate.findings import Scores
from pretrain.ablate.held_out import Domain
from pretrain.ablate.job import read_scores, write_ids
from pretrain.ablate.plan import Options, Request, locked, settled
from pretrain.ablate.samples import EPOCHS, Draw, Sample, matched, sample, shares_fit
from pretrain.config import Config
from pretrain.report import write_whole

RESULT = "ablate.json"
_TOKENIZERS = (
    "The corpora's tokenizers differ: bits per byte can be compared, but the tokenizers are part of the difference."
)
_OWN = "Each seed had documents of its own: intervals speak of the corpora that these documents were drawn from."
_SAME = (
    "All seeds of a corpus had the same documents: intervals speak of these very documents, not of others like them."
)
_REPEATED = f"A corpus repeated its tokens more than {EPOCHS} times: more text, or fewer --tokens, would say more."

Say = Callable[[str], None]


def ablate(
    config: Config,
    arms: Sequence[Named],
    output: Path,
    *,
    domains: Sequence[Named] = (),
    tokenizer: Path | None = None,
    options: Options | None = None,
    say: Say = lambda _: None,
) -> dict[str, Any]:
    """Compare corpora by the models that they make, and leave what was found in `output`; gives `ablate.json`.

    Done again with the same arguments it takes up what is there. Raises `UsageError` for what the caller can mend,
    `pretrain.ablate.job.StoppedError` where a signal came.
    """
    chosen = options or Options()
    request = Request(settled(config, chosen), list(arms), list(domains), tokenizer, chosen)
    request.check()
    with locked(output):
        request.claim(output)
        return _Study(request, output, say).run()


@dataclass(frozen=True)
class _Group:
    """Arms trained under one control: for each arm's number its samples, one a seed."""

    suffix: str
    samples: dict[int, list[Sample]]


class _Study:
    """Everything that one study holds while it lasts."""

    def __init__(self, request: Request, output: Path, say: Say) -> None:
        self.config, self.options, self.output, self.say = request.config, request.options, output, say
        self.notes: list[str] = []
        self.arms = corpora.opened(request.arms, output / "data", request.tokenizer, say)
        if len({arm.vocabulary.digest for arm in self.arms}) > 1:
            self._note(_TOKENIZERS)
        self.domains = self._domains(request)
        budget = self.config.train.steps * self.config.train.batch * self.config.model.context
        seeds = self.options.seeds
        self.draw = Draw(seeds, budget, shares_fit(self.arms, seeds, budget))
        whole = {n: [sample(arm, self.draw, s + 1) for s in range(seeds)] for n, arm in enumerate(self.arms)}
        self.whole = _Group("", whole)
        self.unique = _Group("-unique", matched(whole, self.draw) if self.options.match_unique else {})
        self.notes += list(_said(self.draw, whole))

    def run(self) -> dict[str, Any]:
        """Train, score, compare, tell."""
        for arm in self.arms:
            ids = {str(number): domain.encoded(arm.vocabulary) for number, domain in enumerate(self.domains)}
            write_ids(self._held_out(arm), ids)
        jobs.run(list(self._jobs()), _workers(self.options), self.options.threads, self._progress)
        found = self._found()
        write_whole(self.output / RESULT, json.dumps(found, indent=1, ensure_ascii=False) + "\n")
        page.write(self.output, found)
        return found

    def _note(self, text: str) -> None:
        self.notes.append(text)
        self.say(text)

    def _progress(self, done: int, of: int, seconds: float) -> None:
        left = f", about {max(1, round(seconds / 60))} min left" if seconds else ""
        self.say(f"{done} of {of} models trained and scored{left}")

    def _domains(self, request: Request) -> list[Domain]:
        """In a chain of arms, what the first and the last kept back stands for raw and for curated text."""
        own = [self.arms[0], self.arms[-1]] if self.options.against == "previous" else self.arms
        return held_out.domains(request.domains, self.arms, own, self.options.held_out_bytes, self._note)

    def _held_out(self, arm: Corpus) -> Path:
        return self.output / "held-out" / f"{arm.slug}.npz"

    def _folder(self, arm: int, group: _Group, seed: int) -> Path:
        return self.output / "runs" / f"{self.arms[arm].slug}{group.suffix}" / f"seed-{seed}"

    def _jobs(self) -> Iterator[jobs.Job]:
        """All arms of a seed, then those of the next."""
        for number in range(self.options.seeds):
            for group in (self.whole, self.unique):
                for arm, samples in group.samples.items():
                    folder = self._folder(arm, group, number + 1)
                    prepare = partial(_prepare, folder, self.config, samples[number], number + 1)
                    yield jobs.Job(folder, self._held_out(self.arms[arm]), prepare)

    def _scores(self, arm: int, group: _Group) -> Scores:
        seeds = [read_scores(self._folder(arm, group, seed)) for seed in range(1, self.options.seeds + 1)]
        return [np.stack([one[str(number)] for one in seeds]) for number in range(len(self.domains))]

    def _found(self) -> dict[str, Any]:
        names = [arm.name for arm in self.arms]
        first = {arm: self._scores(arm, self.whole) for arm in self.whole.samples}
        second = first | {arm: self._scores(arm, self.unique) for arm in self.unique.samples}
        pairs = findings.pairs(len(names), self.options.against)
        again = [pair for pair in pairs if {pair.arm, pair.against} & second.keys() & self.unique.samples.keys()]
        return {
            "format": 1,
            "config": self.config.model_dump(mode="json"),
            "seeds": self.draw.seeds,
            "tokens": self.draw.budget,
            "own_documents": self.draw.shares,
            "arms": [self._arm(number) for number in range(len(names))],
            "domains": [domain.told() for domain in self.domains],
            "bits_per_byte": {names[arm]: findings.bits(scores, self.domains) for arm, scores in first.items()},
            "comparisons": findings.compared(names, first, self.domains, pairs),
            "matched": findings.compared(names, second, self.domains, again),
            "notes": self.notes,
        }

    def _arm(self, number: int) -> dict[str, Any]:
        arm, unique = self.arms[number], _unique(self.whole.samples[number])
        again = self.unique.samples.get(number)
        return {
            "name": arm.name,
            "documents": len(arm.train),
            "tokens": arm.train.tokens,
            "data": arm.manifest.digest,
            "tokenizer": arm.vocabulary.digest,
            "unique_tokens": unique,
            "epochs": round(self.draw.budget / unique, 2),
            "matched_unique_tokens": None if again is None else _unique(again),
        }


def _unique(samples: Sequence[Sample]) -> int:
    return round(float(np.mean([one.targets for one in samples])))


def _prepare(folder: Path, config: Config, documents: Sample, seed: int) -> None:
    """Write a job's configuration and data; arms are paired by the seed of weights and order."""
    folder.mkdir(parents=True, exist_ok=True)
    train, data = config.train.model_copy(update={"seed": seed}), config.data.model_copy(update={"seed": seed})
    if not (folder / "data" / "manifest.json").is_file():
        documents.write(folder / "data")
    write_whole(folder / "config.toml", config.model_copy(update={"train": train, "data": data}).to_toml())


def _workers(options: Options) -> int:
    import torch

    if options.workers or torch.cuda.is_available():
        return options.workers or 1
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores // options.threads)


def _said(draw: Draw, whole: dict[int, list[Sample]]) -> Iterator[str]:
    yield _OWN if draw.shares else _SAME
    if any(draw.budget > EPOCHS * one.targets for samples in whole.values() for one in samples):
        yield _REPEATED
