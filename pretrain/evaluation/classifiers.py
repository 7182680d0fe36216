"""Classifiers of texts and tokens on a network's states: a probe that leaves the network as it is, and fine-tuning.

A text is the mean of its tokens' last states. The probe is multinomial logistic regression on standardised states, its
L2 penalty chosen on a tenth of the training examples. Fine-tuning trains all weights and a new linear layer by AdamW
(Loshchilov and Hutter 2019), the rate rising over a tenth of the steps and falling to 0.
"""

import copy
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from pretrain.evaluation.asking import Ints, padded
from pretrain.evaluation.labelled import Example, Labelled
from pretrain.models import Network
from pretrain.tokens import END_OF_TEXT, PAD

PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1)
EPOCHS, RATE, BATCH = 3, 1e-3, 16
_AT_ONCE = 64


class Classifier(nn.Module):
    """States to scores of labels, (B, T) ids → (N, C): a row of scores for each text, or for each token."""

    def __init__(self, network: Network, labels: int, *, tokens: bool) -> None:
        super().__init__()
        self.network, self.tokens = network, tokens
        self.head = nn.Linear(network.config.width, labels)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, examples: Sequence[Example]) -> Tensor:
        """(N, C) in order of examples, then tokens."""
        scores: Tensor = self.head(states(self.network, examples, tokens=self.tokens))
        return scores


def states(network: Network, examples: Sequence[Example], *, tokens: bool) -> Tensor:
    """(N, D) of each token, or the mean over each text's."""
    around = [np.concatenate([[END_OF_TEXT], one.ids, [END_OF_TEXT]]) for one in examples]
    device = network.head.weight.device
    inputs = torch.from_numpy(padded(around, PAD)).to(device)
    real = torch.from_numpy(padded([np.zeros_like(row) for row in around], -1)).to(device)
    encode = getattr(network, "encode", network)
    x_BTD = encode(inputs, real)
    inner = torch.zeros_like(inputs, dtype=torch.bool)
    for row, one in enumerate(examples):
        inner[row, 1 : len(one.ids) + 1] = True
    if tokens:
        chosen: Tensor = x_BTD[inner]
        return chosen
    weights = inner.float() / inner.sum(1, keepdim=True)
    pooled: Tensor = torch.einsum("btd,bt->bd", x_BTD, weights)
    return pooled


def probe(network: Network, task: Labelled, seed: int) -> list[Ints]:
    """(test examples,) predicted labels of each, by logistic regression on frozen states."""
    mine, theirs = (_all_states(network, part, tokens=task.kind == "tokens") for part in (task.train, task.test))
    centre, scale = mine.mean(0), mine.std(0).clamp(min=1e-6)
    x_ND, x_MD = (mine - centre) / scale, (theirs - centre) / scale
    right_N = torch.from_numpy(np.concatenate([one.labels for one in task.train]))
    held = torch.from_numpy(np.random.default_rng(seed).random(len(x_ND)) < 0.1)
    found = PENALTIES[0]
    if 0 < int(held.sum()) < len(held):
        losses = [_held_loss(x_ND, right_N, held, len(task.names), penalty) for penalty in PENALTIES]
        found = PENALTIES[int(np.argmin(losses))]
    weight, bias = regression(x_ND, right_N, len(task.names), found)
    return _parted((x_MD @ weight.T + bias).argmax(1).numpy(), task.test)


def _held_loss(x_ND: Tensor, right_N: Tensor, held: Tensor, labels: int, penalty: float) -> float:
    weight, bias = regression(x_ND[~held], right_N[~held], labels, penalty)
    return functional.cross_entropy(x_ND[held] @ weight.T + bias, right_N[held]).item()


def regression(x_ND: Tensor, right_N: Tensor, labels: int, penalty: float) -> tuple[Tensor, Tensor]:
    """Weights (C, D) and biases (C,) that minimise mean cross entropy + penalty / 2 · Σ weight², by L-BFGS from 0."""
    weight = torch.zeros(labels, x_ND.shape[1], dtype=x_ND.dtype, requires_grad=True)
    bias = torch.zeros(labels, dtype=x_ND.dtype, requires_grad=True)
    solver = torch.optim.LBFGS([weight, bias], max_iter=100, history_size=10, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        solver.zero_grad()
        loss = functional.cross_entropy(x_ND @ weight.T + bias, right_N) + penalty / 2 * weight.square().sum()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    solver.step(closure)  # type: ignore[no-untyped-call]
    return weight.detach(), bias.detach()


def fine_tune(network: Network, task: Labelled, seed: int) -> list[Ints]:
    """(test examples,) predicted labels of each, by a copy of the network trained on the task."""
    model = Classifier(copy.deepcopy(network), len(task.names), tokens=task.kind == "tokens").train()
    model.to(network.head.weight.device)
    learn(model, len(task.train), lambda chosen: _loss(model, [task.train[i] for i in chosen]), seed)
    with torch.no_grad():
        scores = [model.eval()(part).cpu() for part in _parts(task.test)]
    return _parted(torch.cat(scores).argmax(1).numpy(), task.test)


def learn(model: nn.Module, examples: int, loss: Callable[[list[int]], Tensor], seed: int) -> None:
    """Train on numbers of examples, an epoch's order a function of the seed."""
    draw = np.random.default_rng(seed)
    steps = [part for _ in range(EPOCHS) for part in _batches(draw.permutation(examples))]
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=0.01)
    for step, chosen in enumerate(steps):
        rise, fall = (step + 1) / (0.1 * len(steps)), (len(steps) - step) / (0.9 * len(steps))
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(rise, fall, 1.0)
        optimizer.zero_grad()
        loss(chosen.tolist()).backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()


def _loss(model: Classifier, examples: Sequence[Example]) -> Tensor:
    right = torch.from_numpy(np.concatenate([one.labels for one in examples]))
    return functional.cross_entropy(model(examples), right.to(model.head.weight.device))


def _batches(order: Ints) -> Iterator[Ints]:
    for first in range(0, len(order), BATCH):
        yield order[first : first + BATCH]


@torch.no_grad()
def _all_states(network: Network, examples: Sequence[Example], *, tokens: bool) -> Tensor:
    """In float64: a regression's minimum is where its gradient is nothing."""
    return torch.cat([states(network, part, tokens=tokens).cpu().double() for part in _parts(examples)])


def _parts(examples: Sequence[Example]) -> Iterator[Sequence[Example]]:
    for first in range(0, len(examples), _AT_ONCE):
        yield examples[first : first + _AT_ONCE]


def _parted(labels: Ints, examples: Sequence[Example]) -> list[Ints]:
    return np.split(labels, np.cumsum([len(one.labels) for one in examples])[:-1])
