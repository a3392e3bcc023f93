"""What both servers speak over: HTTP, with an end to every answer."""
