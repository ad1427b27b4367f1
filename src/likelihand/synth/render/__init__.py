"""From triangles to pixels on a processor: raster, textures, shading, and what a camera does to the picture."""
