"""The steps, in the order their revisions say; a step that was released is never edited."""
