/** Keys, while the viewer has the focus; the page itself hears none of those used here. */

const TOOLS = { w: "window", z: "zoom", d: "distance", l: "line", g: "region", m: "magnifier", c: "curtain" };
const MOVES_A_SLIDER = /^(Arrow.*|Home|End|Page.*)$/;

function action(state, key) {
  const step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1, PageUp: -5, PageDown: 5 }[key];
  if (step) return () => state.setFrame(state.frame + step);
  if (TOOLS[key]) return () => state.choose(TOOLS[key]);
  if (/^[1-9]$/.test(key)) return () => state.usePreset(Number(key) - 1);
  const middle = [state.view.width / 2, state.view.height / 2];
  return {
    Home: () => state.setFrame(0),
    End: () => state.setFrame(state.frames - 1),
    "+": () => state.zoomAt(1.25, ...middle),
    "=": () => state.zoomAt(1.25, ...middle),
    "-": () => state.zoomAt(0.8, ...middle),
    p: () => state.offers("play") && state.player.toggle(),
    r: () => state.reset(),
    f: () => state.fullscreen(),
    "?": () => (state.help.hidden = !state.help.hidden),
    Escape: () => (state.help.hidden ? state.clearDrawing() : (state.help.hidden = true)),
    Delete: () => state.clearDrawing(),
    " ": () => (state.spaceHeld = true),
  }[key];
}

export function attachKeyboard(state) {
  state.root.onkeydown = (event) => {
    const typing = event.target.matches("input[type=number], select");
    event.stopPropagation(); // Streamlit reruns the page on "r"
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === " " && event.target.matches("button")) return;
    if (MOVES_A_SLIDER.test(event.key) && event.target.matches("input")) return;
    const act = action(state, event.key);
    if (!act) return;
    event.preventDefault();
    act();
  };
  state.root.onkeyup = (event) => {
    if (event.key === " ") state.spaceHeld = false;
  };
}
