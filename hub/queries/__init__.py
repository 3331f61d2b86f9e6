"""What may be asked of the read models, page by page: the same for commands, the API and the dashboard."""
