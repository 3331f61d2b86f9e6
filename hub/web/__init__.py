"""The web server of the service: health, metrics, webhooks and the API."""
