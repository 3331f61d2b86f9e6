"""What the commands do, free of the command line: settings in, a report out."""
