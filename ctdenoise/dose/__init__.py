"""Low dose from full dose by noise insertion in the projections."""
