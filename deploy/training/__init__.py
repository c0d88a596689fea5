"""The names model: from text that is generated here to the artefact in `stream_jobs/redact/model`.

    vocabulary   names, places, organisations: a training part and a held-out part
    people, places, organisations, things     one value of a kind, written as people write it
    template     lines of the banks in which values are put
    negatives    text without names: documentation, code, headings, other languages
    noise        capitals, lower case, cut-out spans, odd spaces
    corpus       all of it mixed, from one seed
    pipeline     the shape of the spaCy pipeline
    train        `make ner-model`: generate, train, score, write

Everything but `train` is pure, given what the installed packages hold.
"""
