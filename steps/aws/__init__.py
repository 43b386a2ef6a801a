"""What every family shares at the edge to boto3: clients, owner tags, tokens, errors."""
