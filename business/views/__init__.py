"""Pages of the business. Each view parses, calls one query or action, and renders."""
