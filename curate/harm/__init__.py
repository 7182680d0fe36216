"""What the harm and bias stages are measured on: one function a section of `docs/audit.md`.

A section takes the folder of data sets and returns Markdown with intervals. The sets are looked up by name below it
and a section whose set is missing raises `MissingSetError`, is said to be left out, and keeps its place in the page.
`curate bench harm` runs them.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from curate.harm import cascade, flips, generics, hatecheck, pii_sets, taught, templates, toxic_sets, web

SECTIONS: Mapping[str, Callable[[Path], str]] = {
    "hatecheck": hatecheck.section,
    "web": web.section,
    "toxic_sets": toxic_sets.section,
    "templates": templates.section,
    "generics": generics.section,
    "flips": flips.section,
    "cascade": cascade.section,
    "taught": taught.section,
    "pii": pii_sets.section,
}
"""Name → what measures it, in the page's order; a name is also the section's marker in the page."""
