"""The HTTP server: the same reports as the command line, and chat as OpenAI's clients speak it."""
