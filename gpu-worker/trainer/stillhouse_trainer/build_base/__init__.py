"""The base model of the demo, made from what is at hand."""
