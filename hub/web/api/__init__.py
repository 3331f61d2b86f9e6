"""`/api/v1`: the same operations as the commands, as JSON."""
