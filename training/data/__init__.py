"""Training pairs: sources of texture, and tiles cut from them as a microscope would."""
