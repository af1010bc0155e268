"""Objects cut out of their image: pictures, a sheet of all, and clear videos."""
