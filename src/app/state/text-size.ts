/** Sizes of letters, and of all that has its size from them, in percent of the browser's own. */
export const textSizes = [100, 125, 150, 200] as const;
export type TextSize = (typeof textSizes)[number];

/** The size that was kept as text; the browser's own when there is none or it makes no sense. */
export function readTextSize(text: string | null): TextSize {
  return textSizes.find((size) => String(size) === text) ?? 100;
}

/** The next size up or down; the last one stays. */
export function stepTextSize(size: TextSize, step: 1 | -1): TextSize {
  return textSizes[Math.max(0, Math.min(textSizes.length - 1, textSizes.indexOf(size) + step))];
}
