"""What is inside of a VPC: interfaces, routes, gateways, endpoints, instances, Lambda's interfaces."""
