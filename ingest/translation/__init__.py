"""Aligned translations for sources that have none, made by a chat model line by line."""
