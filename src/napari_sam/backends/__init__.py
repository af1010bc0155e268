"""Backends: models that implement `core.protocols.Backend`."""
