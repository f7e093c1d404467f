"""How good a picture is: fidelity, noise power, sharpness."""
