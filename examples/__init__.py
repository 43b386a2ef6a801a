"""One stack file for each system that the tool brings up."""
