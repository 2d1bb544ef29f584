import { badLayoutFile, layoutLines } from './position-table.ts';

/** One image of a SerialEM .mdoc. */
export interface MdocSection {
  /** Section of the stack (`[ZValue = n]`), or null for `[Image = name]` entries. */
  readonly section: number | null;
  /** File of an `[Image = name]` entry. */
  readonly file: string | null;
  /** Place in the montage, px of the image, y as the microscope counts it: up. */
  readonly piece: { readonly x: number; readonly y: number } | null;
  /** µm. */
  readonly stage: { readonly x: number; readonly y: number } | null;
  readonly pixelSizeNm: number | null;
}

/** A SerialEM .mdoc: what it says of the whole file, and section by section. */
export interface Mdoc {
  /** Name of the stack that it describes, null when it does not say. */
  readonly imageFile: string | null;
  readonly pixelSizeNm: number | null;
  readonly sections: readonly MdocSection[];
}

const nmPerAngstrom = 0.1;
const nmPerMicrometre = 1000;

/**
 * Parses a SerialEM .mdoc.
 * @throws StitchError `bad-layout-file`
 * @see SerialEM, "Specification of Autodoc (.mdoc) file"
 */
export function parseMdoc(file: string, text: string): Mdoc {
  const global = new Map<string, string>();
  const sections: { readonly head: string; readonly name: string; readonly values: Map<string, string> }[] = [];
  for (const [index, raw] of layoutLines(file, text).entries()) {
    const line = raw.trim();
    const head = /^\[(ZValue|Image|FrameSet)\s*=(.*)\]$/.exec(line);
    const entry = /^([A-Za-z]\w*)\s*=(.*)$/.exec(line);
    if (head !== null)
      sections.push({ head: head[1], name: sectionName(file, index + 1, head[1], head[2]), values: new Map() });
    else if (entry !== null) (sections.at(-1)?.values ?? global).set(entry[1], entry[2].trim());
  }
  if (sections.length === 0) throw badLayoutFile(file, null, 'it has no [ZValue = …] section: it is no .mdoc');
  const pixelSizeNm = angstrom(global.get('PixelSpacing'));
  return {
    imageFile: global.get('ImageFile') ?? null,
    pixelSizeNm,
    sections: sections.map(({ head, name, values }) => ({
      section: head === 'ZValue' ? Number(name) : null,
      file: head === 'Image' ? name.replaceAll('\\', '/') : null,
      piece: pairOf(values.get('AlignedPieceCoords') ?? values.get('PieceCoordinates')),
      stage: pairOf(values.get('StagePosition')),
      pixelSizeNm: angstrom(values.get('PixelSpacing')) ?? pixelSizeNm,
    })),
  };
}

/**
 * Upper-left place of each section in px, y down: from the piece coordinates, else from the stage position and pixel
 * size; null for a section that has neither. Piece coordinates count up from the lower left piece; the stage's axes are
 * taken as those of the image (right, up), which holds when the camera is not rotated against the stage.
 */
export function mdocPositions(mdoc: Mdoc): readonly ({ readonly x: number; readonly y: number } | null)[] {
  if (mdoc.sections.some(({ piece }) => piece !== null)) {
    const top = mdoc.sections.reduce((highest, { piece }) => Math.max(highest, piece?.y ?? -Infinity), -Infinity);
    return mdoc.sections.map(({ piece }) => piece && { x: piece.x, y: top - piece.y });
  }
  return mdoc.sections.map(({ stage, pixelSizeNm }) =>
    stage === null || pixelSizeNm === null
      ? null
      : { x: (stage.x * nmPerMicrometre) / pixelSizeNm, y: (-stage.y * nmPerMicrometre) / pixelSizeNm },
  );
}

/** @throws StitchError `bad-layout-file` when a section of a stack has no number */
function sectionName(file: string, line: number, head: string, text: string): string {
  const name = text.trim();
  if (head === 'ZValue' && !/^\d{1,9}$/.test(name))
    throw badLayoutFile(file, line, `"${name.slice(0, 40)}" is not the number of a section`);
  return name;
}

function angstrom(text: string | undefined): number | null {
  const value = Number(text ?? NaN) * nmPerAngstrom;
  return Number.isFinite(value) && value > 0 ? value : null;
}

function pairOf(text: string | undefined): { readonly x: number; readonly y: number } | null {
  const [x, y] = (text ?? '')
    .split(/\s+/)
    .filter((part) => part !== '')
    .map(Number);
  return Number.isFinite(x) && Number.isFinite(y) ? { x, y } : null;
}
