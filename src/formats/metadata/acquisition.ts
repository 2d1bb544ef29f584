/** What a file's metadata say about the acquisition; null where they say nothing. */
export interface Acquisition {
  readonly pixelSizeNm: number | null;
  /** Stage position of the upper-left pixel in full-resolution px, y down. */
  readonly stagePx: { readonly x: number; readonly y: number } | null;
  /** When it was imaged, ms since 1970 in the microscope's clock; absent when they do not say. */
  readonly acquiredAtMs?: number;
}

/** Metadata that say nothing. */
export const unknownAcquisition: Acquisition = { pixelSizeNm: null, stagePx: null };

const nmPerUnit: ReadonlyMap<string, number> = new Map([
  ['pm', 1e-3],
  ['å', 0.1],
  ['Å', 0.1],
  ['angstrom', 0.1],
  ['nm', 1],
  ['nanometer', 1],
  ['um', 1e3],
  ['µm', 1e3],
  ['μm', 1e3],
  ['micron', 1e3],
  ['microns', 1e3],
  ['micrometer', 1e3],
  ['mm', 1e6],
  ['cm', 1e7],
  ['m', 1e9],
  ['inch', 2.54e7],
  ['in', 2.54e7],
]);

/** Nanometres of a length unit, both micro signs and the ångström understood; null for units that are no length. */
export function nanometresOf(unit: string): number | null {
  const trimmed = unit.trim();
  return nmPerUnit.get(trimmed) ?? nmPerUnit.get(trimmed.toLowerCase()) ?? null;
}

/**
 * The time that a TIFF DateTime (`2026:11:22 18:03:59`) or an ISO date (`2026-11-22T18:03:59.250`) names, ms since 1970,
 * taken as UTC where it names no zone; null for any other text. Only differences between tiles are used.
 */
export function acquisitionTimeMs(text: string): number | null {
  const parts = /^\s*(\d{4})[:-](\d{2})[:-](\d{2})[ T](\d{2}:\d{2}:\d{2}(?:\.\d+)?)(Z|[+-]\d{2}:\d{2})?\s*$/.exec(text);
  if (parts === null) return null;
  const [, year, month, day, time, zone] = parts;
  const ms = Date.parse(`${year}-${month}-${day}T${time}${zone ?? 'Z'}`);
  return Number.isFinite(ms) ? ms : null;
}

/** A positive, finite pixel size, else null. */
export function plausiblePixelSize(nm: number): number | null {
  return Number.isFinite(nm) && nm > 0 ? nm : null;
}

/**
 * Upper-left pixel of an image whose *centre* is at a stage position with x to the right and y up, both in nm: what the
 * scanning microscopes write. Whether an instrument's axes run so is not in its files; where they do not, the layout is
 * mirrored and the overlaps tell.
 */
export function stageFromCentre(
  xNm: number,
  yNm: number,
  pixelSizeNm: number | null,
  size: { readonly width: number; readonly height: number },
): Acquisition['stagePx'] {
  if (pixelSizeNm === null || !Number.isFinite(xNm) || !Number.isFinite(yNm)) return null;
  return { x: xNm / pixelSizeNm - (size.width - 1) / 2, y: -yNm / pixelSizeNm - (size.height - 1) / 2 };
}
