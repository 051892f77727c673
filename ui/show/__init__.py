"""What pages are made of: boards, charts, tables, sections, and the words on them."""
