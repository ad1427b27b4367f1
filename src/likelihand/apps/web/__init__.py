"""The browser page: its files, the constants that it shares with this library, and a small server.

The page is written in TypeScript (`web/` in the repository) and built into `page/`, which the package carries.
"""
