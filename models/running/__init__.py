"""Who runs what, when: jobs, their order, and what is kept of them."""
