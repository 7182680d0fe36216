"""Identity numbers: specimens that issuers and manuals print, and what becomes of them with a digit changed."""

import pytest

from curate.personal import national_checks as checks
from curate.personal.national import COUNTRIES, IDENTITIES

SPECIMENS = {
    "korean": ["9001011234568"],
    "american": ["536323065", "912705678"],
    "spanish": ["12345678Z", "X1234567L", "Z8078221M"],
    "french": ["180126955222380", "255081416802538"],
    "italian": ["RSSMRA85T10A562S", "MRTMTT91D08F205J"],
    "brazilian": ["11144477735", "39053344705"],
    "brazilian_firm": ["11444777000161", "11222333000181"],
    "chinese": ["11010519491231002X", "440524188001010014"],
    "indian": ["234123412346", "999941057058"],
    "dutch": ["111222333", "123456782"],
    "polish": ["44051401359", "02070803628"],
    "finnish": ["131052308T", "311280888Y", "131052A308T"],
    "british": ["AB123456C"],
    "british_health": ["9434765919", "4010232137"],
    "swedish": ["8112189876", "198112189876", "6408233234"],
    "norwegian": ["15076500565"],
    "icelandic": ["1201743399", "0902862349"],
    "czech": ["7401040020", "7103192745"],
    "belgian": ["85073003328", "93051822361"],
    "german": ["86095742719", "47036892816", "65929970489"],
    "austrian": ["1237010180"],
    "swiss": ["7569217076985", "7561234567897"],
    "portuguese": ["123456789", "501442600"],
    "romanian": ["1800101221144", "1630615123457"],
    "bulgarian": ["7523169263", "8032056031"],
    "croatian": ["33392005961", "69435151530"],
    "baltic": ["37605030299", "33309240064", "38703181745"],
    "russian": ["11223344595", "08765430300"],
    "turkish": ["10000000146", "17291716060"],
    "israeli": ["000000018", "039337423"],
    "south_african": ["8001015009087", "7503305044089"],
    "canadian": ["123456782", "130692544"],
    "mexican": ["BOXW310820HNERXN09", "HEGG560427MVZRRL04"],
    "chilean": ["123456785", "760864285"],
    "argentine": ["20055361682", "20267565393"],
    "australian": ["123456782", "876543210"],
    "japanese": ["123456789018"],
    "taiwanese": ["A123456789", "A223456781"],
    "hong_kong": ["A1234563", "AB9876543", "C6686689"],
    "singaporean": ["S1234567D", "F1234567N", "T0123456G"],
    "thai": ["3100600445635"],
    "irish": ["6433435F", "6433435OA", "1234567T", "1234567FA"],
}
WITHOUT_CHECK = {"american", "british", "danish"}
"""Numbers that only rules of issue tell."""


@pytest.mark.parametrize(("name", "number"), [(name, one) for name, known in SPECIMENS.items() for one in known])
def test_printed_specimens_pass(name, number):
    assert getattr(checks, name)(number)


@pytest.mark.parametrize(
    ("name", "number"), [(name, one) for name, known in SPECIMENS.items() if name not in WITHOUT_CHECK for one in known]
)
def test_a_changed_digit_hardly_ever_passes(name, number):
    changed = [
        number[:i] + digit + number[i + 1 :]
        for i, sign in enumerate(number)
        if sign.isdigit()
        for digit in "0123456789"
        if digit != sign
    ]

    assert sum(getattr(checks, name)(one) for one in changed) <= len(changed) / 8


def test_every_check_but_those_by_date_alone_has_a_specimen():
    used = {identity.valid.__name__ for identity in IDENTITIES} - {"bool", "korean_date", "danish"}

    assert used == SPECIMENS.keys()
    assert len(COUNTRIES) == 41


@pytest.mark.parametrize(
    "number", ["000123456", "666123456", "900123456", "123006789", "123450000", "078051120", "912445678"]
)
def test_social_security_numbers_that_are_never_given_out_do_not_pass(number):
    assert not checks.american(number)


def test_korean_numbers_of_late_births_need_no_check_digit():
    assert checks.korean("2011113000000")
    assert not checks.korean("1911113000000")
    assert not checks.korean("9013011234568")


@pytest.mark.parametrize("number", ["BG123456C", "DA123456A", "AO123456A"])
def test_insurance_numbers_of_prefixes_that_are_never_given_out_do_not_pass(number):
    assert not checks.british(number)
