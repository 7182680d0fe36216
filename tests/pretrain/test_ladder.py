import pytest

from pretrain.config import Config, Model, Optim, Train
from pretrain.ladder import batch_tokens, learning_rate, resolved


def test_the_formulas_are_those_of_the_ladder():
    """The rates that DataDecide's table has for its sizes (3.7 M to 152 M weights)."""
    assert [learning_rate(int(n * 1e6)) for n in (3.7, 19, 98, 152)] == pytest.approx(
        [1.4e-2, 8.4e-3, 4.9e-3, 4.2e-3], rel=0.04
    )
    assert batch_tokens(108_000_000) == 327_680
    assert batch_tokens(864_000_000) == 4 * 327_680


def test_adamw_by_name_takes_the_ladder_for_its_size():
    config = Config(model=Model(context=1024), optim=Optim(matrices="adamw"), train=Train(batch=0, steps=10_000))

    small, large = (resolved(config, size) for size in (10_000_000, 864_000_000))

    assert (small.optim.matrix_learning_rate, large.optim.matrix_learning_rate) == (0.0104, 0.00235)
    assert small.optim.embedding_learning_rate == small.optim.head_learning_rate == 0.0104
    assert (small.train.batch, large.train.batch) == (64, 1024)
    assert (small.optim.beta2, large.optim.beta2) == (0.99, 0.95)
    assert (small.optim.warmup, large.optim.warmup) == (153, 824)
    assert (small.optim.weight_decay, small.optim.decay, small.optim.beta1) == (0.1, 0.1, 0.9)


def test_a_short_run_warms_up_over_a_tenth_of_it():
    config = Config(optim=Optim(matrices="adamw"), train=Train(steps=50))

    assert resolved(config, 100_000_000).optim.warmup == 5


def test_what_is_written_wins_over_the_ladder():
    config = Config(
        optim=Optim(matrices="adamw", matrix_learning_rate=0.5, warmup=0, weight_decay=0.0), train=Train(batch=3)
    )

    found = resolved(config, 1_000_000)

    assert (found.optim.matrix_learning_rate, found.optim.warmup, found.optim.weight_decay) == (0.5, 0, 0.0)
    assert found.train.batch == 3


@pytest.mark.parametrize("matrices", ["muon", "adamw", "adamw_scaled"])
def test_a_resolved_configuration_resolves_to_itself(matrices):
    once = resolved(Config(optim=Optim(matrices=matrices)), 1_000_000)

    assert resolved(once, 77) == once
    assert Config.model_validate(once.model_dump()) == once


def test_the_batch_of_the_ladder_is_whole_micro_batches():
    config = Config(train=Train(batch=0, micro_batch=12))

    assert resolved(config, 50_000_000).train.batch % 12 == 0
