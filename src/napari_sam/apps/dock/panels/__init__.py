"""Parts of the window, one for each thing a person does with it."""
