import { scaleBar } from './viewport.ts';

const SCALE_BAR_MAX_PX = 130;

/** The elements that tell zoom and scale. */
export interface FactElements {
  readonly scaleBar: HTMLElement;
  readonly scaleLabel: HTMLElement;
  readonly zoomLabel: HTMLElement;
}

/** Shows the zoom, and a scale bar where the pixel size is known; nothing without a mosaic. */
export function showFacts(
  elements: FactElements,
  facts: { readonly zoom: number; readonly ratio: number; readonly pixelSizeNm: number | null } | null,
): void {
  const { zoomLabel, scaleLabel, scaleBar: bar } = elements;
  const nm = facts?.pixelSizeNm ?? null;
  const hasScale = facts !== null && nm !== null && nm > 0;
  bar.hidden = !hasScale;
  scaleLabel.hidden = !hasScale;
  setText(zoomLabel, facts === null ? '' : percentText(facts.zoom * facts.ratio * 100));
  if (!hasScale) return;
  const { px, label } = scaleBar(nm, facts.zoom, SCALE_BAR_MAX_PX);
  bar.style.width = `${px}px`;
  setText(scaleLabel, label);
}

function percentText(percent: number): string {
  return `${percent < 10 ? percent.toPrecision(2) : Math.round(percent)} %`;
}

/** A text that has not changed costs no layout. */
function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
