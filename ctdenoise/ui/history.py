"""The browser's history: an entry for each page that one was on, not for each choice made there.

Streamlit makes an entry whenever a page writes into its address, so that Back would take back one
choice after the other, of a form too, before it leads to the page before.
"""

import streamlit as st

_SCRIPT = """<script>
if (!history.oneEntryAPage) {
  const push = history.pushState.bind(history);
  history.pushState = (state, unused, url) => {
    const same = new URL(url, location.href).pathname === location.pathname;
    (same ? history.replaceState.bind(history) : push)(state, unused, url);
  };
  history.oneEntryAPage = true;
}
</script>"""


def one_entry_a_page() -> None:
    """Have the browser replace the entry of a page whose address changes; takes no room."""
    st.html("<style>[data-testid=stLayoutWrapper]:has(> .st-key-history) { display: none }</style>")
    with st.container(key="history"):
        st.html(_SCRIPT, unsafe_allow_javascript=True)
