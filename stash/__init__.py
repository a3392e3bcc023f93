"""Being a plugin of Stash: asking it, speaking in its log, and the processes that it starts."""
