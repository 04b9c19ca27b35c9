"""Chat models, what they are told, their replies with citations, and the check of every claim."""
