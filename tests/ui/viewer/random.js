/** The same random numbers at every run. */

let state = 20_240_229;

/** Uniform in [low, high); mulberry32. */
export function uniform(low = 0, high = 1) {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return low + (high - low) * (((t ^ (t >>> 14)) >>> 0) / 2 ** 32);
}

export const whole = (low, high) => Math.floor(uniform(low, high + 1));

export function near(actual, expected, tolerance = 1e-9) {
  const all = [actual].flat(), wanted = [expected].flat();
  const good = all.length === wanted.length && all.every((value, i) => Math.abs(value - wanted[i]) <= tolerance);
  if (!good) throw new Error(`${all} is not ${wanted} within ${tolerance}`);
}
