"""Who comes in: tokens, signed URLs, signed forms."""
