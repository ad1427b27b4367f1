"""General utilities: lazy imports, files, tables, parallel jobs, process groups."""
