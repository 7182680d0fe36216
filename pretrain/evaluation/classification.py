"""How well a network's states tell labels: accuracy, macro F1, and F1 of spans, each beside the most frequent label's.

Fine-tuning is done with three seeds; a figure is the mean over them, and its interval resamples seeds and test texts.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from pretrain.evaluation import intervals
from pretrain.evaluation.asking import Floats, Ints
from pretrain.evaluation.classifiers import fine_tune, probe
from pretrain.evaluation.labelled import Labelled
from pretrain.evaluation.results import Figure, figure
from pretrain.trained import Trained

SEEDS = 3


def classification(trained: Trained, name: str, task: Labelled, *, frozen: bool, seed: int) -> list[Figure]:
    """Figures of a probe or of fine-tuning."""
    if frozen:
        runs = [probe(trained.model, task, seed)]
    else:
        runs = [fine_tune(trained.model, task, seed + i) for i in range(SEEDS)]
    guess = [np.full_like(one.labels, task.most_frequent) for one in task.test]
    how = "probe" if frozen else f"fine-tuned, {SEEDS} seeds"
    scores = _text_scores if task.kind == "text" else _token_scores
    return [
        figure(
            f"{name}, {'probe' if frozen else 'fine-tuned'}", metric,
            intervals.crossed(len(runs), len(task.test), of, seed), len(task.test), seed,
            chance=baseline(np.ones((1, len(task.test)))), note=f"{how}; chance: the most frequent label",
        )
        for (metric, of), (_, baseline) in zip(scores(task, runs), scores(task, [guess]), strict=True)
    ]  # fmt: skip


Statistic = Callable[[Floats], float]


def _text_scores(task: Labelled, runs: Sequence[Sequence[Ints]]) -> list[tuple[str, Statistic]]:
    said_SN = np.array([np.concatenate(run) for run in runs])
    right_N = np.concatenate([one.labels for one in task.test])
    hits = (said_SN == right_N).astype(np.float64)
    return [
        ("accuracy", lambda w_SN: float((w_SN * hits).sum() / w_SN.sum())),
        ("macro F1", lambda w_SN: macro_f1(said_SN, right_N, w_SN, len(task.names))),
    ]


def _token_scores(task: Labelled, runs: Sequence[Sequence[Ints]]) -> list[tuple[str, Statistic]]:
    right = [one.labels for one in task.test]
    counts_SN3 = np.array([[_spans_counted(s, r) for s, r in zip(run, right, strict=True)] for run in runs], np.float64)
    tokens_SN2 = np.array([[(np.sum(s == r), len(r)) for s, r in zip(run, right, strict=True)] for run in runs])
    return [
        ("F1 of spans", lambda w_SN: _f1(*np.einsum("sn,snk->k", w_SN, counts_SN3))),
        ("accuracy of tokens", lambda w_SN: float(np.divide(*np.einsum("sn,snk->k", w_SN, tokens_SN2)))),
    ]


def macro_f1(said_SN: Ints, right_N: Ints, w_SN: Floats, labels: int) -> float:
    """Mean over runs and labels of 2·hits / (said + right), items weighted; 0 for a label that nobody names."""
    found = []
    for said, w in zip(said_SN, w_SN, strict=True):
        if not w.any():
            continue
        counts = np.bincount(right_N * labels + said, w, labels**2).reshape(labels, labels)
        both = counts.sum(0) + counts.sum(1)
        f1 = np.divide(2 * counts.diagonal(), both, out=np.zeros(labels), where=both > 0)
        # A run that was drawn twice counts twice
        found.append((f1.mean(), w.sum()))
    values, weights = np.array(found).T
    return float(np.average(values, weights=weights))


def spans(labels: Ints) -> set[tuple[int, int, int]]:
    """(first, end, label) of the runs of equal labels other than 0, the outside."""
    edges = np.flatnonzero(np.diff(labels, prepend=-1, append=-1))
    return {(int(a), int(b), int(labels[a])) for a, b in pairwise(edges) if labels[a]}


def _spans_counted(said: Ints, right: Ints) -> tuple[int, int, int]:
    """Spans told right, told, and to be told."""
    mine, theirs = spans(said), spans(right)
    return len(mine & theirs), len(mine), len(theirs)


def _f1(hits: float, said: float, right: float) -> float:
    return 2 * hits / (said + right) if said + right else 1.0
