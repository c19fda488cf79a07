"""The definitions of the product's topics, one EventTopic a file, as this package brings them along."""

from pathlib import Path

DEFINITIONS = Path(__file__).with_name("topics")
"""Folder with copies of schemas/topics, which docs/generate.py writes."""
