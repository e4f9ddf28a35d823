"""Translations: what the sources say, what the catalogues hold, and the difference."""
