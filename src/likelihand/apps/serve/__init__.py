"""Prediction over HTTP and WebSocket, bounded in every direction; needs the extra `likelihand[serve]`."""
