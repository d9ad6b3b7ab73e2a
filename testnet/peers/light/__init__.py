"""A light client and wallet in Python, for docs/FORMATS.md: one file per part of the page. Nothing in it comes from the node's sources."""
