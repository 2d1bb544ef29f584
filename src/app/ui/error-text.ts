import type { ErrorCode } from '../../core/errors.ts';

/** What the user reads about a failure: what it is, and what to do next. The message itself names the file or pair. */
export interface ErrorText {
  readonly title: string;
  readonly next: string;
}

/** One entry for every code; a new code does not compile without its sentence. */
export const errorTexts: Readonly<Record<ErrorCode | 'unexpected', ErrorText>> = {
  'no-tiles': {
    title: 'No image found',
    next: 'Drop the folder that holds the tiles: TIFF, PNG, JPEG, BMP or MRC.',
  },
  'one-tile': { title: 'Only one tile', next: 'Add the neighbouring tiles: drop them anywhere on this page.' },
  'unreadable-file': {
    title: 'File cannot be read',
    next: 'Check that the disk is connected and the file was not moved, then drop it again.',
  },
  'not-an-image': {
    title: 'Not an image',
    next: 'The file is left out. Remove it from the folder if it surprises you.',
  },
  'truncated-file': {
    title: 'File is incomplete',
    next: 'Copy the file again from the microscope and drop it; the other tiles can be stitched without it.',
  },
  'unsupported-image': {
    title: 'Image variant not supported',
    next: 'Save the image as 8- or 16-bit greyscale or RGB TIFF and drop it again.',
  },
  'pattern-mismatch': {
    title: 'Name does not fit',
    next: 'Correct the pattern in the layout panel, or remove the file.',
  },
  'cell-taken': {
    title: 'Two tiles in one place',
    next: 'Correct the pattern or the scan order in the layout panel, or remove one of the files.',
  },
  'layout-unknown': {
    title: 'Layout unknown',
    next: 'Give a name pattern, rows and columns with the scan order, or a file with positions.',
  },
  'bad-layout-file': {
    title: 'Positions cannot be used',
    next: 'Choose another source of the layout, or correct the positions file and drop it again.',
  },
  'bad-model': {
    title: 'Model bundle does not hold',
    next: 'Choose manifest.json together with the ONNX files it names, unchanged; or go back to the model of the app.',
  },
  'bad-options': { title: 'Option out of range', next: 'Correct the option that the message names.' },
  'bad-solution': { title: 'Solution cannot be used', next: 'Write solution.json again with this version.' },
  'inference-failed': {
    title: 'The network could not run',
    next: 'Press Stitch again; finished pairs are kept. If it stays, choose SIFT under Options.',
  },
  'worker-lost': {
    title: 'A worker stopped',
    next: 'Press Stitch again; finished pairs are kept. If it stays, close other tabs to free memory.',
  },
  'write-failed': {
    title: 'Writing failed',
    next: 'Free some disk space or choose another place, then export again.',
  },
  'too-large': { title: 'Too large', next: 'Export a part, or split the grid.' },
  'numerical-failure': {
    title: 'The solve failed',
    next: 'Exclude the worst links or choose a simpler transform (rigid, translation).',
  },
  unexpected: {
    title: 'Something unexpected happened',
    next: 'Nothing that is computed is lost. Try again; if it stays, report the message below.',
  },
};

/** The text of a code that came from a worker as a string; codes nobody knows are unexpected. */
export function errorText(code: string): ErrorText {
  return Object.hasOwn(errorTexts, code) ? errorTexts[code as ErrorCode] : errorTexts.unexpected;
}
