"""Telephone numbers: international ones by the calling codes of ITU-T E.164, national ones by their forms.

A national number is told by the form in which its country writes it (North America's 3-3-4, Europe's and Asia's leading
0); a form that other numbers have as well counts only beside a word such as `tel`.
"""

import re
from itertools import pairwise

from curate.ops.traces import NUMBER
from curate.personal.plans import PLANS
from curate.personal.recogniser import GAP, Match, Recogniser, Span, digits_of, words

CODES = frozenset(PLANS["calling_codes"])
SIZES: dict[str, list[int]] = PLANS["national_digits"]

WORDS = words(
    "tel", "tel.", "telephone", "phone", "phones", "ph", "mobile", "mob", "cell", "cellphone", "fax", "call", "calling",
    "dial", "whatsapp", "sms", "hotline", "helpline", "desk:", "office:", "reach me at", "reach us at", "telefon",
    "telefono", "teléfono", "téléphone", "telefone", "telefoon", "handy", "móvil", "movil", "celular", "tfno", "fon",
    "puhelin", "тел", "телефон", "факс", "τηλ", "전화", "휴대폰", "핸드폰", "연락처", "팩스", "문의", "điện thoại",
    "电话", "電話", "手机", "手機", "传真", "携帯", "โทร", "फ़ोन", "फोन", "मोबाइल", "هاتف", "جوال", "טלפון",
)  # fmt: skip
"""What announces a number."""
_BEHIND = re.compile(rb"[ \t\-(]{0,3}(?:office|mobile|fax|cell|home|phone)(?![a-z])")
"""What labels one behind it."""
WITHIN = 24
"""Bytes before a number in which such a word counts."""

_PAST = rb"(?![0-9A-Za-z_])(?![.,\-/][0-9])"
_START = rb"(?<![0-9A-Za-z_+#$\xa3\xac%=])(?<![0-9][.,\-/])(?<![0-9][ ][(])"
_EXTENSION = rb"(?:[ ,]{0,2}(?:[xX]|[eE]xt\.?|EXT\.?|[eE]xtension)[ .:]{0,2}[0-9]{1,6})?"

_GAPS = rb"(?:" + GAP + rb"|[()/]){0,3}"
_ABROAD = re.compile(
    rb"(?<![0-9A-Za-z_+])\(?(?:\+" + GAP + rb"?|00(?=[1-9][0-9]{0,2}[ \-(]))[1-9]\)?(?:" + _GAPS + rb"[0-9]){6,16}"
    + _EXTENSION + _PAST
)  # fmt: skip


def _abroad(match: Match) -> Span | None:
    """An assigned code and a number as long as that country's; groups behind it that are too many are no part of it."""
    text = match.group()
    plain = re.sub(rb"\(0\)", b"", text)
    number = re.split(rb"[xXeE]", plain)[0]
    digits = digits_of(number)
    digits = digits.removeprefix("00")
    code = next((digits[:size] for size in (1, 2, 3) if digits[:size] in CODES), None)
    if code is None:
        return None
    least, most = SIZES.get(code, (6, 14 - len(code)))
    national = digits[len(code) :]
    national = national if code in ("1", "39") else national.lstrip("0")
    if len(national) > most:
        return _shortened(match, len(national) - most, least)
    if len(national) < least or (code == "1" and _fictional(national)):
        return None
    return match.span()


def _shortened(match: Match, excess: int, least: int) -> Span | None:
    """The match without its last groups, if they hold exactly what is too much."""
    groups = list(re.finditer(rb"[0-9]+", match.group()))
    while groups and excess > 0:
        excess -= len(groups.pop().group())
    return (match.start(), match.start() + groups[-1].end()) if excess == 0 and len(groups) > 1 and least else None


def _american_digits(number: bytes) -> str:
    """The digits of a number, without its extension and the 1 of North America."""
    digits = digits_of(re.split(rb"[xXeE]", number)[0])
    return digits.removeprefix("1") if len(digits) == 11 else digits


def _fictional(national: str) -> bool:
    """555-0100 to 555-0199, which nobody has."""
    return len(national) == 10 and national[3:8] == "55501"


_AMERICAN = re.compile(
    _START + rb"(?:1[ .\-])?(?:\(([0-9]{3})\)[ \-.]?|([0-9]{3})([.\- ]))([0-9]{3})[.\- ]([0-9]{4})" + _EXTENSION + _PAST
)


