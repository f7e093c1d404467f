/**
 * The shapes that travel between the viewer's modules; only the type checker reads this file.
 *
 * Stored coordinates are (row, column) of the picture as its file keeps it, pixel centres at whole
 * numbers. Image coordinates (u, v) are those of the pane's canvas: u = column + 0.5, v = row + 0.5.
 * Screen coordinates (x, y) are CSS pixels from the upper left corner of a pane.
 */

type Viewer = import("./viewer.js").Viewer;
type View = import("./geometry.js").View;
type PaneView = import("./pane.js").PaneView;

/** Stored (row, column), not necessarily whole. */
type Pixel = [row: number, column: number];
/** (x, y) on screen, or (u, v) in the image. */
type Point = [x: number, y: number];
/** The two ends of a line, stored. */
type Ends = [Pixel, Pixel];
/** Stored pixels: first row, first column, height, width. */
type Region = [row: number, column: number, height: number, width: number];
/** Level and width in the unit of the pictures. */
type LevelWidth = [level: number, width: number];
type Interval = [low: number, high: number];
/** A direction in the patient: left, posterior and head are positive. */
type Direction = [left: number, posterior: number, head: number];
/** Turn and flip: (x, y) on screen is (a u + c v, b u + d v), each number -1, 0 or 1. */
type Turn = [a: number, b: number, c: number, d: number];
/** A CSS matrix: (x, y) is (a u + c v + e, b u + d v + f). */
type Matrix = [a: number, b: number, c: number, d: number, e: number, f: number];
/** The patient's sides (L, R, A, P, H, F) at the edges of the screen. */
type Marks = { right: string; left: string; bottom: string; top: string };

/** Row-major values: an Int16Array in HU, a Float32Array in any other unit, whose mean the server
 * tells. */
type Picture = { rows: number; columns: number; values: Int16Array | Float32Array; mean?: number };
/** A picture to get: its address, or what it is made of and how; kept where it has a key. */
type Source = string | { parts: Source[]; make: (...pictures: Picture[]) => Picture; key?: string | false };
/** An address, or part of one, and its share of a mixture; the shares add up to 1. */
type Weighted = [address: string, weight: number];

/** One pane as component.py sends it (its class Pane). */
type PaneData = {
  name: string;
  color: string;
  frames: string[];
  dash: string;
  minus: number | null;
  note: string;
};
type BandData = { label: string; rows: [first: number, stop: number]; color: string };
type DialData = { title: string; low: string; high: string };

/** Texts and notes: one a frame. */
type FigureData = { title: string; help: string; values: string[]; notes: string[] };
type CurveData = { name: string; color: string; dash: string; values: (number | null)[] };
type ChartData = { title: string; log: boolean; curves: CurveData[] };
/** Each cell of a row: a text for every frame, or one for all. */
type TableData = { title: string; note: string; head: string[]; rows: string[][][] };
/** What readout.py sends; its class Readout tells what each means. */
type ReadoutData = {
  figures: FigureData[];
  charts: ChartData[];
  at: number[];
  across: string;
  end: number;
  remarks: string[];
  table: TableData | null;
};

/** What a person sets in a viewer, as it travels between browsers: shares.py tells what each means. */
type Setting = {
  frame: number;
  window: LevelWidth;
  difference: number | null;
  line: number[] | null;
  region: Region | null;
  background: Region | null;
  view: ViewerData["view"];
  dial: number[];
};
/** All that a viewer shows. */
type Shown = Setting & {
  panes: PaneData[];
  labels: string[] | null;
  spacing: ViewerData["spacing"];
  orientation: number[] | null;
  unit: string;
  dials: DialData[];
  stops: number;
};
/** Where a viewer sends what it shows, of which page it is, and whether it covers the screen. */
type ToClass = { url: string; title: string; page: string; large?: boolean };
/** What a viewer that follows needs to know. */
type Follows = {
  url: string;
  height: number;
  tools: string[];
  presets: Record<string, LevelWidth>;
  difference: number;
  /** Where the pages are, with a slash at its end. */
  pages: string;
};

/** What component.py sends at every rerun; its function viewer() tells what each means. */
type ViewerData = {
  panes: PaneData[];
  /** Distance of rows and of columns in mm. */
  spacing: [row: number, column: number] | null;
  unit: string;
  window: LevelWidth;
  presets: Record<string, LevelWidth>;
  /** Direction cosines of a row, then of a column. */
  orientation: number[] | null;
  labels: string[] | null;
  frame: number;
  follow: boolean;
  height: number;
  columns: number | null;
  tools: string[];
  bands: BandData[];
  report: string[];
  dials: DialData[];
  dial: number[];
  stops: number;
  view: [row: number, column: number, zoom: number] | null;
  /** What is marked at the start, and the box of the right place. */
  point: Pixel | null;
  target: Region | null;
  difference: number;
  readout: ReadoutData | null;
  /** Whether what it shows is presented to a class. */
  presenting: ToClass | null;
  /** Whether it can be shown to a class. */
  showing: ToClass | null;
  /** What is set at the start, beyond the above. */
  setting: Setting | null;
};

/** What Streamlit hands to a component. */
type Component = {
  parentElement: HTMLElement;
  data: [ViewerData];
  setStateValue: (name: string, value: unknown) => void;
};

/** A drag: (x, y) on screen now, and (dx, dy) from where it began. */
type Gesture = { move(x: number, y: number, dx: number, dy: number): void; end(): void };

type Followed = Omit<Component, "data"> & { data: [{ follows: Follows }] };

/** "on..." are handlers, everything else becomes an attribute; absent where null or false. */
type Attributes = Record<string, string | number | boolean | null | undefined | ((event: any) => unknown)>;
