"""The XML API: one module for each kind of request."""
