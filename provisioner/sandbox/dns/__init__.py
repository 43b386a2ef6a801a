"""Names: zones and their records, certificates that wait for them, namespaces."""
