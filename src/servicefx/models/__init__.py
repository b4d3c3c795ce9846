"""One question a module: what moves satisfaction, loyalty, repurchase, and what firms gain."""
