"""Stillhouse's trainer: LoRA students from curated answers, resumable to the bit."""
