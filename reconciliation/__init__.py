"""Finding gaps between what Stash has and what Plex shows."""
