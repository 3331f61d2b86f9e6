"""What comes with the product for other tools that watch it."""
