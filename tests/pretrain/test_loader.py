import numpy as np
import pytest

from pretrain.config import Train
from pretrain.loader import Loader
from pretrain.objectives import objective
from pretrain.parallel import World
from pretrain.shards import Manifest, Shards


def loader(corpus, *, ahead=False, world=None, kind="clm", batch=4):
    manifest = Manifest.read(corpus)
    shards = Shards(manifest, "train")
    asked = objective(Train(objective=kind), 32, manifest.open_vocabulary())
    return Loader(asked, asked.packing(shards, 1), shards.weights, world or World(), batch, ahead=ahead)


def same(one, other):
    return all(a is b or np.array_equal(a, b) for a, b in zip(one.batch, other.batch, strict=True))


def test_reading_ahead_changes_nothing(corpus):
    plain, ahead = loader(corpus), loader(corpus, ahead=True)

    for step in (0, 1, 2, 7, 8, 3, 0):
        one, other = plain.part(step), ahead.part(step)
        assert same(one, other)
        assert one[1:] == other[1:]


def test_an_error_of_the_thread_is_that_of_the_step_it_belongs_to(corpus, monkeypatch):
    made = loader(corpus, ahead=True)
    real = made.packing.rows
    monkeypatch.setattr(made.packing, "rows", lambda first, count: real(first, count) if first < 4 else 1 / 0)

    made.part(0)
    with pytest.raises(ZeroDivisionError):
        made.part(1)


@pytest.mark.parametrize("kind", ["clm", "mlm", "span"])
@pytest.mark.parametrize("size", [2, 4])
def test_the_parts_of_all_processes_are_the_step(corpus, kind, size):
    whole = loader(corpus, kind=kind).part(3)

    parts = [loader(corpus, kind=kind, world=World(rank, size)).part(3) for rank in range(size)]

    assert np.array_equal(whole.batch.inputs, np.concatenate([part.batch.inputs for part in parts]))
    assert np.array_equal(whole.batch.targets, np.concatenate([part.batch.targets for part in parts]))
    assert whole.tokens == sum(part.tokens for part in parts)
    assert whole.share == sum(part.share for part in parts)
