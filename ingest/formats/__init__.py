"""Files of all kinds read into one plain text with its structure and places."""
