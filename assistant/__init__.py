"""Questions in, footnoted answers out."""
