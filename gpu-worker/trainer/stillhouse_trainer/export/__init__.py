"""From a base and an adapter to what is served: merged weights, GGUF files, and a reference to accept them by."""
