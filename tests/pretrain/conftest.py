import pytest
import torch

from tests.pretrain import token_folder

TINY = """
[model]
context = 32
layers = 2
width = 32
heads = 2

[train]
steps = 12
batch = 4
checkpoint_every = 5
"""


@pytest.fixture(scope="session")
def corpus(tmp_path_factory):
    """A folder as `curate` leaves it: 90 documents to train on, 12 held out."""
    documents = token_folder.texts(102, seed=3)
    return token_folder.make(tmp_path_factory.mktemp("corpus") / "data", documents[:90], documents[90:])


@pytest.fixture
def settings(tmp_path):
    path = tmp_path / "tiny.toml"
    path.write_text(TINY)
    return path


@pytest.fixture(scope="session", autouse=True)
def _one_thread():
    """Tiny models on busy machines are quicker, and no less exact, on one thread."""
    torch.set_num_threads(1)
