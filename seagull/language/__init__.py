"""The words: questions, answers, special tokens and findings as text."""
