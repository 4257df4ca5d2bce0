"""The Streamlit front of the suite; the only package that imports streamlit."""
