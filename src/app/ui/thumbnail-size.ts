/** Long side of the thumbnails of a small grid, px: enough for up to about 6 × 6 on a large screen. */
const largestSide = 256;
/** Below this a tile is a smudge, px. */
const smallestSide = 16;
/** All thumbnails together: 64 MB, and about what a large screen can show twice over. */
const mostPixels = 2 ** 24;

/** Long side of the thumbnails of so many tiles, px: they share one budget, and a tile of a large grid is small on the screen. */
export function thumbnailSide(tiles: number): number {
  const side = Math.floor(Math.sqrt(mostPixels / Math.max(1, tiles)));
  return Math.max(smallestSide, Math.min(largestSide, side));
}

/** Milliseconds between two redraws while thumbnails arrive: one takes about 10 µs a tile, and a tenth of the time is enough. */
export function redrawPauseMs(tiles: number): number {
  return Math.min(2000, tiles / 10);
}
