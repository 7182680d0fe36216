"""Identity numbers of states: shape, date, check digits and, where those are too weak, a word that names them.

A number is *told by its form* where a random one of its shape passes in about one of a thousand cases, or the shape
itself is rare in text; the others count only beside a word such as `pesel`. Sources: the issuers' specifications as
collected by the OECD ("Tax identification numbers") and, for each, in the comment beside it.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from curate.ops.traces import NUMBER, TOKEN
from curate.personal import national_checks as checks
from curate.personal.recogniser import CLOSED, OPEN, Match, Recogniser, Span, signs_of, told, words

_ANY = words(
    "id number", "identity number", "identification number", "national id", "tax id", "tax number", "id card",
    "identity card", "id no", "passport",
)  # fmt: skip
"""Words that announce a number of any state."""


class Identity(NamedTuple):
    """One state's number in one form."""

    country: str
    """ISO 3166, lower case."""
    pattern: bytes
    """As it is written, without borders."""
    valid: Callable[[str], bool]
    """Of its digits and capital letters."""
    names: tuple[str, ...] = ()
    """Words of which one must stand before it; none where its form tells it."""
    trace: int = NUMBER
    least: int = 9
    """Digits of the shortest."""


IDENTITIES = (
    # Resident registration number: birth date, century and sex, and until October 2020 a check digit.
    Identity("kr", rb"[0-9]{6}-[1-8][0-9]{6}", checks.korean),
    Identity(
        "kr", rb"[0-9]{6}[ \-]{0,3}[1-8][0-9]{6}", checks.korean_date, ("주민등록번호", "주민번호", "외국인등록번호")
    ),
    # Social Security number (SSA's rules since 2011), and the taxpayer number that begins with 9 (IRS).
    Identity("us", rb"[0-9]{3}-[0-9]{2}-[0-9]{4}", checks.american),
    Identity("us", rb"[0-9]{3}[ ]?[0-9]{2}[ ]?[0-9]{4}", checks.american, ("ssn", "social security", "itin", "ss#")),
    Identity("es", rb"[0-9]{8}-?[A-Za-z]", checks.spanish, trace=TOKEN),  # documento nacional de identidad
    Identity("es", rb"[0-9]{2}\.[0-9]{3}\.[0-9]{3}[ \-]?[A-Za-z]", checks.spanish),
    Identity("es", rb"[XYZxyz]-?[0-9]{7}-?[A-Za-z]", checks.spanish, trace=TOKEN),  # … de extranjero
    Identity("fr", rb"[1278] ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}", checks.french),  # INSEE
    Identity("fr", rb"[1278][0-9]{4}2[ABab][0-9]{8}", checks.french, trace=TOKEN),
    Identity("it", rb"[A-Za-z]{6}[0-9]{2}[A-Za-z][0-9]{2}[A-Za-z][0-9]{3}[A-Za-z]", checks.italian, trace=TOKEN),
    Identity("br", rb"[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}", checks.brazilian),  # CPF
    Identity("br", rb"[0-9]{11}", checks.brazilian, ("cpf",)),
    Identity("br", rb"[0-9]{2}\.[0-9]{3}\.[0-9]{3}/[0-9]{4}-[0-9]{2}", checks.brazilian_firm),  # CNPJ
    Identity("cn", rb"[1-8][0-9]{16}[0-9]", checks.chinese),  # GB 11643-1999
    Identity("cn", rb"[1-8][0-9]{16}[Xx]", checks.chinese, trace=TOKEN),
    Identity("in", rb"[2-9][0-9]{3}([ \-])[0-9]{4}\1[0-9]{4}", checks.indian, ("aadhaar", "aadhar", "uidai", "आधार")),
    Identity("in", rb"[2-9][0-9]{11}", checks.indian, ("aadhaar", "aadhar", "uidai", "आधार")),
    Identity("in", rb"[A-Za-z]{3}[ABCFGHLJPTabcfghljpt][A-Za-z][0-9]{4}[A-Za-z]", bool, ("pan",), TOKEN),
    Identity("nl", rb"[0-9]{9}|[0-9]{4}\.[0-9]{2}\.[0-9]{3}", checks.dutch, ("bsn", "burgerservicenummer", "sofinr")),
    Identity("pl", rb"[0-9]{11}", checks.polish, ("pesel",)),
    Identity("fi", rb"[0-9]{6}[\-A-FU-Ya-fu-y][0-9]{3}[0-9A-Ya-y]", checks.finnish, trace=TOKEN),  # henkilötunnus
    Identity("gb", rb"[A-Za-z]{2} ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-Da-d]", checks.british, trace=TOKEN),  # NINO
    Identity("gb", rb"[0-9]{3}[ \-]?[0-9]{3}[ \-]?[0-9]{4}", checks.british_health, ("nhs",)),
    Identity("se", rb"(?:[0-9]{2})?[0-9]{6}[\-+][0-9]{4}", checks.swedish),  # personnummer
    Identity("dk", rb"[0-9]{6}-?[0-9]{4}", checks.danish, ("cpr", "cpr-nr", "personnummer")),
    Identity("no", rb"[0-9]{6} ?[0-9]{5}", checks.norwegian),  # fødselsnummer
    Identity("is", rb"[0-9]{6}-[0-9]{4}", checks.icelandic),  # kennitala
    Identity("cz", rb"[0-9]{6}/[0-9]{4}", checks.czech),  # rodné číslo, of Slovakia too
    Identity("be", rb"[0-9]{2}\.[0-9]{2}\.[0-9]{2}-[0-9]{3}\.[0-9]{2}", checks.belgian),  # rijksregisternummer
    Identity("de", rb"[1-9][0-9] ?[0-9]{3} ?[0-9]{3} ?[0-9]{3}", checks.german,
             ("steuer-id", "steueridentifikationsnummer", "steuerliche identifikationsnummer", "idnr", "steuer-idnr")),
    Identity("at", rb"[1-9][0-9]{3} ?[0-9]{6}", checks.austrian, ("svnr", "sozialversicherungsnummer", "svn", "sv-nr")),
    Identity("ch", rb"756\.?[0-9]{4}\.?[0-9]{4}\.?[0-9]{2}", checks.swiss),  # AHV number
    Identity("pt", rb"[0-9]{9}|[0-9]{3} [0-9]{3} [0-9]{3}", checks.portuguese, ("nif", "contribuinte")),
    Identity("ro", rb"[1-8][0-9]{12}", checks.romanian, ("cnp", "cod numeric personal")),
    Identity("bg", rb"[0-9]{10}", checks.bulgarian, ("egn", "егн")),
    Identity("hr", rb"[0-9]{11}", checks.croatian, ("oib",)),
    Identity("ee", rb"[1-8][0-9]{10}", checks.baltic, ("isikukood", "asmens kodas", "id-kood")),  # of Lithuania too
    Identity("ru", rb"[0-9]{3}-[0-9]{3}-[0-9]{3}[ \-][0-9]{2}", checks.russian),  # СНИЛС
    Identity("tr", rb"[1-9][0-9]{10}", checks.turkish, ("tc", "t.c.", "tckn", "kimlik", "tc kimlik no")),
    Identity("il", rb"[0-9]{9}", checks.israeli, ("teudat zehut", "ת.ז", "תעודת זהות", "t.z.")),
    Identity("za", rb"[0-9]{6} ?[0-9]{4} ?[0-9]{2} ?[0-9]", checks.south_african, ("id", "identity", "sa id")),
    Identity("ca", rb"[0-9]{3}([ \-]?)[0-9]{3}\1[0-9]{3}", checks.canadian, ("sin", "social insurance", "nas")),
    Identity("mx", rb"[A-Za-z]{4}[0-9]{6}[HMXhmx][A-Za-z]{5}[0-9A-Za-z][0-9]", checks.mexican, trace=TOKEN),  # CURP
    Identity("cl", rb"[0-9]{1,2}\.[0-9]{3}\.[0-9]{3}-[0-9Kk]", checks.chilean, least=7),  # RUT
    Identity("ar", rb"(?:20|2[3-7]|30|33|34)-[0-9]{8}-[0-9]", checks.argentine),  # CUIT, CUIL
    Identity("au", rb"[0-9]{3} ?[0-9]{3} ?[0-9]{3}", checks.australian, ("tfn", "tax file number")),
    Identity("jp", rb"[0-9]{4}([ \-]?)[0-9]{4}\1[0-9]{4}", checks.japanese, ("マイナンバー", "個人番号", "my number")),
    Identity("tw", rb"[A-Za-z][1289][0-9]{8}", checks.taiwanese, ("身分證", "身份證", "統一編號"), TOKEN),
    Identity("hk", rb"[A-Za-z]{1,2}[0-9]{6}\([0-9Aa]\)", checks.hong_kong, trace=TOKEN),
    Identity("sg", rb"[STFGMstfgm][0-9]{7}[A-Za-z]", checks.singaporean, trace=TOKEN),  # NRIC, FIN
    Identity("th", rb"[1-8]([ \-])[0-9]{4}\1[0-9]{5}\1[0-9]{2}\1[0-9]", checks.thai),
    Identity("th", rb"[1-8][0-9]{12}", checks.thai, ("บัตรประชาชน", "ประจำตัวประชาชน", "thai id")),
    Identity("ie", rb"[0-9]{7}[A-Wa-w][A-IWa-iw]?", checks.irish, ("pps", "ppsn", "pps number"), TOKEN),
)  # fmt: skip
COUNTRIES = tuple(sorted({identity.country for identity in IDENTITIES}))
"""States whose numbers are known."""
AFTER = 6
"""Bytes behind a trace that a number may need: a letter, a digit in parentheses."""


def recogniser(identity: Identity) -> Recogniser:
    """The recogniser of one form."""
    names = words(*identity.names) if identity.names else None

    def check(match: Match) -> Span | None:
        if names is not None and not (told(match, names) or told(match, _ANY)):
            return None
        return match.span() if identity.valid(signs_of(match.group())) else None

    pattern = re.compile(OPEN + rb"(?:" + identity.pattern + rb")" + CLOSED)
    return Recogniser("national_id", identity.trace, pattern, check, AFTER, identity.least)


def recognisers(countries: tuple[str, ...]) -> tuple[Recogniser, ...]:
    """Those of some states."""
    return tuple(recogniser(identity) for identity in IDENTITIES if identity.country in countries)
