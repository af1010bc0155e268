"""The notebook: the annotator in Jupyter, as a widget that a browser draws."""
