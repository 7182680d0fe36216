import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curate.reports.html import EXCERPT, report_html

ATTRIBUTES = {
    "aria-hidden", "aria-label", "charset", "class", "content", "cx", "cy", "dir", "height", "href", "http-equiv", "id", "lang",
    "name", "preserveaspectratio", "rel", "r", "role", "width", "x",
    "x1", "x2", "y", "y1", "y2",
}  # fmt: skip
TAGS = {
    "a", "b", "bdi", "body", "br", "circle", "code", "dd", "details", "div", "dl", "dt", "footer", "h1", "h2", "h3", "head",
    "header", "html", "i", "li", "line", "main", "meta", "nav", "p", "pre", "rect", "section", "small", "span", "style", "summary",
    "svg", "table", "tbody", "td", "th", "thead", "title", "tr", "ul",
}  # fmt: skip
VOID = {"meta", "br", "circle", "line", "rect"}
ATTACKS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "]]><svg onload=alert(1)>",
    "</pre></style></title><iframe src=//evil>",
    "{{ 7 * 7 }}{% include 'report.html' %}",
    "<!-- ",
    "&lt;b&gt;&#60;script&#62;",
    "\x00<\x00script>",
    "\u202e\u2066evil",
    "x" * 100_000,
    "\ud800",
    "한국어 👩‍💻 e\u0301",
]


pieces = st.one_of(
    st.sampled_from(
        ["<b", "<i ", ">", "/>", "</", "<!--", "-->", "]]>", '"', "'", "&lt", "&#60;", "=", "{{", "{%", "\n"]
    ),
    st.text(st.characters(codec=None, exclude_categories=()), max_size=4),
)


class Page(HTMLParser):
    """Every tag with its attributes' names, in order; fails where tags do not nest."""

    def __init__(self, page):
        super().__init__()
        self.shape, self.links, self.text, self.meta, self._open = [], [], [], {}, []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.shape.append((tag, *found))
        self.links += [found["href"]] if "href" in found else []
        self.meta |= {found["http-equiv"]: found["content"]} if "http-equiv" in found else {}
        self._open += [] if tag in VOID else [tag]

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self._open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def page_of(run):
    return report_html(run.report, run.manifest, run.samples)


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_name_or_text_adds_a_tag_or_an_attribute(run_with, attack):
    hostile, harmless = Page(page_of(run_with(attack))), Page(page_of(run_with("name")))

    assert hostile.shape == harmless.shape
    assert {tag for tag, *_ in hostile.shape} <= TAGS
    assert {name for _, *names in hostile.shape for name in names} <= ATTRIBUTES


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(word=st.lists(pieces).map("".join).map("x{}".format))
def test_no_text_at_all_changes_the_shape_of_the_page(run_with, word):
    assert Page(page_of(run_with(word))).shape == Page(page_of(run_with("name"))).shape


def test_the_policy_admits_the_style_sheet_by_its_hash_and_nothing_else(run_with):
    page = page_of(run_with(""))

    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert Page(page).meta == {
        "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    }
    assert not re.search(r"url\(|@import|style=", page)


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        " javascript:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "file:///etc/passwd",
        "//evil.example",
        "https://a\u202eb.example",
        "https:///no-host",
        "http://[",
        "https://a.example/" + "x" * 3_000,
    ],
)
def test_an_address_that_is_not_plainly_http_is_text(run_with, url):
    page = Page(page_of(run_with(url)))

    assert all(link.startswith("#") for link in page.links)


def test_an_http_address_is_a_link_that_tells_its_target_nothing(run_with):
    run = run_with("")
    samples = [{**run.samples[0], "url": 'https://example.org/?a=1&b="x"'}]

    page = report_html(run.report, run.manifest, samples)

    assert '<a href="https://example.org/?a=1&amp;b=&#34;x&#34;" rel="noreferrer nofollow noopener">' in page


