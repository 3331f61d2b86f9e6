"""Business Central behind the port `Target`."""
