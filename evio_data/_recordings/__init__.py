"""What the header of an event-camera recording says, and one picture of its first events."""
