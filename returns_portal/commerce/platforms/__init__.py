"""Readers that turn what shops send into records. Pure: no models, no network."""
