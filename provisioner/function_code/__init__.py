"""Function code as reproducible zips, with the packages that it needs."""
