"""The table `[policy]` of a recipe: what becomes of documents that a stage has marked, compiled to stages.

    [policy]
    "toxicity.severe" = "drop"
    "toxicity.toxic" = { weight = 0.5 }
    "toxicity.uncertain" = "annotate"
    "gopher.symbol_ratio" = "mask"            # or { mask = "[…]" }

A key is a stage's name and a mark: a value of its signal `band`, a rule (`words.min`), or a signal with rules
(`words`). `keep` and `annotate` leave the document as it is, `annotate` marked; `mask` takes the stage's spans out;
`weight` is the document's share in the loss of a training run; `drop` drops. Behind each stage that is named stands
from then on `policy_<stage>`, and where something is masked `mask_<stage>`; the stage itself only flags, and of a stage
that dropped, what the table does not name drops still.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from curate.errors import RecipeError, nearest
from curate.rules import OneOf, Range, Rule
from curate.stage import Barrier, Filter, Rewrite, Stage
from curate.stages.mask import Mask
from curate.stages.policy import Action, Policy


class Weighted(BaseModel):
    """Down-weight."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    weight: Annotated[float, Field(gt=0, le=1, strict=True)]


class Masked(BaseModel):
    """Mask, with something in the place of spans."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    mask: str


Choice = Literal["keep", "annotate", "mask", "drop"] | Weighted | Masked
Choices = dict[str, Choice | dict[str, Any]]
"""The table as it stands in a recipe: `"stage.mark" = choice`, or tables of a stage's marks."""
_CHOICE: TypeAdapter[Choice] = TypeAdapter(Choice)
_LEAVES = ({"weight"}, {"mask"})


def compiled(stages: Sequence[Stage], table: Any, where: str) -> list[Stage]:
    """The stages with those that carry out the policy; raises `RecipeError` for keys and choices that mean nothing."""
    if not isinstance(table, Mapping):
        raise RecipeError(f'{where}: policy: a table, not {table!r}: write "stage.mark" = "drop" below [policy]')
    chosen = {key: _choice(key, value, where) for key, value in _flat(table).items()}
    names = {stage.name: stage for stage in stages}
    mine: dict[str, dict[str, Choice]] = {}
    for key, choice in chosen.items():
        stage, _, mark = key.partition(".")
        if stage in names and not mark:
            raise RecipeError(f"{where}: policy: {key!r}: a band or rule of {stage!r} is missing: {stage}.…")
        if stage not in names:
            raise RecipeError(f"{where}: policy: {key!r}: no such stage{nearest(stage, names)}")
        mine.setdefault(stage, {})[mark] = choice
    return [made for stage in stages for made in _carried_out(stage, mine.get(stage.name), where)]


def guarded(bands: Any, stages: Sequence[Stage]) -> Any:
    """The table `[guard]` in which a stage's band also holds what drops in its place."""
    names = {stage.of: stage.name for stage in stages if isinstance(stage, Policy)}
    if not isinstance(bands, Mapping):
        return bands
    return {**{names[name]: band for name, band in bands.items() if name in names}, **bands}


def refuse_stale_spans(stages: Sequence[Stage]) -> None:
    """Raise `ValueError` where texts are edited between a stage that tells spans and the one that masks them."""
    for place, stage in enumerate(stages):
        if not isinstance(stage, Mask):
            continue
        names = [one.name for one in stages[:place]]
        between = stages[names.index(stage.of) + 1 : place] if stage.of in names else ()
        for one in between:
            if isinstance(one, Rewrite) or (isinstance(one, Barrier) and one.cuts):
                raise ValueError(
                    f"stage {stage.name!r} masks what {stage.of!r} found, but {one.name!r} edits in between"
                )


