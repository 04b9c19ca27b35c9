"""What is asked: kinds of question, names, conversations and follow-ups."""
