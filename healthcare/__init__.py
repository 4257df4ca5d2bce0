"""Medical-scan analysis. No pilot is registered yet."""
