"""The web chat behind `ui.py`: page, reader, interfaces for programs, and what keeps them safe."""
