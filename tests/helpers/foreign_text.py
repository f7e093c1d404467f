"""Words of others that hold all kinds of markup."""

HOSTILE = (
    "![x](//a.b/c) [d](http://e.f) :material/bolt: :red[g] $h$ <b>i</b> :+1: *j* www.k.l m@n.o"
)
"""All kinds at once, in fewer than the 100 characters of a name."""
PIECES = [
    "![x](http://e.example/x.png)", "[a](http://e.example)", ":material/home:", ":red[r]",
    ":blue-background[b]", ":small[s]", ":streamlit:", ":smile:", ":+1:", "$E=mc^2$", "$$", "<b>",
    "<img src=x onerror=alert(1)>", "&lt;", "&#58;", "**", "__", "`", "~~", "~", "#", "# h", "- ",
    "+ ", "1. ", "1) ", "> ", "---", "===", "|", "\\", "\n", "\n\n", "\t", "www.e.example",
    "https://e.example", "me@e.example", "->", "<-", "<->", "--", ">=", "<=", "~=", "[^1]", ":",
    "a", "b c", " ", "(", ")", "!", "\x00", "\u202e", "µ", "低剂量", ":material_bolt:", "material/",
]  # fmt: skip
"""What Streamlit's Markdown (GitHub's, with mathematics, directives, icons, emoji and arrows) may
see something in."""
