"""The browser page: its files, the numbers that it shares with this library, and a small server for it.

The page is written in TypeScript (`web/` in the repository) and built into `page/`, which the package carries.
"""
