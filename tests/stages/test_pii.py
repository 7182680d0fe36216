"""Personal data taken out of texts; what only looks like it stays."""

import random
from importlib.util import find_spec

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate import Options, run
from curate.arrays import buffers
from curate.errors import AssetError, CurateError
from curate.personal.found import LABELS, Finder
from curate.personal.national import COUNTRIES
from curate.stages.pii import Pii
from curate.testing import batch, edit
from tests.conftest import build, document, write_jsonl
from tests.ops.kernel_texts import texts

ANYTHING = Pii()


@pytest.mark.parametrize(
    ("text", "left"),
    [
        # e-mail
        ("Write to ann.lee+news@mail.shop.org.", "Write to <EMAIL>."),
        ("mailto:J_Doe@uni-x.ac.uk?subject=a", "mailto:<EMAIL>?subject=a"),
        ("(o'brien@firm.ie), 'x@firm.ie'", "(<EMAIL>), '<EMAIL>'"),
        ("메일은kim@naver.com으로", "메일은<EMAIL>으로"),
        ("a@b.co,c@d.co;e@f.co", "<EMAIL>,<EMAIL>;<EMAIL>"),
        # public IP
        ("from 74.34.59.240 at noon", "from <IP> at noon"),
        ("http://74.34.59.240:8080/x", "http://<IP>:8080/x"),
        ("host 2a00:1450:4001:81b::200e.", "host <IP>."),
        ("[2607:f8b0:4005:80a:0:0:0:200e]:443", "[<IP>]:443"),
        # phone
        ("Tel: +44 20 7946 0018, or", "Tel: <PHONE>, or"),
        ("+41 (0)44 668 18 00", "<PHONE>"),
        ("0044 20 7946 0018", "<PHONE>"),
        ("call (305) 555-1234 ext. 12 now", "call <PHONE> now"),
        ("305-555-1234", "<PHONE>"),
        ("1.305.555.1234", "<PHONE>"),
        ("010-1234-5678 또는 02-123-4567", "<PHONE> 또는 <PHONE>"),
        ("06 12 34 56 79", "<PHONE>"),
        ("020 7946 0018", "<PHONE>"),
        ("Phone: 481 7531", "Phone: <PHONE>"),
        ("手机13812345678", "手机<PHONE>"),
        ("9761 9808 mobile", "<PHONE> mobile"),
        # accounts
        ("IBAN GB82 WEST 1234 5698 7654 32 please", "IBAN <IBAN> please"),
        ("de89370400440532013000", "<IBAN>"),
        ("5506 7373 2620 0784", "<CREDIT_CARD>"),
        ("5506-7373-2620-0784.", "<CREDIT_CARD>."),
        ("card 374883521588522", "card <CREDIT_CARD>"),
        ("my cc 4563824065059", "my cc <CREDIT_CARD>"),
        # identity numbers
        ("900101-1234568", "<NATIONAL_ID>"),
        ("주민등록번호 9001011234568", "주민등록번호 <NATIONAL_ID>"),
        ("SSN: 536-32-3065", "SSN: <NATIONAL_ID>"),
        ("social security number is 536323065", "social security number is <NATIONAL_ID>"),
        ("DNI 12345678Z, NIE X1234567L", "DNI <NATIONAL_ID>, NIE <NATIONAL_ID>"),
        ("1 80 12 69 552 223 80", "<NATIONAL_ID>"),
        ("RSSMRA85T10A562S", "<NATIONAL_ID>"),
        ("390.533.447-05", "<NATIONAL_ID>"),
        ("11010519491231002X", "<NATIONAL_ID>"),
        ("Aadhaar 2341 2341 2346", "Aadhaar <NATIONAL_ID>"),
        ("PESEL 44051401359", "PESEL <NATIONAL_ID>"),
        ("131052-308T", "<NATIONAL_ID>"),
        ("AB123456C", "<NATIONAL_ID>"),
        ("811218-9876", "<NATIONAL_ID>"),
        ("756.9217.0769.85", "<NATIONAL_ID>"),
        ("S1234567D", "<NATIONAL_ID>"),
        ("A123456(3)", "<NATIONAL_ID>"),
        # secrets and wallets
        ("token ghp_" + "a1B2c3D4e5" * 4, "token <API_KEY>"),
        ("AWS AKIAQWERTYUIOP234567 in", "AWS <API_KEY> in"),
        ("key=AIza" + "SyA1b2C3d4" * 3 + "E5f6_", "key=<API_KEY>"),
        (
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
            "<API_KEY>",
        ),
        (
            "a\n-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA1234\n-----END RSA PRIVATE KEY-----\nb",
            "a\n<PRIVATE_KEY>\nb",
        ),
        ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "<WALLET>"),
        ("bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", "<WALLET>"),
        ("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "<WALLET>"),
        ("wallet 0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", "wallet <WALLET>"),
    ],
)
def test_what_is_found_gives_way_to_its_type(text, left):
    assert edit(ANYTHING, text) == left


