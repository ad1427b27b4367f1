"""Tools that know nothing of hands: lazy imports, files, tables, long work in pieces, processes."""
