"""What comes in, checked: plugin input, settings, scenes read from Stash, the path map."""
