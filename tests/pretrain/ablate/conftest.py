import json
import random

import pytest

from pretrain.ablate import Named, Options, ablate
from pretrain.config import load
from tests.pretrain import token_folder

TINY = "[model]\ncontext = 32\nlayers = 1\nwidth = 32\nheads = 2\n[train]\nsteps = 24\nbatch = 8\n"


def lines(path, documents):
    path.write_text("".join(json.dumps({"id": f"d{i}", "text": d}) + "\n" for i, d in enumerate(documents)))
    return path


@pytest.fixture(scope="session")
def material(tmp_path_factory):
    """Folders as `curate` leaves them, `plain` and the same with tags for a third of its words; held-out text; a configuration."""
    folder = tmp_path_factory.mktemp("material")
    documents = token_folder.texts(700, seed=3)
    draw = random.Random(1)
    tagged = [
        " ".join(word if draw.random() < 0.7 else draw.choice(["<div>", "</div>", "<p>"]) for word in text.split())
        for text in documents[:400]
    ]
    token_folder.make(folder / "plain", documents[:400], documents[600:630])
    token_folder.make(folder / "tagged", tagged, [])
    token_folder.make(folder / "small", documents[:12], [])
    lines(folder / "held.jsonl", documents[630:680])
    lines(folder / "other.jsonl", documents[400:600])
    (folder / "tiny.toml").write_text(TINY)
    return folder


def study(material, output, arms, *, seeds=3, overrides=(), domains=("held.jsonl",), said=None, **options):
    return ablate(
        load(material / "tiny.toml", overrides),
        [Named(name, material / path) for name, path in arms.items()],
        output,
        domains=[Named(path, material / path) for path in domains],
        options=Options(seeds=seeds, **{"workers": 1, **options}),
        say=(lambda _: None) if said is None else said.append,
    )


@pytest.fixture(scope="session")
def plain_and_tagged(material, tmp_path_factory):
    """The output folder of a study, and what it found."""
    output = tmp_path_factory.mktemp("study") / "out"
    return output, study(material, output, {"plain": "plain", "with tags": "tagged"})
