import type { Point } from '../../core/geometry/affine2.ts';
import type { Size } from '../../core/geometry/rect.ts';
import type { ViewerLink } from './link-graph.ts';

/** Shows what lies under the pointer beside it, on the side where there is room; nothing for an empty text. */
export function showTooltip(tooltip: HTMLElement, screen: Size, at: Point | null, text: string): void {
  tooltip.hidden = at === null || text === '';
  if (at === null || text === '') return;
  if (tooltip.textContent !== text) tooltip.textContent = text;
  const isRight = at.x > screen.width * 0.7;
  const isLow = at.y > screen.height - 48;
  const x = isRight ? `calc(${Math.round(at.x - 12)}px - 100%)` : `${Math.round(at.x + 14)}px`;
  tooltip.style.transform = `translate(${x}, ${Math.round(at.y + (isLow ? -34 : 16))}px)`;
}

/** A link in words. */
export function describeLink(link: ViewerLink): string {
  switch (link.state) {
    case 'link':
      return link.label;
    case 'removed':
      return `${link.label} · removed by the solver`;
    case 'rejected':
      return `${link.label} · rejected`;
    case 'excluded':
      return `${link.label} · excluded`;
  }
}
