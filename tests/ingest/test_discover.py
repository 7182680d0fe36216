"""Paths, folders and globs → sources."""

import gzip
import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curate.errors import UsageError
from curate.ingest import Ingest, discover, read
from curate.ingest.discover import shortest, sniff
from curate.ingest.records import Skipped
from tests.ingest.sources import html, response


def names(inputs, **options):
    return [source.name for source in discover(inputs, Ingest(**options)).sources]


@pytest.fixture
def folder(tmp_path):
    """A folder as people keep them."""
    root = tmp_path / "data"
    (root / "b").mkdir(parents=True)
    (root / ".git").mkdir()
    (root / "b/2.jsonl").write_bytes(b'{"text": "x"}\n')
    (root / "b/10.jsonl.gz").write_bytes(gzip.compress(b'{"text": "x"}\n'))
    (root / "a.warc.gz").write_bytes(gzip.compress(response(html())))
    (root / "page.html").write_bytes(html())
    (root / "README.md").write_text("# read me")
    (root / "notes.txt").write_text("notes")
    (root / "manifest.json").write_text('{\n "a": 1\n}')
    (root / "meta.jsonl").write_text('{"id": 1}\n{"id": 2}\n')
    (root / "image.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (root / ".hidden.jsonl").write_text('{"text": "x"}')
    return root


def test_a_folder_gives_its_data_in_order_and_says_what_it_left_out(folder):
    listing = discover([folder], Ingest())

    assert [(source.name, source.kind) for source in listing.sources] == [
        ("a.warc.gz", "warc"),
        ("10.jsonl.gz", "jsonl"),
        ("2.jsonl", "jsonl"),
        ("page.html", "html"),
    ]
    assert {os.path.relpath(one.path, folder): one.why for one in listing.skipped} == {
        ".git": "hidden",
        ".hidden.jsonl": "hidden",
        "README.md": 'text is read only when named, or with kind = "text"',
        "image.png": "of no known kind",
        "manifest.json": "JSON, but not a value a line",
        "meta.jsonl": "JSON without a field 'text'",
        "notes.txt": 'text is read only when named, or with kind = "text"',
    }


def test_text_is_taken_when_named_or_asked_for(folder):
    named = names([folder / "README.md", folder / "notes.txt"])
    asked = names([folder], kind="text")

    assert (named, asked) == (["README.md", "notes.txt"], ["README.md", "notes.txt"])


def test_inputs_keep_their_order_and_nothing_is_read_twice(folder):
    link = folder / "link.html"
    link.symlink_to(folder / "page.html")

    listing = discover([folder / "page.html", folder, folder / "b"], Ingest())

    assert [source.name for source in listing.sources] == ["page.html", "a.warc.gz", "10.jsonl.gz", "2.jsonl"]
    again = [one.why for one in listing.skipped if one.why.startswith("listed before")]
    assert len(again) == 4


def test_a_glob_is_a_folder_of_its_matches(folder):
    found = names([str(folder / "**/*.jsonl*")])

    assert found == ["10.jsonl.gz", "2.jsonl"]


def test_a_glob_that_is_a_files_name_is_that_file(tmp_path):
    (tmp_path / "a[1].html").write_bytes(html())

    found = names([tmp_path / "a[1].html"])

    assert found == ["a[1].html"]


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (lambda: response(html()), "warc"),
        (lambda: b"filedesc://x 0.0.0.0 20080101 text/plain 10\n", "arc"),
        (lambda: b"\n<!DOCTYPE html><p>x", "html"),
        (lambda: b'{"text": "x"}\n', "jsonl"),
        (lambda: b'\xef\xbb\xbf{ "text": "x"}\n', "jsonl"),
    ],
)
def test_content_tells_the_kind_under_any_name_and_compression(tmp_path, make, kind):
    plain, packed = tmp_path / "data.bin", tmp_path / "data.txt"
    plain.write_bytes(make())
    packed.write_bytes(gzip.compress(make()))

    found = [source.kind for source in discover([plain, packed], Ingest()).sources]

    assert found == [kind, kind]


def test_a_table_is_told_by_its_first_bytes(tmp_path):
    pq.write_table(pa.table({"text": ["x"]}), tmp_path / "a.data")

    (source,) = discover([tmp_path / "a.data"], Ingest()).sources

    assert source.kind == "parquet"


def test_a_kind_is_believed_for_what_is_named(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"text": "x"}\n')

    (source,) = discover([path], Ingest(kind="text")).sources

    assert [one.text for one in read(source, Ingest(kind="text"))] == ['{"text": "x"}\n']


