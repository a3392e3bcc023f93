"""What people do in Plex that Stash is to know: ratings, plays, and where to go on."""
