"""Calls to the engine, and all that is used of Streamlit without its promise."""
