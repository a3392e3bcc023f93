"""Keeping work on disk and draining it into Plex."""
