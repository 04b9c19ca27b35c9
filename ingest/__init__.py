"""From files and addresses to a searchable index: `python -m ingest`, or these functions.

`open_library`, with `add_targets`, `sync_folder` and `remove_documents`, changes the user's own
library, which `build_index` then takes in beside the corpus; `add_file` and `remove_source` are
the short ways for one document. `examine` tells what is well and what is not.
"""

from .adding import add_targets, remove_documents
from .build import Changes, build_index, pending_changes
from .doctor import Finding, examine
from .entries import Entry, library_entries, library_entry, library_sources, read_sources
from .from_address import AddOptions
from .library import Added, add_file, open_library, remove_source
from .official import replace_digests
from .outcomes import Outcome
from .pictures import marked_page
from .refusing import DocumentError
from .sources import Corpus, read_corpus
from .syncing import sync_folder
from .targets import Target, expand

__all__ = [
    "AddOptions",
    "Added",
    "Changes",
    "Corpus",
    "DocumentError",
    "Entry",
    "Finding",
    "Outcome",
    "Target",
    "add_file",
    "add_targets",
    "build_index",
    "examine",
    "expand",
    "library_entries",
    "library_entry",
    "library_sources",
    "marked_page",
    "open_library",
    "pending_changes",
    "read_corpus",
    "read_sources",
    "remove_documents",
    "remove_source",
    "replace_digests",
    "sync_folder",
]
