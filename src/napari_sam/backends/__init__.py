"""Models behind the one door `core.protocols.Backend`."""
