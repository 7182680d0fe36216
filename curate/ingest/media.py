"""What a payload is: its declared MIME type, checked against its first bytes."""

from curate.ops.markup import HTML, WINDOW, is_document

TEXT = ("text/plain", "text/markdown")

SUFFIXES = {
    ".html": "text/html",
    ".htm": "text/html",
    ".shtml": "text/html",
    ".php": "text/html",
    ".asp": "text/html",
    ".aspx": "text/html",
    ".jsp": "text/html",
    ".xhtml": "application/xhtml+xml",
    ".xht": "application/xhtml+xml",
    ".txt": "text/plain",
    ".text": "text/plain",
    ".rst": "text/plain",
    ".md": "text/markdown",
    ".markdown": "text/markdown",
}
"""File name suffix → type of page. Whatever has another suffix is told by content."""

_SIGNATURES = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n", "image/png"),
    (b"GIF8", "image/gif"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"RIFF", "application/octet-stream"),
    (b"PK\x03\x04", "application/zip"),
    (b"\x1f\x8b", "application/gzip"),
    (b"BZh", "application/x-bzip2"),
    (b"\xfd7zXZ", "application/x-xz"),
    (b"\x28\xb5\x2f\xfd", "application/zstd"),
    (b"7z\xbc\xaf", "application/x-7z-compressed"),
    (b"Rar!", "application/vnd.rar"),
    (b"\x7fELF", "application/x-executable"),
    (b"MZ\x90", "application/x-executable"),
    (b"\xd0\xcf\x11\xe0", "application/x-ole-storage"),
    (b"ID3", "audio/mpeg"),
    (b"OggS", "application/ogg"),
    (b"wOFF", "font/woff"),
    (b"wOF2", "font/woff2"),
    (b"FWS", "application/x-shockwave-flash"),
    (b"CWS", "application/x-shockwave-flash"),
    (b"\x00\x00\x01\x00", "image/x-icon"),
)
_GENERIC = frozenset(
    {
        "",
        "application/octet-stream",
        "application/unknown",
        "unknown/unknown",
        "content/unknown",
        "application/x-unknown-content-type",
        "application/x-httpd-php",
        "text",
        "html",
    }
)
"""Declarations that say nothing."""
_XML = frozenset({"text/xml", "application/xml"})


def media_of(declared: str | None, head: bytes) -> str:
    """The MIME type of a payload that begins with `head`, which decides where it contradicts what is declared."""
    kind = (declared or "").split(";")[0].split(",")[0].strip().lower()
    shown = _signature(head)
    if shown:
        return kind if kind and kind not in _GENERIC and kind not in HTML + TEXT else shown
    if kind in HTML:
        return kind if not head or b"<" in head else "text/plain"
    if kind in _GENERIC or kind == "text/plain" or kind in _XML or "/" not in kind:
        if is_document(head):
            return "application/xhtml+xml" if kind in _XML else "text/html"
        if kind in _GENERIC or "/" not in kind:
            return "application/octet-stream"
    return kind if kind.isascii() and kind.isprintable() and len(kind) < 128 else "application/octet-stream"


def _signature(head: bytes) -> str | None:
    for magic, kind in _SIGNATURES:
        if head.startswith(magic):
            return kind
    nuls = head[:WINDOW].count(0)
    wide = head.startswith((b"\xff\xfe", b"\xfe\xff", b"\x00<", b"<\x00"))
    return "application/octet-stream" if nuls * 20 > len(head[:WINDOW]) and not wide else None
