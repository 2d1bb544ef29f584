import type { Size } from '../geometry/rect.ts';
import type { RandomStream } from './random.ts';

/**
 * Adds what a charging specimen does to a scanned image: the brightness of the lines wanders and each line decays from
 * its start; and `count` events, in turn streaks that fade along the line, bright halos with a dark shadow behind them
 * along the line, and patches that saturate. Nothing is added for a count of 0.
 */
export function addCharges(field: Float32Array, size: Size, count: number, draws: RandomStream): void {
  if (count === 0) return;
  addLineDrift(field, size, draws);
  for (let n = 0; n < count; n++) events[n % events.length](field, size, draws);
}

type Event = (field: Float32Array, size: Size, draws: RandomStream) => void;

const events: readonly Event[] = [addStreak, addHalo, addStreak, addSaturatedPatch];

/** Lines of a wandering brightness (a chain that forgets in 20 lines, σ 6 grey levels) that decays along each line. */
function addLineDrift(field: Float32Array, { width, height }: Size, draws: RandomStream): void {
  const keep = Math.exp(-1 / 20);
  const step = 6 * Math.sqrt(1 - keep * keep);
  const start = 20 * draws.uniform();
  const perPx = 1 / (width * (0.15 + 0.35 * draws.uniform()));
  let level = 6 * draws.normal();
  for (let j = 0, at = 0; j < height; j++) {
    level = keep * level + step * draws.normal();
    for (let i = 0; i < width; i++, at++) field[at] += level + start * Math.exp(-i * perPx);
  }
}

/** One to four lines that jump and fade along the scan. */
function addStreak(field: Float32Array, { width, height }: Size, draws: RandomStream): void {
  const left = draws.integer(0, width);
  const top = draws.integer(0, height);
  const lines = draws.integer(1, 5);
  const amplitude = 30 + 90 * draws.uniform();
  const perPx = 1 / (30 + 300 * draws.uniform());
  for (let j = top; j < Math.min(top + lines, height); j++)
    for (let i = left; i < width; i++) field[j * width + i] += amplitude * Math.exp(-(i - left) * perPx);
}

/** A bright Gaussian spot of 15–60 px and its shadow along the line. */
function addHalo(field: Float32Array, { width, height }: Size, draws: RandomStream): void {
  const x0 = width * draws.uniform();
  const y0 = height * draws.uniform();
  const radius = 15 + 45 * draws.uniform();
  const bright = 40 + 60 * draws.uniform();
  const dark = 10 + 25 * draws.uniform();
  const bottom = Math.min(height - 1, Math.floor(y0 + 3 * radius));
  for (let j = Math.max(0, Math.ceil(y0 - 3 * radius)); j <= bottom; j++) {
    const across = Math.exp(-((j - y0) ** 2) / (2 * radius * radius));
    for (let i = Math.max(0, Math.ceil(x0 - 3 * radius)); i < width; i++) {
      const dx = i - x0;
      const glow = bright * Math.exp(-(dx * dx) / (2 * radius * radius));
      const shadow = dx > 0 ? dark * (1 - Math.exp(-dx / radius)) * Math.exp(-dx / (6 * radius)) : 0;
      field[j * width + i] += across * (glow - shadow);
    }
  }
}

/** A disc of 8–40 px that is far beyond white, with a soft edge. */
function addSaturatedPatch(field: Float32Array, { width, height }: Size, draws: RandomStream): void {
  const x0 = width * draws.uniform();
  const y0 = height * draws.uniform();
  const radius = 8 + 32 * draws.uniform();
  const right = Math.min(width - 1, Math.floor(x0 + 2 * radius));
  const bottom = Math.min(height - 1, Math.floor(y0 + 2 * radius));
  for (let j = Math.max(0, Math.ceil(y0 - 2 * radius)); j <= bottom; j++)
    for (let i = Math.max(0, Math.ceil(x0 - 2 * radius)); i <= right; i++)
      field[j * width + i] += 260 * Math.exp(-((((i - x0) ** 2 + (j - y0) ** 2) / (radius * radius)) ** 2));
}
