"""Compiled lists are kept on disk, and nothing that is kept changes what is found."""

import numpy as np
import pytest

from curate.audit import lists
from curate.ops import lexicon
from tests.ops.test_lexicon import packed

TEXT = "The Sikhs met an old woman; 여성들에게는 투표권이. They be trying, the colour of my neighbour."


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(lists, "FOLDER", tmp_path / "kept")
    return tmp_path / "kept"


@pytest.fixture(scope="module")
def compiled():
    return lists.compiled()


@pytest.fixture(autouse=True)
def cheap(monkeypatch, compiled):
    monkeypatch.setattr(lists, "compiled", lambda: compiled)


def asked():
    """The lists as a process first gets them."""
    return lists.all_lists.__wrapped__()


def found(terms):
    return [np.stack(lexicon.find(*packed([TEXT, " " * 80]), one.compiled)).tolist() for one in terms]


def same(one, other):
    return found(one) == found(other) and all(
        np.array_equal(getattr(a, name), getattr(b, name))
        for a, b in zip(one, other, strict=True)
        for name in ("names", "links", "least")
    )


def test_lists_that_were_kept_are_those_that_were_compiled(folder, compiled, monkeypatch):
    asked()
    monkeypatch.setattr(lists, "compiled", lambda: pytest.fail("compiled again"))

    kept = asked()

    assert same(kept, compiled)
    assert any(found(kept))


@pytest.mark.parametrize("damage", ["cut", "turned", "empty", "text", "another", "array"])
def test_what_is_broken_is_compiled_again_and_kept_anew(folder, compiled, damage):
    asked()
    (path,) = folder.glob("*.npz")
    whole = path.read_bytes()
    middle = len(whole) // 2
    if damage == "another":
        np.savez(path, points=np.zeros(3))
    elif damage == "array":
        with path.open("wb") as file:
            np.save(file, np.zeros(3))
    else:
        turned = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]
        path.write_bytes({"cut": whole[:middle], "turned": turned, "empty": b"", "text": b"lists"}[damage])

    assert same(asked(), compiled)
    assert path.read_bytes() == whole


def test_a_pickle_is_not_opened(folder, compiled):
    asked()
    (path,) = folder.glob("*.npz")
    np.savez(path, points=np.array([print], object))

    assert same(asked(), compiled)


def test_what_was_compiled_from_other_lists_is_removed(folder):
    folder.mkdir()
    (folder / f"{lists.PREFIX}other.npz").write_bytes(b"old")
    (folder / "module.pyc").write_bytes(b"code")

    asked()

    assert len(list(folder.glob("*.npz"))) == 1
    assert (folder / "module.pyc").exists()


def test_where_nothing_can_be_written_lists_are_compiled(folder, compiled):
    folder.write_text("a file where the folder should be")

    assert same(asked(), compiled)
