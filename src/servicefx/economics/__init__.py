"""Effects into money: lines, worth, and how sure."""
