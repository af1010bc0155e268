"""Sessions in files: records to do again, journals to restore after a crash."""
