"""The API's frame: who calls, how errors look, and the operations of core itself (`core.api.router`)."""
