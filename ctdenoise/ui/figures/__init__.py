"""Figures of the lesson as animated drawings on a learner's own slice: how a low dose is made, what
a network's layers see, how VGG16 comes to a number."""
