"""What people see: viewer, charts, forms. The only room that imports Streamlit."""
