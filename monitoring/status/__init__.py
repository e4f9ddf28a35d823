"""The public status page, and the pages where it is switched on and written."""
