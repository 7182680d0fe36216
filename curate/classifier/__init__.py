"""Classifiers of documents: fastText models that tell good text from bad, trained, scored and applied."""
