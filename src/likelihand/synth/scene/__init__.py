"""What stands before the camera: hands, things, light, background, and where the camera is."""
