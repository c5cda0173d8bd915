"""The command line; the only room of the engine that may start the interface."""
