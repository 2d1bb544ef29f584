/** How overlaps are coloured: not at all, by how well their structure agrees, by how far their values are apart. */
export const heatKinds = ['none', 'agreement', 'difference'] as const;
export type HeatKind = (typeof heatKinds)[number];

/** Which neighbours get different colours. */
export const tintKinds = ['none', 'columns', 'rows'] as const;
export type TintKind = (typeof tintKinds)[number];

/** What is drawn over the mosaic. */
export interface Overlays {
  readonly outlines: boolean;
  readonly names: boolean;
  readonly links: boolean;
  readonly residuals: boolean;
  /** How many times longer than they are residuals are drawn. */
  readonly residualTimes: number;
  readonly seams: boolean;
  readonly heat: HeatKind;
  readonly tint: TintKind;
}

/** Overlays that are on or off. */
export type OverlaySwitch = 'outlines' | 'names' | 'links' | 'residuals' | 'seams';

export const startingOverlays: Overlays = {
  outlines: false,
  names: false,
  links: true,
  residuals: false,
  residualTimes: 50,
  seams: false,
  heat: 'none',
  tint: 'none',
};
