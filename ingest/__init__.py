"""From texts to a searchable index: `python -m ingest`, or `build_index(settings)`.

`add_file` and `remove_source` change the user's own library, which is indexed beside the corpus.
"""

from .build import Changes, build_index, pending_changes
from .entries import Entry, library_entries, library_sources, read_sources
from .library import Added, add_file, open_library, remove_source
from .refusing import DocumentError
from .sources import Corpus, read_corpus

__all__ = [
    "Added",
    "Changes",
    "Corpus",
    "DocumentError",
    "Entry",
    "add_file",
    "build_index",
    "library_entries",
    "library_sources",
    "open_library",
    "pending_changes",
    "read_corpus",
    "read_sources",
    "remove_source",
]
