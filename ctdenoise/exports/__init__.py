"""What a person takes away: pictures and reports to show, volumes and networks to go on with."""