def _flat(table: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """`{"a.b": c}` of `{"a": {"b": c}}`."""
    found: dict[str, Any] = {}
    for key, value in table.items():
        inner = isinstance(value, Mapping) and value.keys() not in _LEAVES
        found |= _flat(value, f"{above}{key}.") if inner else {f"{above}{key}": value}
    return found


def _choice(key: str, value: Any, where: str) -> Choice:
    try:
        return _CHOICE.validate_python(value)
    except ValidationError:
        known = 'write "keep", "annotate", "mask", "drop", { weight = … } up to 1, or { mask = "…" }'
        raise RecipeError(f"{where}: policy: {key!r} = {value!r}: {known}") from None


def _carried_out(stage: Stage, choices: Mapping[str, Choice] | None, where: str) -> list[Stage]:
    """A stage, and what carries out its part of the policy."""
    if not choices:
        return [stage]
    if not isinstance(stage, Filter):
        raise RecipeError(f"{where}: policy: {stage.name!r} is a {stage.kind}: only filters mark documents")
    named = list(_named(stage, choices, where))
    actions = (*named, *(_unnamed(stage, named) if stage.act == "drop" else ()))
    fields = {key: getattr(stage, key) for key in type(stage).model_fields}
    flags = type(stage).model_validate({**fields, "act": "flag"})
    act: Literal["drop", "flag"] = "drop" if any(action.do == "drop" for action in actions) else "flag"
    policy = Policy(name=f"policy_{stage.name}", of=stage.name, actions=actions, act=act)
    masked = {mark: choice for mark, choice in choices.items() if choice == "mask" or isinstance(choice, Masked)}
    return [flags, policy, *([_masking(stage, policy.name, masked, where)] if masked else [])]


def _masking(stage: Filter, policy: str, choices: Mapping[str, Choice], where: str) -> Mask:
    """The rewrite: of spans that bear the marks' names where the stage names its spans so, else of all.

    A stage says what its spans may be called by a class attribute `tells_spans`; anything true will do. `spans_of` says
    for marks by which no span is called what theirs are called.
    """
    fillings = {choice.mask if isinstance(choice, Masked) else "" for choice in choices.values()}
    if len(fillings) > 1:
        raise RecipeError(f"{where}: policy: {stage.name!r} has two placeholders, but a stage's spans have one")
    tells = getattr(type(stage), "tells_spans", ())
    if not tells:
        raise RecipeError(f"{where}: policy: {stage.name!r} tells no spans, so that nothing of its can be masked")
    labels: tuple[str, ...] = ()
    if isinstance(tells, tuple):
        of = {**{label: (label,) for label in tells}, **getattr(type(stage), "spans_of", {})}
        for mark in choices:
            if mark.partition(".")[0] not in of:
                raise RecipeError(f"{where}: policy: {stage.name}.{mark}: tells no spans to mask{nearest(mark, of)}")
        labels = tuple(sorted({label for mark in choices for label in of[mark.partition(".")[0]]}))
    return Mask(name=f"mask_{stage.name}", of=stage.name, where=policy, labels=labels, placeholder=fillings.pop())


def _named(stage: Filter, choices: Mapping[str, Choice], where: str) -> Iterable[Action]:
    """The actions that the table names, in the order of the stage's bands and rules."""
    marks = marks_of(stage)
    for mark, choice in choices.items():
        if mark not in marks:
            unset = isinstance(getattr(stage, mark.partition(".")[0], None), (Range, OneOf))
            why = "bounds nothing: give it a bound" if unset else f"no such band or rule{nearest(mark, marks)}"
            raise RecipeError(f"{where}: policy: {stage.name}.{mark}: {why}")
        if choice == "drop" and "drop" not in get_args(type(stage).model_fields["act"].annotation):
            raise RecipeError(f"{where}: policy: {stage.name}.{mark}: {stage.name!r} only flags: it can never drop")
    for mark, rules in marks.items():
        if mark in choices:
            yield _action(mark, choices[mark], rules)


def _action(mark: str, choice: Choice, rules: tuple[int, ...]) -> Action:
    if isinstance(choice, Weighted):
        return Action(on=mark, do="weight", weight=choice.weight, rules=rules)
    return Action(on=mark, do="mask" if isinstance(choice, Masked) else choice, rules=rules)


def _unnamed(stage: Filter, actions: Sequence[Action]) -> list[Action]:
    """What the stage drops besides."""
    named, marks = {rule for action in actions for rule in action.rules}, {action.on for action in actions}
    rest = [(n, rule.reason) for n, rule in _bounding(stage) if n not in named and rule.reason not in marks]
    return [Action(on=reason, do="drop", rules=(number,)) for number, reason in rest]


def marks_of(stage: Filter) -> dict[str, tuple[int, ...]]:
    """What a policy may name of a stage: its bands, the worst first, its rules, and signals with rules → the rules.

    A stage says what its signal `band` may be by a class attribute `levels`, the mildest first.
    """
    bands: dict[str, tuple[int, ...]] = dict.fromkeys(reversed(getattr(type(stage), "levels", ())), ())
    rules = _bounding(stage)
    found: dict[str, tuple[int, ...]] = {rule.reason: (number,) for number, rule in rules}
    found |= {rule.signal: tuple(n for n, one in rules if one.signal == rule.signal) for _, rule in rules}
    return {**bands, **{mark: numbers for mark, numbers in found.items() if mark not in bands}}


def _bounding(stage: Filter) -> list[tuple[int, Rule]]:
    """The rules that bound something, by number, or may once the pilot has spoken."""
    return [(n, rule) for n, rule in enumerate(stage.rules) if stage.asks_pilot or rule.limit not in (None, [])]
