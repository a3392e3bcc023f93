"""A Plex account service for tests: the sign-in by a PIN, and the servers of the account."""
