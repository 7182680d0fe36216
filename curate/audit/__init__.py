"""What every stage of a run did to whom: counters by group, kept with the run, and what follows from them.

A *group* is what a document is of, as `axis.group`: who it mentions (`religion.sikhs`), which dialect's cues it holds
(`dialect.scots`), its script or language, the region of the world that its address is of, its source, how long it is.
A mention is no topic, and a cue no author. Membership is measured once on a seeded sample of documents, right after
extraction, and carried along; so the same documents are followed through all stages.

`audit.json` of a run is the sum of what its units counted:

    {"format": 1, "sample": {"share": 1.0, "documents": n},
     "phases": [{"name": "raw" | "text" | "language", "stages": [name, …]}, …],
     "groups": [name, …], "strata": [name, …],
     "entered": {phase: counts}, "lost": {stage: counts}}

where `counts` are `{"buckets": {"group", "bucket", "documents", "tokens"}, "strata": {"group", "stratum",
"documents"}}`, lists of one length each that number groups and strata as above. A phase begins where more becomes
known: `raw` at ingest (source, region), `text` right after extraction, `language` once a stage has named languages.
What came into a stage is what entered its phase, less what the stages of the phase before it took: documents that it
dropped or quarantined, and tokens that left with these or by an edit. `all` is a group of its own. A document's bucket
is a hash of its host, or of its id where it has no address, modulo 64: documents of one site stand or fall together,
and intervals go by buckets (`curate.audit.statistics`).
"""
