"""What a class sees of itself: the pages Class and Teach, and what they show others."""
