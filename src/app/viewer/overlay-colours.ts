/** Colours and letters of what is drawn over the mosaic, from the design tokens. */
export interface OverlayColours {
  readonly background: string;
  readonly solved: string;
  readonly prior: string;
  readonly unplaced: string;
  readonly accent: string;
  readonly text: string;
  readonly dim: string;
  readonly bad: string;
  /** Worst to best. */
  readonly quality: readonly string[];
  /** Neighbouring columns or rows. */
  readonly tints: readonly string[];
  readonly seam: string;
  readonly font: string;
  /** How much larger than usual the user wants letters. */
  readonly textScale: number;
}

/** The design tokens that canvases need as colours; the fall-backs are those of the style sheet. */
export function readOverlayColours(element: Element): OverlayColours {
  const style = getComputedStyle(element);
  const token = (name: string, fallback: string): string => style.getPropertyValue(name).trim() || fallback;
  return {
    background: token('--bg-0', '#101214'),
    solved: token('--text-dim', '#a3abb3'),
    prior: token('--warn', '#e9b44c'),
    unplaced: token('--bad', '#f28b82'),
    accent: token('--accent', '#6cb2f7'),
    text: token('--text', '#e4e7ea'),
    dim: token('--text-dim', '#a3abb3'),
    bad: token('--bad', '#f28b82'),
    quality: [
      token('--quality-0', '#e66101'),
      token('--quality-1', '#fdb863'),
      token('--quality-2', '#d9d9d9'),
      token('--quality-3', '#8fc1ea'),
      token('--quality-4', '#4393e5'),
    ],
    tints: tileTints,
    seam: token('--warn', '#e9b44c'),
    font: token('--font', 'system-ui, sans-serif'),
    textScale: parseFloat(getComputedStyle(element.ownerDocument.documentElement).fontSize) / 16 || 1,
  };
}

/** Three colours in turn, so that neighbours always differ; told apart with any colour vision (Okabe and Ito 2008). */
const tileTints = ['#56b4e9', '#e69f00', '#009e73'] as const;
