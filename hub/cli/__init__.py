"""The command line. Each file holds one group of commands; what they do stands in `hub/operations`."""

from hub.cli.launch import main

__all__ = ["main"]
