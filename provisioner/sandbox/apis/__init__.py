"""HTTP APIs of API Gateway: what they answer."""
