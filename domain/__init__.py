"""What SiteLedger knows: records, flows, rules and decisions, free of any input or output."""
