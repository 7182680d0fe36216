"""What a run shows of itself: the yield table, a page, a dataset card, and a look at single documents.

Everything here reads `report.json`, `manifest.json` and rows as plain dictionaries and renders them;
nothing here opens a file of a run or knows how one is made. Names, reasons, URLs and texts come from
the web: they pass `hostile` before they are shown.
"""
