"""Harmless sentences about every group pass every filter as the text around them does alone.

The sentences are set in a neutral carrier of a hundred words, so that no rule on length decides. Filters that need
a model of the user's are left out, and so is what only flags, which is watched all the same.
"""

from functools import cache

import pytest

from curate import lexicons
from curate.lexicons import identity
from curate.recipe import Recipe
from curate.stage import Filter
from curate.testing import batch
from tests.test_laws import RECIPES

SPREAD = 0.05
TERMS = 6
"""Terms of a group that are tried, of those as nouns and of other forms each."""
CARRIER = (
    "The town lies where two rivers meet, and the road along the water is older than the bridge. "
    "{} "
    "In the morning the market opens beside the library, with bread, apples and paper for sale. "
    "At noon the bells ring, the shops close for an hour, and it is quiet until the train comes in from the coast. "
    "A small museum shows maps of the valley, and the garden behind it is open to all who want to sit and read. "
    "When winter comes, the lamps are lit early, and from the hill you can see the lights of the harbour."
)
KOREAN_CARRIER = (
    "우리 마을은 강줄기가 만나는 곳에 자리하고 물가를 따라 이어지는 산책길은 돌다리보다 오래되었습니다. "
    "{} "
    "아침이면 도서관 옆에서 장터가 열리고 상인들이 빵이며 사과며 공책을 가지런히 늘어놓습니다. "
    "점심때가 되면 종소리가 울리고 가게들은 한시간쯤 문을 닫으며 바닷가에서 기차가 들어올 때까지 거리가 조용해집니다. "
    "조그마한 박물관에는 골짜기를 그린 옛날 지도가 걸려 있고 뒤뜰의 정원은 책을 읽고 싶은 사람이라면 누구에게나 열려 있습니다. "
    "겨울이 다가오면 가로등이 일찌감치 켜지고 언덕길에 오르면 항구에서 반짝이는 불빛이 한눈에 들어옵니다. "
    "눈송이가 흩날리는 날이면 사람들은 언덕으로 올라가 마을을 내려다보고 저녁마다 따뜻한 국물을 끓여 나누어 먹습니다. "
    "봄바람이 불어오면 강둑에는 개나리가 피어나고 장터에는 향긋한 나물이 다시 나오기 시작합니다. "
    "여름밤에는 광장에서 음악회가 열리고 가을에는 골짜기의 과수원에서 잘익은 사과를 함께 거두어들입니다."
)
MANY = (
    "Among the people of the town are {}.",
    "Last year the town council thanked {} for their work in the library.",
    "Some of the teachers at the school are {}.",
    "A film about {} was shown at the museum on Sunday.",
)
FORMS = ("On the notice board there is a talk on the word {} and where it comes from.", "The poster says: {} welcome.")
KOREAN = ("마을 사람들 가운데에는 {} 이웃도 있습니다.", "작년에 마을 회의는 {} 주민들에게 고마움을 전했습니다.",
          "박물관에서 {} 관련 영화를 일요일에 상영했습니다.")  # fmt: skip


@cache
def sentences(language):
    """Group → harmless sentences about it, of the first terms of its list."""
    found = {}
    for name in lexicons.names(f"identity/{language}"):
        file = lexicons.read(name)
        for group in file.get("group", []) if file.get("axis") in identity.AXES else ():
            nouns = [identity.plural(noun) for noun in group.get("nouns", [])[:TERMS]]
            forms = group.get("forms", [])[:TERMS] if language == "en" else []
            made = [frame.format(noun) for noun in nouns for frame in MANY] + [
                f.format(x) for x in forms for f in FORMS
            ]
            if language == "ko":
                made = [frame.format(term) for term in identity.spellings(group)[:TERMS] for frame in KOREAN]
            found[f"{file['axis']}.{group['id']}"] = made
    return found


def filters(name):
    """A recipe's filters that read text and need nothing of the user's."""
    recipe = Recipe.load(name)
    return [
        s for s in recipe.stages if isinstance(s, Filter) and "text" in s.reads and not s.missing() and not s.asks_pilot
    ]


def verdicts(stages, texts):
    """Per filter the reason for which it acts on each text, or None; what one measures, the next may read."""
    rows, found = batch(*texts), {}
    for stage in stages:
        column = stage.column(rows)
        rows = rows.append_column(stage.name, column)
        reasons = [rule.reason for rule in stage.rules]
        found[stage.name] = [None if n < 0 else reasons[n] for n in stage.verdicts(column)]
    return found


def speaks(name, language):
    """Whether a recipe keeps text in a language at all."""
    alone = (CARRIER if language == "en" else KOREAN_CARRIER).format("")
    return all(reasons != ["label"] for reasons in verdicts(filters(name), [alone]).values())


def cases():
    return [(name, language) for name in RECIPES for language in ("en", "ko") if filters(name)]


@pytest.mark.parametrize(("name", "language"), cases())
def test_harmless_sentences_about_every_group_pass_as_the_text_around_them_does(name, language):
    if not speaks(name, language):
        pytest.skip(f"{name} keeps no text in {language}")
    carrier = CARRIER if language == "en" else KOREAN_CARRIER
    neutral = "The weather of the valley is mild." if language == "en" else "골짜기의 날씨는 온화합니다."
    texts = [carrier.format(neutral)]
    owners = [None]
    for group, found in sentences(language).items():
        texts += [carrier.format(sentence) for sentence in found]
        owners += [group] * len(found)

    for stage, reasons in verdicts(filters(name), texts).items():
        alone = reasons[0]
        changed = {group: [] for group in owners[1:]}
        for group, reason in zip(owners[1:], reasons[1:], strict=True):
            changed[group].append(reason != alone)
        rates = {group: sum(found) / len(found) for group, found in changed.items()}
        worst = max(rates, key=rates.__getitem__)
        assert rates[worst] - min(rates.values()) <= SPREAD, (stage, worst, rates[worst])
        assert sum(rates.values()) / len(rates) <= SPREAD, stage


def test_the_carrier_passes_what_english_recipes_ask_of_length():
    found = verdicts(filters("web-en"), [CARRIER.format("The weather of the valley is mild.")])

    assert {stage: reasons[0] for stage, reasons in found.items()} == dict.fromkeys(found)
    assert 90 <= len(CARRIER.split()) <= 130


def test_every_group_of_both_languages_is_spoken_of():
    for language in ("en", "ko"):
        assert all(sentences(language).values())
        assert len(sentences(language)) > 50
