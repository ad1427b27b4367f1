"""Bulk prediction on pictures and films, on one machine or many: `predict_bulk`. Needs `likelihand[ray]`."""

from likelihand.apps.bulk.engine import Done, predict_bulk
from likelihand.apps.bulk.settings import BulkSettings

__all__ = ["BulkSettings", "Done", "predict_bulk"]
