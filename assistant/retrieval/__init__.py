"""Embeddings, the index on disk, ranking, the glossary, and what the two languages need."""
