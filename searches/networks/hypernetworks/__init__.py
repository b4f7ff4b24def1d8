"""Networks whose output are the weights of other networks."""
