"""The page Mistakes: predict, then reveal, then do it live."""
