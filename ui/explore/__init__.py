"""The pages that go all the way down, a folder each; a row is a file."""
