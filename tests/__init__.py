"""Tests of likelihand; each mirrors a module."""
