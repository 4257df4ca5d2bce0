"""The gate before the app: no page, file or result is reached by who may not have it.

It stands before Streamlit's own server (an ASGI middleware), because Streamlit itself gives out uploads,
downloads and component files to anyone who knows their address, before a page could ask for a login.
"""
