"""One hand: its mesh, the people it is shaped after, poses, and what keeps fingers out of each other."""
