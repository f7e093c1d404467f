"""Somebody at a browser's end of a session: reads what is on the page, types, chooses, presses."""

from typing import Any

from _browser import Browser
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState


class Person(Browser):
    """A browser with hands: each act is one rerun of the page, and gives the seconds it took."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.acts: list[float] = []
        """Seconds of each answer to what was pressed or chosen."""
        self._widgets: dict[str, tuple[str, Any]] = {}  # by label: the fragment, and the widget
        self._set_by_hand: dict[str, WidgetState] = {}
        self._read: list[str] = []

    @property
    def read(self) -> str:
        """All sentences that the page has said since one came to it."""
        return "\n".join(self._read)

    async def open(self, page: str, query: str = "") -> float:
        """Open a page, where nothing has been touched yet."""
        self._widgets, self._set_by_hand, self._read = {}, {}, []
        return await super().open(page, query)

    def sees(self, label: str) -> bool:
        """Whether the page has, or had, a control that reads so."""
        return label in self._widgets

    def fragment(self, label: str) -> str:
        """The fragment that a control stands in; empty where it stands in the page itself."""
        return self._widgets[label][0]

    def fill(self, label: str, text: str) -> None:
        """Type into a field, or choose what reads so; it is sent with the next press."""
        self._state(label).string_value = text

    def move(self, label: str, value: float) -> None:
        """Move a slider; it is sent with the next press."""
        self._state(label).double_array_value.data[:] = [value]

    async def press(self, label: str) -> float:
        """Press a button; seconds until the page has answered."""
        fragment, button = self._widgets[label]
        return await self.rerun(WidgetState(id=button.id, trigger_value=True), fragment)

    async def rerun(self, pressed: WidgetState | None = None, fragment: str = "") -> float:
        """Let the page hear what was typed and chosen."""
        message = BackMsg()
        asked = message.rerun_script
        asked.page_script_hash = self._page_hash
        asked.fragment_id = fragment
        asked.widget_states.widgets.extend(self._set_by_hand.values())
        if pressed:
            asked.widget_states.widgets.append(pressed)
        took = await self._answered(message)
        self.acts.append(took)
        return took

    def _state(self, label: str) -> WidgetState:
        _, widget = self._widgets[label]
        return self._set_by_hand.setdefault(widget.id, WidgetState(id=widget.id))

    def _ends(self, message: ForwardMsg) -> bool:
        if message.WhichOneof("type") == "delta":
            element = message.delta.new_element
            kind = element.WhichOneof("type")
            if kind in ("markdown", "alert", "heading"):
                self._read.append(getattr(element, kind).body)
            elif (
                kind
                and getattr(found := getattr(element, kind), "id", "")
                and getattr(found, "label", "")
            ):
                self._widgets[found.label] = message.delta.fragment_id, found
        return super()._ends(message)
