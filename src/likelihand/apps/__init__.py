"""Programs made of the library: the page, the server, the live picture and OSC, bulk runs, the demo, the study."""
