"""How good a picture is, in numbers; one idea a file."""