def _american(match: Match) -> Span | None:
    """North America: area and exchange begin with 2 to 9. With spaces alone other numbers look the same."""
    area, exchange, line = match.group(1) or match.group(2), match.group(4), match.group(5)
    if exchange == b"555" and line[:2] == b"01":
        return None
    extended = len(match.group()) > match.end(5) - match.start()
    sound = area[0] > 49 and exchange[0] > 49 and area[1:] != b"11" and area[1:2] != b"9"
    spaced = match.group(3) == b" "
    if extended or (sound and not spaced) or (match.group(1) and not spaced):
        return match.span()
    return match.span() if announced(match) else None


_TRUNK = re.compile(
    _START + rb"(?:\((0[1-9][0-9]{0,3})\)|(0[1-9][0-9]{0,3}))((?:" + GAP + rb"|/)?)"
    rb"([0-9]{2,8})(?:(" + GAP + rb")([0-9]{2,4})(?:\5[0-9]{2,4}){0,3})?" + _EXTENSION + _PAST
)  # fmt: skip


def _trunk(match: Match) -> Span | None:
    """A leading 0 and 9 to 11 digits in the same spacing; neither a date nor a count, in 2 groups only if long."""
    number = match.group()
    groups = re.findall(rb"[0-9]+", number)
    size, gap = len(digits_of(number)), match.group(3)
    if announced(match):
        return match.span() if 8 <= size <= 12 and not _dated(groups) else None
    if not 9 <= size <= 11 or len(groups) == 1 or (len(groups) == 2 and (size == 9 or gap == b".")):
        return None
    same = match.group(5) in (None, gap) or match.group(1) or gap in (b"-", b"/", b"")
    return match.span() if same and gap and not _counted(groups) and not _dated(groups) else None


def _counted(groups: list[bytes]) -> bool:
    """01 02 03 04 05."""
    steps = pairwise(int(group) for group in groups)
    return all(len(group) == 2 for group in groups) and all(after - before == 1 for before, after in steps)


def _dated(groups: list[bytes]) -> bool:
    """A day and a month in either order, or a year before them."""
    sizes = [len(group) for group in groups[:3]]
    if sizes == [2, 2, 4]:
        return max(int(groups[0]), int(groups[1])) <= 31 and groups[2][:2] in (b"18", b"19", b"20", b"21")
    return sizes[:1] == [4] and groups[0][:2] in (b"18", b"19", b"20") and len(sizes) > 1 and sizes[1] == 2


_GROUPS = rb"(?:(?:" + GAP + rb"|/| ?\(|\) ?){1,2}[0-9]{2,6}){1,5}"
_ANY = re.compile(
    _START + rb"(?:1[ .\-])?(?:\([0-9]{1,5}\)|[0-9]{1,5})" + _GROUPS + _EXTENSION + _PAST
    + rb"|" + _START + rb"[0-9]{7,12}" + _EXTENSION + _PAST
)  # fmt: skip


def _any(match: Match) -> Span | None:
    """7 to 12 digits in any spacing, if a word says that they are a number to call."""
    number = match.group()
    size = len(digits_of(number[: match.end() - match.start()]))
    groups = re.findall(rb"[0-9]+", number)
    if not 6 < size < 19 or _dated(groups) or _years(groups) or _fictional(_american_digits(number)):
        return None
    if not announced(match):
        return None
    return match.span()


def _years(groups: list[bytes]) -> bool:
    return all(len(group) == 4 and (group[:1] == b"1" or group[:2] == b"20") for group in groups)


_LEADING = re.compile(
    rb"(?:"
    + WORDS.pattern
    + rb")(?:[^a-z0-9]|(?:numbers?|no|nr|is|at|on|us|me|to|or|the|office|toll|free|n)(?![a-z0-9]))*\Z"
)
"""Such a word, and nothing but small ones between it and the number."""


def announced(match: Match) -> bool:
    """Whether a word beside it says that it is a number to call."""
    before = bytes(match.string[max(0, match.start() - WITHIN) : match.start()]).lower()
    behind = bytes(match.string[match.end() : match.end() + 16]).lower()
    return _LEADING.search(before) is not None or _BEHIND.match(behind) is not None


RECOGNISERS = (
    Recogniser("phone", NUMBER, _ABROAD, _abroad, beyond=24, least=7),
    Recogniser("phone", NUMBER, _AMERICAN, _american, beyond=24, least=10),
    Recogniser("phone", NUMBER, _TRUNK, _trunk, beyond=24, least=8),
    Recogniser("phone", NUMBER, _ANY, _any, beyond=24, least=7),
)
