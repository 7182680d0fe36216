"""Documents that lost too much to corrections."""

import pytest

from curate.errors import CurateError
from curate.stages.refinedweb_lines import RefinedWebLines
from curate.stages.word_removal import WordRemoval
from curate.testing import batch, verdict
from tests.conftest import build


@pytest.mark.parametrize(
    ("words", "reason"),
    [(19, None), (18, "word_removal.removed_word_ratio.max"), (0, "word_removal.removed_word_ratio.max")],
)
def test_more_than_five_percent_is_too_much(words, reason):
    text = "word " * words + "\nMENU"
    lines = RefinedWebLines()

    column = lines.struct(lines.rewrite(batch(text)), 1)

    assert verdict(WordRemoval(), text, refinedweb_lines=column) == reason


def test_a_recipe_without_the_corrections_is_refused():
    with pytest.raises(CurateError, match="refinedweb_lines"):
        build({"use": "word_removal"})
