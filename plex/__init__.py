"""Everything about Plex: reading its libraries, matching, merging, writing."""
