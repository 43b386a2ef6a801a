"""The stack file, read: its text, values and schema, and words for what is wrong in it."""
