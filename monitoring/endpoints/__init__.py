"""The pages of the endpoints: the table of all of them, and one over time."""
