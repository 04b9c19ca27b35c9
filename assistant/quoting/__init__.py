"""The sentences that answer, whether they do, and the answer laid out from them."""
