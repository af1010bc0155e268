"""Objects followed through a movie or a stack: propagated, reviewed, corrected."""
