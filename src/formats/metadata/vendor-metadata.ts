import type { Size } from '../../core/geometry/rect.ts';
import { nanometresOf, plausiblePixelSize, stageFromCentre, unknownAcquisition } from './acquisition.ts';
import type { Acquisition } from './acquisition.ts';
import { iniNumber, parseIni } from './ini-sections.ts';
import { xmlElements } from './xml-elements.ts';

const nmPerMetre = 1e9;

/** FEI/Thermo, TIFF tags 34680 and 34682: INI text, metres. */
export function parseFeiMetadata(text: string, size: Size): Acquisition {
  const ini = parseIni(text);
  const scan = iniNumber(ini, 'Scan', 'PixelWidth') * nmPerMetre;
  const pixelSizeNm = plausiblePixelSize(
    Number.isNaN(scan) ? iniNumber(ini, 'EScan', 'PixelWidth') * nmPerMetre : scan,
  );
  const x = iniNumber(ini, 'Stage', 'StageX') * nmPerMetre;
  const y = iniNumber(ini, 'Stage', 'StageY') * nmPerMetre;
  return { pixelSizeNm, stagePx: stageFromCentre(x, y, pixelSizeNm, size) };
}

/**
 * TESCAN, the `.hdr` beside an image: `[MAIN] PixelSizeX`, `[SEM] StageX`, metres. For callers that find the side file:
 * a reader sees one file only.
 */
export function parseTescanHeader(text: string, size: Size): Acquisition {
  const ini = parseIni(text);
  const pixelSizeNm = plausiblePixelSize(iniNumber(ini, 'MAIN', 'PixelSizeX') * nmPerMetre);
  const x = iniNumber(ini, 'SEM', 'StageX') * nmPerMetre;
  const y = iniNumber(ini, 'SEM', 'StageY') * nmPerMetre;
  return { pixelSizeNm, stagePx: stageFromCentre(x, y, pixelSizeNm, size) };
}

/** Columns that Zeiss's unnamed pixel size refers to, whatever the stored image has. */
const zeissReferenceWidth = 1024;
/** Place of the pixel size (metres) among the unnamed values that begin a Zeiss block. */
const zeissPixelSizeIndex = 3;

/**
 * Zeiss SmartSEM, TIFF tag 34118: unnamed values one a line, then `KEY` lines each followed by `label = value unit`.
 * The unnamed value [3] is the pixel size in metres at 1024 columns; AP_IMAGE_PIXEL_SIZE, where present, is that of the
 * image.
 */
export function parseZeissMetadata(text: string, size: Size): Acquisition {
  const lines = text.split(/\r\n|\n|\r/);
  const value = (key: string): number => {
    const at = lines.findIndex((line) => line.trim() === key);
    const parts = /=\s*([-+.\deE]+)\s*(\S*)/.exec(at < 0 ? '' : (lines[at + 1] ?? ''));
    return parts === null ? NaN : Number(parts[1]) * (nanometresOf(parts[2]) ?? NaN);
  };
  const named = value('AP_IMAGE_PIXEL_SIZE');
  const unnamed = Number(lines[zeissPixelSizeIndex] ?? NaN) * nmPerMetre * (zeissReferenceWidth / size.width);
  const pixelSizeNm = plausiblePixelSize(named) ?? plausiblePixelSize(unnamed);
  const x = value('AP_STAGE_AT_X');
  const y = value('AP_STAGE_AT_Y');
  return { pixelSizeNm, stagePx: stageFromCentre(x, y, pixelSizeNm, size) };
}

/** Fibics (Atlas), TIFF tag 51023: XML with `<Scan><Ux>` (pixel size, µm) and `<Stage><X>` (µm). */
export function parseFibicsMetadata(text: string, size: Size): Acquisition {
  const values = new Map<string, number>();
  for (const { name, text: content, ancestors } of xmlElements(text)) {
    const key = `${ancestors.at(-1) ?? ''}/${name}`;
    if (content !== '' && !values.has(key)) values.set(key, Number(content));
  }
  const micrometres = (key: string): number => (values.get(key) ?? NaN) * 1000;
  // Ux, Uy is the image's +x step in stage axes: its length is the pixel size however the scan is turned.
  const pixelSizeNm = plausiblePixelSize(Math.hypot(micrometres('Scan/Ux'), micrometres('Scan/Uy')));
  return {
    pixelSizeNm,
    stagePx: stageFromCentre(micrometres('Stage/X'), micrometres('Stage/Y'), pixelSizeNm, size),
  };
}

/** JEOL writes XML into ImageDescription; its pixel size element is looked for by name. */
export function parseXmlPixelSize(text: string): Acquisition {
  for (const { name, text: content, attributes } of xmlElements(text)) {
    if (!/^pixel_?size(_?x)?$/i.test(name)) continue;
    const pixelSizeNm = plausiblePixelSize(Number(content) * (nanometresOf(attributes.get('unit') ?? 'nm') ?? NaN));
    if (pixelSizeNm !== null) return { pixelSizeNm, stagePx: null };
  }
  return unknownAcquisition;
}