@pytest.mark.parametrize(
    "text",
    [
        "version 10.0.19041.1 and Chrome/114.0.5735.199, v2.16.840.1, section 192.168.45.12",
        "1.2.3.4 and 4.19.2.11 are headings; 10.1.2.3, 192.168.0.1, 127.0.0.1, 203.0.113.9 are nobody's",
        "8.8.8.8 answers, 999.1.2.3 does not, 1.2.3.4.5 is an object id, 256.300.1.1 too",
        "ISBN 978-0-306-40615-7, ISBN 0-306-40615-2, ISBN 9780306406157, ISSN 2049-3630",
        "2005-10-08 22:58:39, 08.10.2005 22.58, 10/08/2005, 20051008225839, 1970-01-01T00:00:00Z",
        "from 1914-1918 to 1939-1945, in 1990 2000 2010 2020",
        "lat 37.7749 lon -122.4194, 48.858222, 2.294500; 40°26'46\"N",
        "order 123456789, invoice 2023-000123, ticket 00012345678, item 5901234123457, SKU 12-3456-78",
        "$1,234,567.89 or 12 345 678 €, 3.141592653589793, 0.1234567890, 1e-1234567",
        "the years 01 02 03 04 05 06, lotto 04 11 18 25 32 39",
        "unix time 1700000000 and 1700000000000 ms, block 0000000000000000000123",
        "std::vector<int>::size_type, a::b, Foo::Bar::baz, 12:34:56, aa:bb:cc:dd:ee:ff, fe80::1, 2001:db8::1",
        "logo@2x.png, @handle, user@host, pkg@1.2.3, a@b, info@example.com, git@forge.org:me/x.git",
        "commit 3f786850e387550fdab836ed7e6dc881de23001b sha256:" + "ab" * 32,
        "uuid 123e4567-e89b-12d3-a456-426614174000, DOI 10.1000/182, arXiv 2306.01116",
        "4111 1111 1111 1112 fails Luhn, and 1234567890123456 has no issuer",
        "555-0123 and (305) 555-0123 are for films",
        "flight KE1234, model AB12CD34EF56, part 766-20014, RFC 5321, ISO 13616-1",
        "9999-9999, 100000-200000, 3-4-5, 7.5.2, pp. 1234-1256",
        "0x0000000000000000000000000000000000000000 0xdeadbeef",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        "ghp_" + "x" * 36,
        "1600 Pennsylvania Ave NW, DC 20500-0003",
        "the phone has 1234567 users, a fax machine costs 1 299 000 won, tel aviv 2019-05-21, call me in 2010-2015",
        "Psalm 119:105, 2 Samuel 12:1-15; scores 21-15 18-21 21-19",
        "",
        "가나다 漢字 😀",
    ],
)
def test_what_only_looks_like_personal_data_stays(text):
    assert edit(ANYTHING, text) == text


def test_counts_by_type_are_signals():
    edited = Pii().rewrite(batch("a@b.org and c@d.org, +44 20 7946 0018", "nothing", ""))

    assert {name: list(map(int, counts)) for name, counts in edited.signals.items() if sum(counts)} == {
        "email": [2, 0, 0],
        "phone": [1, 0, 0],
        "total": [3, 0, 0],
    }


def test_only_what_is_asked_for_is_looked_for():
    text = "a@b.org 74.34.59.240 +44 20 7946 0018 900101-1234568 131052-308T"

    assert edit(Pii(types=("ip", "email")), text) == "<EMAIL> <IP> +44 20 7946 0018 900101-1234568 131052-308T"
    assert edit(Pii(types=("national_id",), countries=("fi",)), text).endswith("900101-1234568 <NATIONAL_ID>")


def test_placeholders_take_any_form():
    assert edit(Pii(placeholder="[{type} removed]"), "x a@b.org y") == "x [EMAIL removed] y"
    assert edit(Pii(placeholder=""), "x a@b.org y") == "x  y"


PERSONAL = (
    "ann@mail.org 74.34.59.240 2a00:1450:4001:81b::200e +44 20 7946 0018 305-555-1234 GB82WEST12345698765432"
    " DE89370400440532013000 5506 7373 2620 0784 374883521588522 900101-1234568 12345678Z"
    " 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa AKIAQWERTYUIOP234567"
)


@pytest.fixture
def secret(tmp_path):
    path = tmp_path / "secret"
    path.write_bytes(b"some random bytes")
    return path


def test_one_value_has_one_pseudonym_however_it_is_spelled(secret):
    stage = Pii(replace="pseudonym", secret=secret)

    one, two, other = edit(stage, "Ann@Mail.org ann@mail.org bob@mail.org").split()

    assert one == two != other
    assert one.partition("@")[2] in ("example.org", "example.com", "example.net")
    assert len(set(edit(stage, "+44 20 7946 0018, +442079460018").split(", "))) == 1


def test_pseudonyms_are_nobody_s_and_change_no_more(secret):
    stage = Pii(replace="pseudonym", secret=secret)

    made = edit(stage, PERSONAL)

    assert made != PERSONAL
    assert not set(made.split()) & set(PERSONAL.split())
    assert edit(stage, made) == made
    assert edit(Pii(), made) == made


