"""The dashboard: ``streamlit run app.py`` serves it at http://localhost:8501."""

import streamlit as st

from ctdenoise.ui import server

app = st.App(
    server.SCRIPT, lifespan=server.lifespan, routes=server.ROUTES, middleware=server.MIDDLEWARE
)
