"""hotfolder: images go in, retouched images come out."""

__version__ = "0.1.0"
