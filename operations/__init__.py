"""What the page in Stash asks for: questions and acts that are answered at once, as JSON."""
