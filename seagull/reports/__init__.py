"""Reports as people and programs read them: JSON, CSV, a table, pictures."""
