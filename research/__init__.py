"""How the reader and the decision were fitted and retrieval was chosen: run from a clone."""
