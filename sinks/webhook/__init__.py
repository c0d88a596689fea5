"""Posts actions to a URL: a sink whose store is somebody else's HTTP server."""
