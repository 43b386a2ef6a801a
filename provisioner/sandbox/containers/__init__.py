"""What ECS does: services, deployments, tasks from their start to their end."""
