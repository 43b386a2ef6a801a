"""Acts: one AWS resource a class, one family of resources a file; the edge to boto3."""