@pytest.mark.parametrize("text", ["a" * 10_000, "<b>" * 5_000, "\x1b" * 1_000])
def test_an_excerpt_is_short(run_with, text):
    run = run_with("")

    page = Page(report_html(run.report, run.manifest, [{**run.samples[0], "text": text}]))

    assert max(len(data) for data in page.text if data.startswith(text[:1].replace("\x1b", "␛"))) == EXCERPT + 1


def test_steering_characters_are_shown_and_names_are_isolated(run_with):
    page = page_of(run_with("\u202e\x1b[31m"))

    assert not set(page) & {"\u202e", "\x1b", "\x00"}
    assert "<bdi>web-en\\u202e␛[31m</bdi>" in page


def test_the_page_shows_the_numbers_of_the_report(run_with):
    run = run_with("")

    text = " ".join(Page(page_of(run)).text).replace("\u202f", " ")

    for shown in ("7 193", "612 345 678", "201 345 678", "−178 345 678", "(321)", "6 015", "words < 50", "88.0%",
                  "10.3%", "99.4%", "32 768", "0123456789abcdef", "96.4 s", "812 MB", "notes.docx", "within",
                  "49.0 MB/s", 'name = "web-en"'):  # fmt: skip
        assert shown in text


def test_a_run_given_nothing_has_a_page(empty):
    page = Page(page_of(empty))

    assert "none" in page.text
    assert {tag for tag, *_ in page.shape} <= TAGS


def test_a_run_over_thousands_of_sources_has_a_page_of_bounded_length(wide):
    page = page_of(wide)

    text = " ".join(Page(page).text).replace("\u202f", " ")
    assert "4 970 other sources" in text
    assert "170 other languages" in text
    assert len(page) < 120_000


def test_the_same_report_gives_the_same_page(run_with):
    assert page_of(run_with("x")) == page_of(run_with("x"))


def test_a_report_without_a_manifest_or_samples_is_still_shown(run_with):
    page = report_html(run_with("").report, None)

    assert "Yield table" in page


def costly(run_with, word):
    """A run with a policy and tables of groups, with a word in every name."""
    found = run_with(word)
    lines = {"documents": 900, "tokens": 4_000, "lost": 1_000}
    policy = {
        "stage": f"toxicity{word}",
        "all": lines,
        "marks": [
            {"mark": f"toxic{word}", "do": "weight", "weight": 0.5, **lines},
            {"mark": "severe", "do": "drop", "weight": 1.0, **lines},
        ],
        "bands": {f"clean{word}": lines},
        "groups": {
            "kin.few": {**lines, "documents": 19},
            "kin.little": {**lines, "lost": 10},
            f"kin.most{word}": {**lines, "lost": 3_000},
        },
    }
    told = {f"bias{word} by group": [{"group": f"kin{word}", "documents": 60, "strict": 3, "per 1,000": 50.0}]}
    return found._replace(report={**found.report, "policy": [policy], "told": told})


def test_what_a_policy_costs_stands_by_mark_band_and_group(run_with):
    page = page_of(costly(run_with, ""))

    section = page[page.index('<section id="policy">') :].partition("</section>")[0]
    rows = [re.sub(r"<[^>]+>", " ", row).split() for row in section.split("<tr>")[2:]]
    assert [row[:3] for row in rows] == [
        ["mark", "toxic:", "weight"],
        ["mark", "severe:", "drop"],
        ["band", "clean", "900"],
        ["mentions", "kin.most", "900"],
        ["mentions", "kin.little", "900"],
        ["all", "900", "4"],
    ]
    assert [row[-1] for row in rows] == ["25.0%", "25.0%", "25.0%", "75.0%", "0.2%", "25.0%"]


def test_tables_of_groups_stand_among_what_stages_tell(run_with):
    text = "".join(Page(page_of(costly(run_with, ""))).text)

    assert "bias by group" in text
    assert "50.0" in text


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_name_of_a_mark_or_a_group_adds_a_tag(run_with, attack):
    hostile, harmless = (Page(page_of(costly(run_with, word))) for word in (attack, "name"))

    assert hostile.shape == harmless.shape
