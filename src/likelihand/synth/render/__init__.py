"""From triangles to pixels on the CPU: raster, textures, shading, and what a camera does to the picture."""
