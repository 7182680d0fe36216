"""One run on several processes, as `torchrun` starts them.

Every process reads its share of a step's rows, and gradients are summed over all, so that losses are those of one
process up to rounding. `ddp`: each holds the whole model (`DistributedDataParallel`). `fsdp`: each holds some rows of
every weight, gradient and optimiser state, and gathers a block's weights while it works on that block (`fully_shard`).
Only the first process, the lead, writes files. What is not a gradient travels between CPUs (gloo), so that no device
waits for it.
"""

import contextlib
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
import torch.distributed
from numpy.typing import NDArray
from torch import Tensor, nn

from pretrain.config import Train
from pretrain.errors import ConfigError, FollowedError, PretrainError

T = TypeVar("T")


@dataclass(frozen=True)
class World:
    """The processes of a run; alone by default."""

    rank: int = 0
    size: int = 1
    kind: str = "ddp"
    """How they share the work, as `train.parallel`."""

    @property
    def leads(self) -> bool:
        """Whether this process is the one that writes."""
        return self.rank == 0

    def rows(self, first: int, count: int) -> tuple[int, int]:
        """First and number of this process's rows among `count` rows from `first` on."""
        mine = count // self.size
        return first + self.rank * mine, mine

    def sum(self, *values: float) -> tuple[float, ...]:
        """Sums over all processes, the same on each of them."""
        if self.size == 1:
            return values
        sums = torch.tensor(values, dtype=torch.float64)
        torch.distributed.all_reduce(sums)
        return tuple(sums.tolist())

    def total(self, *arrays: NDArray[Any]) -> tuple[NDArray[Any], ...]:
        """Sums of arrays over all processes."""
        if self.size == 1:
            return arrays
        tensors = [torch.from_numpy(array.copy()) for array in arrays]
        for tensor in tensors:
            torch.distributed.all_reduce(tensor)
        return tuple(tensor.numpy() for tensor in tensors)

    def shares(self, items: Sequence[T]) -> Iterator[tuple[T, bool]]:
        """This process's of the items, and whether each counts.

        Every process gets as many, since under `fsdp` all must work together; what is left over does not count.
        """
        for first in range(0, len(items), self.size):
            mine = first + self.rank
            yield items[min(mine, len(items) - 1)], mine < len(items)

    def first_signal(self, name: str) -> str:
        """The name of a signal that any process was sent, or nothing; all agree."""
        if self.size == 1:
            return name
        number = torch.tensor(signal.Signals[name] if name else 0)
        torch.distributed.all_reduce(number, torch.distributed.ReduceOp.MAX)
        return signal.Signals(int(number)).name if number else ""

    def lead(self, work: Callable[[], T]) -> T:
        """What `work` gives on the first process, on all; if it raises there, all raise.

        The others raise `FollowedError` with the same words, which the first has to tell.
        """
        if self.size == 1:
            return work()
        said: list[Any] = [None, None]
        failure: Exception | None = None
        if self.leads:
            try:
                said[0] = work()
            except Exception as error:  # noqa: BLE001  raised again below, once the others know
                failure = error
                said[1] = (str(error), getattr(error, "exit_code", PretrainError.exit_code))
        torch.distributed.broadcast_object_list(said, device=torch.device("cpu"))
        if failure is not None:
            raise failure
        if said[1] is not None:
            raise FollowedError(*said[1])
        found: T = said[0]
        return found

    def share(self, model: nn.Module) -> None:
        """Leave each process its share of the weights, where the model is shared; before optimisers are made."""
        if self.size == 1 or self.kind != "fsdp":
            return
        from torch.distributed.fsdp import fully_shard

        for name, blocks in model.named_modules():
            if name.rpartition(".")[2] == "blocks":
                for block in blocks.children():
                    fully_shard(block)
        fully_shard(model)

    def loss(self, model: nn.Module, loss: Callable[..., Tensor]) -> "Loss":
        """`loss`, which is the model's, so that gradients are summed over all processes."""
        if self.size > 1 and self.kind == "ddp":
            return _Replicated(model, loss, self.size)
        return Loss(loss, self.size)


class Loss:
    """A loss whose backward pass sums gradients over all processes; under `fsdp` the model's own hooks do it."""

    def __init__(self, loss: Callable[..., Tensor], size: int) -> None:
        self.loss, self.size = loss, size

    def __call__(self, *arguments: Any, last: bool) -> Tensor:  # noqa: ARG002  where messages are costly
        """The loss of this process's rows; `last` is the last micro batch of a step.

        It is times the number of processes, since PyTorch takes means of gradients.
        """
        found = self.loss(*arguments)
        return found * self.size if self.size > 1 else found


class _Replicated(Loss):
    """Gradients travel once a step, with the last micro batch."""

    def __init__(self, model: nn.Module, loss: Callable[..., Tensor], size: int) -> None:
        watched = _Watched(model, loss)
        self.watched = nn.parallel.DistributedDataParallel(watched, gradient_as_bucket_view=True)
        super().__init__(self.watched, size)

    def __call__(self, *arguments: Any, last: bool) -> Tensor:
        """See `Loss`."""
        with contextlib.nullcontext() if last else self.watched.no_sync():
            return super().__call__(*arguments, last=last)


class _Watched(nn.Module):
    """All that a backward pass comes from: DistributedDataParallel sees no work outside its module."""

    def __init__(self, model: nn.Module, loss: Callable[..., Tensor]) -> None:
        super().__init__()
        self.model, self.loss = model, loss

    def forward(self, *arguments: Any) -> Tensor:
        """The loss."""
        return self.loss(*arguments)


@contextlib.contextmanager
def joined(train: Train) -> Iterator[World]:
    """The processes of a run, joined by what `torchrun` says in the environment, or by a group that is there already.

    Raises `ConfigError` where they cannot share the batch, `PretrainError` where they do not find each other.
    """
    made = not torch.distributed.is_initialized() and int(os.environ.get("WORLD_SIZE", "1")) > 1
    if made:
        _join(train)
    if not torch.distributed.is_initialized():
        yield World()
        return
    world = World(torch.distributed.get_rank(), torch.distributed.get_world_size(), train.parallel)
    _check_batch(train, world.size)
    yield world
    # Not after an error: processes that wait for each other would wait here too, and torchrun ends them all.
    if made:
        torch.distributed.barrier()
        torch.distributed.destroy_process_group()


def leads() -> bool:
    """Whether this process is the one that speaks; true of one that is alone."""
    return os.environ.get("RANK", "0") == "0"


def _join(train: Train) -> None:
    on_gpu = train.device != "cpu" and torch.cuda.is_available()
    if on_gpu:
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    try:
        torch.distributed.init_process_group("cpu:gloo,cuda:nccl" if on_gpu else "gloo")
    except (ValueError, RuntimeError) as error:
        said = " ".join(str(error).split())[:200]
        raise PretrainError(f"the processes of torchrun do not find each other: {said}") from None


def _check_batch(train: Train, size: int) -> None:
    if train.batch % size:
        raise ConfigError(f"train.batch {train.batch} must be a multiple of the number of processes, {size}")
    if train.micro_batch and (train.batch // size) % train.micro_batch and train.micro_batch < train.batch // size:
        raise ConfigError(f"train.micro_batch {train.micro_batch} must divide a process's rows, {train.batch // size}")