@pytest.mark.parametrize("content", [b"", b" \n\n", gzip.compress(b""), gzip.compress(b"\n")])
@pytest.mark.parametrize("name", ["a.jsonl", "a.warc.gz", "a.html", "a.parquet", "a.tar", "a.jsonl.zst", "a.txt"])
def test_an_empty_file_holds_no_document_and_is_skipped(folder, name, content):
    (folder / name).write_bytes(content)

    listing = discover([folder, folder / name], Ingest())

    assert Skipped(str(folder / name), "empty") in listing.skipped
    assert str(folder / name) not in [source.path for source in listing.sources]


def test_an_empty_file_alone_is_the_users_mistake(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(b"")

    with pytest.raises(UsageError, match=r"nothing to read in .*a\.jsonl: empty"):
        discover([tmp_path / "a.jsonl"], Ingest())


def test_a_file_that_breaks_off_before_its_first_byte_is_no_empty_one(tmp_path):
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(b"text")[:10])

    (source,) = discover([tmp_path], Ingest()).sources

    assert [one.reason for one in read(source, Ingest())] == ["truncated"]


@pytest.mark.parametrize("name", ["a.jsonl", "a.warc.gz", "a.parquet", "a.tar.zst", "a.arrow"])
def test_a_named_file_of_rubbish_is_a_fault(tmp_path, name):
    (tmp_path / name).write_bytes(b"\x00\x01rubbish\xff" * 400)

    (source,) = discover([tmp_path / name], Ingest()).sources
    found = list(read(source, Ingest()))

    assert found
    assert {one.reason for one in found} <= {"json", "header", "corrupt", "empty", "truncated"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("data/pag.html", "no such file or folder; did you mean {root}/data/page.html?"),
        ("nowhere/at/all", "no such file or folder"),
        ("data/*.zip", "no file matches"),
    ],
)
def test_a_path_that_is_not_there_is_the_users_mistake(folder, given, said):
    root = folder.parent

    with pytest.raises(UsageError) as error:
        discover([root / given], Ingest())

    assert str(error.value) == f"{root}/{given}: {said.format(root=root)}"


def test_a_remote_address_is_the_users_mistake():
    with pytest.raises(UsageError, match="remote inputs cannot be read"):
        discover(["s3://bucket/key"], Ingest())


def test_nothing_to_read_is_the_users_mistake_and_says_why(folder):
    with pytest.raises(UsageError, match=r"nothing to read in .*image.png: .*of no known kind"):
        discover([folder / "image.png"], Ingest())


@pytest.mark.parametrize("inputs", [[], ["empty"]])
def test_no_input_at_all_is_the_users_mistake(tmp_path, monkeypatch, inputs):
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)

    with pytest.raises(UsageError, match="nothing to read"):
        discover(inputs, Ingest())


def test_names_are_the_shortest_suffixes_that_tell_files_apart():
    found = shortest(["/x/a/pages.tar", "/x/b/pages.tar", "/x/c/other.tar", "/y/a/pages.tar"])

    assert found == ["x/a/pages.tar", "b/pages.tar", "other.tar", "y/a/pages.tar"]


def test_names_do_not_depend_on_the_working_directory(folder, monkeypatch):
    absolute = names([folder])
    monkeypatch.chdir(folder.parent)

    assert names(["data"]) == absolute


def test_hostile_file_names_are_fit_to_be_printed(tmp_path):
    odd = [b"new\nline.html", b"\xff\xfe.html", b"tab\t.html", "ü.html".encode()]
    for name in odd:
        (tmp_path / os.fsdecode(name)).write_bytes(html())

    listing = discover([tmp_path], Ingest())

    assert [source.name for source in listing.sources] == [
        "new\\nline.html",
        "tab\\t.html",
        "ü.html",
        "\\xff\\xfe.html",
    ]
    assert [one.text for source in listing.sources for one in read(source, Ingest())] == [html().decode()] * 4


def test_links_to_folders_pipes_and_loops_are_skipped(tmp_path):
    (tmp_path / "page.html").write_bytes(html())
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "broken.html").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe.html")

    listing = discover([tmp_path], Ingest())
    found = [(source.name, one.reason) for source in listing.sources for one in read(source, Ingest())]

    assert found == [("broken.html", "unreadable"), ("page.html", None)]
    assert {one.why for one in listing.skipped} == {"a link to a folder", "neither a file nor a folder"}


@pytest.mark.parametrize("head", [b"", b"\0" * 600, b"a" * 600, b"{}", b"{not", b"[1]", b"<p>"])
def test_what_shows_no_kind_has_none(head):
    assert sniff(head) in (None, "jsonl" if head == b"{}" else None)
