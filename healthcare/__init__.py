"""Medical-scan analysis: scans in; segmentations and findings with honest confidence out. Research use."""
