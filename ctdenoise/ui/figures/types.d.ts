/** The shapes that travel between the figures' modules; only the type checker reads this file. */

/** What component.py sends of every figure: draw() tells what each means. */
type DrawingData = {
  figure: string;
  /** Direction cosines of a row, then of a column. */
  orientation: number[];
  /** Distance of rows and of columns in mm. */
  spacing: [row: number, column: number] | null;
  unit: string;
  /** Its darkest and its brightest value, in HU. */
  window: Interval | null;
  colors: { low: string; full: string };
  /** Width of the window in which noise is looked at, in HU. */
  difference: number;
};

/** What low_dose.py tells; every picture by its address. */
type LowDoseData = DrawingData & {
  full: string;
  sinogram: string;
  doses: { dose: number; ray_noise: string; noise: string }[];
  /** Which of the doses comes first. */
  dose: number;
  /** Per ray at full dose, without a patient. */
  photons: number;
  /** Rows and columns of the whole slice. */
  size: [rows: number, columns: number];
  note: string;
};

/** A line of the layer table; `side`: of what one of its values sees of the picture, in pixels. */
type LayerLine = { name: string; kernel: string; stride: number; shape: [number, number, number]; side: number };

/** What network.py tells. */
type NetworkData = DrawingData & { picture: string; lines: LayerLine[]; words: string };

/** What feature_loss.py tells; every picture by its address. */
type FeatureLossData = DrawingData & {
  /** What the output is called, and its colour. */
  name: string;
  color: string;
  output: string;
  target: string;
  squares: string;
  blocks: { seen: string; wanted: string; differences: string; maps: number; layer: string }[];
};

/** What Streamlit hands to this component. */
type FigureComponent = { parentElement: HTMLElement; data: [DrawingData] };

/** One drawing of its own kind: draws a step of its story, of which `part` (0 to 1) has passed. */
type Story = {
  titles: string[];
  /** How long each step is played. */
  seconds: number[];
  draw(step: number, part: number): void;
};
