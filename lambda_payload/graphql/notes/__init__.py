"""Notes, as GraphQL asks for them and a database keeps them."""
