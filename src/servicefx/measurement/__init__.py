"""From items to constructs, and how good the constructs are."""
