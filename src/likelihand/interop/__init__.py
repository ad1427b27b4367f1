"""Interoperability with other tools: annotation, analysis, motion capture, drawing.

Each module imports its third party where it is used, so that none is needed for anything else;
`likelihand[interop]` brings those that have packages of their own.
"""