def test_pseudonyms_follow_from_the_secret(secret, tmp_path):
    (tmp_path / "other").write_bytes(b"other random bytes")

    first, again, other = (
        edit(Pii(replace="pseudonym", secret=path), PERSONAL) for path in (secret, secret, tmp_path / "other")
    )

    assert first == again != other


@pytest.mark.parametrize("short", [b"", b"fifteen bytes.."])
def test_a_secret_that_can_be_tried_out_is_refused(tmp_path, short):
    (tmp_path / "short").write_bytes(short)

    with pytest.raises(AssetError, match="16 bytes at least"):
        Pii(replace="pseudonym", secret=tmp_path / "short").prepare()


@pytest.mark.parametrize("text", ["tel 622-555-0128", "phone: (622) 555-0128", "call 1 622 555 0128 x12"])
def test_numbers_that_nobody_has_stay_whatever_announces_them(text):
    assert edit(Pii(), text) == text


@pytest.mark.parametrize("word", ["server", "driver of", "stable", "rebuild", "whatever", "updates"])
def test_an_address_behind_a_word_that_ends_like_one_of_versions_is_found(word):
    assert edit(Pii(), f"the {word} 93.184.216.35 is up") == f"the {word} <IP> is up"
    assert edit(Pii(), "version 93.184.216.35 is out") == "version 93.184.216.35 is out"


def test_pseudonyms_without_a_secret_are_refused(tmp_path):
    source = write_jsonl(tmp_path / "in.jsonl", [document(1)])

    with pytest.raises(AssetError, match=r"pii\.secret: pseudonyms need one"):
        run(build({"use": "pii", "replace": "pseudonym"}), [source], tmp_path / "out", options=Options(workers=1))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"types": ["e-mail"]}, "types"),
        ({"types": []}, "types"),
        ({"replace": "hash"}, "replace"),
    ],
)
def test_fields_that_mean_nothing_are_refused(fields, message):
    with pytest.raises(CurateError, match=message):
        build({"use": "pii", **fields})


def test_presidio_is_asked_where_it_is_installed_and_named_where_it_is_not():
    stage = Pii(backend="presidio")

    if find_spec("presidio_analyzer") is None:
        with pytest.raises(AssetError, match=r"pip install 'sluice-corpus\[pii\]'"):
            stage.prepare()
        return
    text = "가 ann@mail.org, card 5506 7373 2620 0784, IBAN GB82WEST12345698765432, 가"
    assert edit(stage, text) == "가 <EMAIL>, card <CREDIT_CARD>, IBAN <IBAN>, 가"


def test_the_backend_is_part_of_the_identity():
    assert Pii(backend="presidio").identity()["packages"].keys() == {
        "phonenumbers",
        "presidio-analyzer",
        "spacy",
        "tldextract",
    }
    assert Pii().identity()["packages"] == {}


def test_a_state_whose_numbers_are_not_known_is_told():
    with pytest.raises(AssetError, match="no numbers of 'xx'"):
        Pii(countries=("xx",)).prepare()


@given(st.lists(st.sampled_from([*PERSONAL.split(), "and", "\n", "a", "-", ".", "(", "1", "+"]) | texts, max_size=12))
def test_all_but_what_was_found_stays_byte_by_byte(parts):
    text = " ".join(parts)
    raw, last, left = text.encode(), 0, b""
    for one in Finder(LABELS, COUNTRIES).find(*buffers(pa.array([text]))):
        assert last <= one.start < one.stop <= len(raw)
        left, last = left + raw[last : one.start], one.stop

    assert edit(Pii(placeholder=""), text) == (left + raw[last:]).decode()


def test_a_run_counts_what_was_taken_out(tmp_path):
    rng = random.Random(1)
    rows = [
        document(i) + (f"\nMail p{i}@mail.org or 305-555-{rng.randint(2000, 9999)}." if i % 2 else "")
        for i in range(40)
    ]
    source = write_jsonl(tmp_path / "in.jsonl", rows)

    report = run(build({"use": "pii"}), [source], tmp_path / "out", options=Options(workers=1)).report

    book = report.stages[-1]
    assert book.kind == "rewrite"
    assert book.rewritten.bytes == sum(len(row) for row in rows) - book.out.bytes > 0
    assert book.out.documents == 40


def test_texts_full_of_traces_are_read_like_others():
    """As many candidates as bytes allow: the same answer as for the parts by themselves."""
    parts = [
        "a@b.cd ",
        "1.1.1.1 ",
        "0 " * 50,
        "::" * 20,
        "-----BEGIN PRIVATE KEY-----",
        "GB12",
        "1a2b3c4d5e6f7" * 3,
        "(" * 9,
        "+1 " * 9,
    ]
    text = "".join(part * 400 for part in parts)

    assert edit(ANYTHING, text).count("<EMAIL>") == 400


def test_nulls_stay_empty():
    rows = batch("a@b.org", "x").set_column(5, "text", pa.array([None, "a@b.org"], pa.string()))

    assert Pii().rewrite(rows).text.to_pylist() in ([None, "<EMAIL>"], ["", "<EMAIL>"])
