import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const css = readFileSync('src/app/ui/tokens.css', 'utf8');

function colour(token: string): readonly number[] {
  const hex = new RegExp(`--${token}: #([0-9a-f]{6});`).exec(css)?.[1];
  if (!hex) throw new Error(`tokens.css has no --${token}`);
  return [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255);
}

/** @see WCAG 2.2, relative luminance and contrast ratio */
function luminance(token: string): number {
  const [r, g, b] = colour(token).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(p: string, q: string): number {
  const [dark, light] = [luminance(p), luminance(q)].sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
}

describe('the colours of the app', () => {
  const grounds = ['bg-0', 'bg-1', 'bg-2', 'bg-3'];

  it.each(['text', 'text-dim', 'accent', 'good', 'warn', 'bad'])(
    '--%s is readable on every ground (AA, 4.5:1)',
    (text) => {
      for (const ground of grounds) expect(contrast(text, ground), ground).toBeGreaterThanOrEqual(4.5);
    },
  );

  it.each([0, 1, 2, 3, 4])('--quality-%i is readable as a residual in the table', (step) => {
    for (const ground of ['bg-1', 'bg-2'])
      expect(contrast(`quality-${step}`, ground), ground).toBeGreaterThanOrEqual(4.5);
  });

  it('text on the primary button and borders of controls stand out', () => {
    expect(contrast('text-on-accent', 'accent')).toBeGreaterThanOrEqual(4.5);
    expect(contrast('text-on-accent', 'accent-strong')).toBeGreaterThanOrEqual(4.5);
    for (const ground of ['bg-0', 'bg-1', 'bg-2'])
      expect(contrast('line-strong', ground), ground).toBeGreaterThanOrEqual(3);
  });
});
