"""Ground floor: values and doors. numpy only, and nothing here knows a model."""
