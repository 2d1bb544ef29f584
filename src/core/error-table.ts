import type { ErrorCode } from './errors.ts';
import type { RejectionReason } from './matching/link.ts';

/** What is said of a failure besides its message, which names the file or pair. */
export interface ErrorEntry {
  /** A few words, as a heading. */
  readonly title: string;
  /** What has happened when this code appears, in whole sentences. */
  readonly cause: string;
  /** What the user of the app can do now, in whole sentences. */
  readonly next: string;
  /** The same on the command line, where other steps are open; `next` where it is absent. */
  readonly nextInTerminal?: string;
}

/** A code that can be shown: one of the domain's, or `unexpected` for an error that nobody foresaw. */
export type ShownCode = ErrorCode | 'unexpected';

/** The one table of errors: the app's panel, the command line and docs/errors.md read it. */
export const errorTable: Readonly<Record<ShownCode, ErrorEntry>> = {
  'no-tiles': {
    title: 'No image found',
    cause: 'The folder or drop holds no file that can be read as an image, or no file that the given names fit.',
    next: 'Drop the folder that holds the tiles: TIFF, PNG, JPEG, BMP or MRC.',
    nextInTerminal: 'Name the folder that holds the tiles: TIFF, PNG, JPEG, BMP or MRC.',
  },
  'one-tile': {
    title: 'Only one tile',
    cause: 'There is one image; a mosaic needs two that overlap.',
    next: 'Add the neighbouring tiles: drop them anywhere on the page.',
    nextInTerminal: 'Name the folder that holds the neighbouring tiles, too.',
  },
  'unreadable-file': {
    title: 'File cannot be read',
    cause:
      'The system could not deliver the bytes of a file: it was moved, changed or deleted after it was chosen, its disk went away, or it may not be read.',
    next: 'Check that the disk is connected and the file was not moved, then choose it again.',
    nextInTerminal:
      'Check that the disk is connected, the name is right and the file may be read, then run the command again.',
  },
  'not-an-image': {
    title: 'Not an image',
    cause: 'The content of the file is no image format that is known here, whatever its name says.',
    next: 'The file is left out. Remove it from the folder if it surprises you.',
  },
  'truncated-file': {
    title: 'File is incomplete',
    cause: 'The image ends before its data do, or its bytes contradict the format: the copy was cut short or damaged.',
    next: 'Copy the file again from the microscope; the other tiles can be stitched without it.',
  },
  'unsupported-image': {
    title: 'Image variant not supported',
    cause:
      'A known format in a variant that is refused by name (1-bit, CMYK, a rare compression), never shown wrongly.',
    next: 'Save the image as 8- or 16-bit greyscale or RGB TIFF and choose it again.',
    nextInTerminal: 'Save the image as 8- or 16-bit greyscale or RGB TIFF and run the command again.',
  },
  'pattern-mismatch': {
    title: 'Name does not fit',
    cause: 'The name pattern was given by hand, and one or more file names do not fit it.',
    next: 'Correct the pattern in the layout panel, or remove the file.',
    nextInTerminal: 'Correct --pattern, or remove the file from the folder.',
  },
  'cell-taken': {
    title: 'Two tiles in one place',
    cause: 'By their names two tiles belong to the same row and column.',
    next: 'Correct the pattern or the scan order in the layout panel, or remove one of the files.',
    nextInTerminal: 'Correct --pattern or --order, or remove one of the files from the folder.',
  },
  'layout-unknown': {
    title: 'Layout unknown',
    cause: 'Neither the names, nor the metadata, nor the pictures say which tile lies where.',
    next: 'Give a name pattern, rows and columns with the scan order, or a file with positions: layout panel, Positions from.',
    nextInTerminal: 'Give --pattern, --rows and --columns with --order, or --positions.',
  },
  'bad-layout-file': {
    title: 'Positions cannot be used',
    cause:
      'A file with positions (TileConfiguration, CSV, mdoc, OME-XML) is malformed or names tiles that are not there.',
    next: 'Choose another source of the layout, or correct the positions file and choose it again.',
    nextInTerminal: 'Correct the positions file, name another one with --positions, or give --pattern.',
  },
  'bad-model': {
    title: 'Model bundle does not hold',
    cause:
      'A model bundle is incomplete, its manifest is malformed, or a file is not the one that the manifest names by size and SHA-256. Nothing of it was run.',
    next: 'Choose manifest.json together with the ONNX files it names, unchanged; or go back to the model of the app.',
    nextInTerminal:
      'Name the folder with manifest.json and the ONNX files that it names, unchanged; or leave --model out.',
  },
  'altered-file': {
    title: 'A file of the app was altered',
    cause:
      'A file that the app loads from its own server (wasm) is not the one it was built with, or is missing: an update in between, a damaged cache, or a proxy that changes files. It was not run.',
    next: 'Reload the page without its cache (Ctrl+Shift+R). If it stays, tell the person who hosts the app; SIFT works without the file.',
    nextInTerminal: 'Install the program again. Until then --matcher sift works without the file.',
  },
  'bad-options': {
    title: 'Option out of range',
    cause: 'An option has a value that it cannot have, or two options contradict each other.',
    next: 'Correct the option that the message names.',
  },
  'bad-project': {
    title: 'Project cannot be opened',
    cause:
      'The file is no project of this app: another kind of file, cut off, written by a newer version, or changed by hand to a value that cannot be.',
    next: 'Open another project file. What this browser keeps of earlier visits stands on the start page.',
    nextInTerminal: 'Name another project file.',
  },
  'project-files': {
    title: 'Other files than the project’s',
    cause:
      'A project was opened with files that are not, or not all, those that it was made from. They are known by their content, whatever they are called.',
    next: 'Drop the folder with the files that the message names; what is decided for them is kept in the project.',
    nextInTerminal: 'Name the folder with the files that the message names.',
  },
  'bad-solution': {
    title: 'Solution cannot be used',
    cause: 'A solution.json or stack.json is malformed, of another version, or holds a number that is not finite.',
    next: 'Write it again with this version: stitch the tiles once more.',
  },
  'inference-failed': {
    title: 'The network could not run',
    cause:
      'The network failed on every rung of the ladder (WebGPU, wasm with threads, wasm), often for want of memory.',
    next: 'Press Stitch again; finished pairs are kept. If it stays, choose SIFT as the matcher.',
    nextInTerminal: 'Run the command again; finished pairs are kept. If it stays, use --matcher sift.',
  },
  'worker-lost': {
    title: 'A worker stopped',
    cause: 'A worker thread ended or the graphics device went away in the middle of a call; most often memory ran out.',
    next: 'Press Stitch again; finished pairs are kept. If it stays, close other tabs to free memory.',
    nextInTerminal: 'Run the command again; finished pairs are kept. If it stays, close other programs to free memory.',
  },
  'storage-failed': {
    title: 'Storage of the browser',
    cause:
      'What this browser keeps between visits (projects, finished pairs) cannot be reached: another tab blocks it, the disk is full, or the browser does not allow it here.',
    next: 'Go on as usual; save the project as a file to be sure of it. To see earlier projects again, reload the page.',
    nextInTerminal: 'Only a browser says this: run the command again.',
  },
  'write-failed': {
    title: 'Writing failed',
    cause:
      'The disk or the browser took fewer bytes than were given, or none: it is full, or the permission was withdrawn.',
    next: 'Free some disk space or choose another place, then export again.',
    nextInTerminal: 'Free some disk space or name another place with --out, then run the command again.',
  },
  'too-large': {
    title: 'Too large',
    cause: 'A declared limit of this program or of the file format is exceeded; the message names it.',
    next: 'Export a part, choose a format for large pictures, or split the grid.',
    nextInTerminal: 'Write a part (--region), choose a format for large pictures (--format), or split the grid.',
  },
  'numerical-failure': {
    title: 'The solve failed',
    cause: 'A number that is not finite reached the solver, or its system of equations is singular.',
    next: 'Exclude the link that the message names, or choose a simpler transform (rigid, translation).',
    nextInTerminal: 'Choose a simpler transform: --transform rigid or translation.',
  },
  unexpected: {
    title: 'Something unexpected happened',
    cause: 'An error that nobody foresaw: a mistake in this program.',
    next: 'Nothing that is computed is lost. Try again; if it stays, report the message with the diagnostics (bottom line of the app).',
    nextInTerminal: 'Nothing that is computed is lost. Try again; if it stays, report the message.',
  },
};

/** The entry of a code that came as a string, over a thread or from a file; codes nobody knows are unexpected. */
export function errorEntry(code: string): ErrorEntry {
  return Object.hasOwn(errorTable, code) ? errorTable[code as ShownCode] : errorTable.unexpected;
}

/** Why a pair of tiles has no link: an expected outcome, listed with the pair and never raised as an error. */
export const rejectionTable: Readonly<Record<RejectionReason, Pick<ErrorEntry, 'cause' | 'next'>>> = {
  'too-few-matches': {
    cause: 'The matcher found fewer matches than any motion could be proved with.',
    next: 'Look at the overlap in the pair inspector. A larger overlap or margin, or another matcher, may find more.',
  },
  'no-consensus': {
    cause: 'Matches were found, but no more of them agree with one motion than chance explains.',
    next: 'Check the layout: these two tiles may be no neighbours. Mirrored or turned tiles end here too, and are said.',
  },
  implausible: {
    cause: 'The matches agree with a motion that the stage cannot have made: too far, turned or stretched.',
    next: 'Correct the overlap or the layout if the motion is right; repeated texture gives such motions too.',
  },
  'no-texture': {
    cause: 'One of the two strips shows nothing but an even field or noise: saturated, empty, or outside the sample.',
    next: 'Nothing to be done: the tile is placed through its other links, or stays where the layout puts it.',
  },
  'read-failed': {
    cause: 'One of the two tiles could not be read.',
    next: 'Choose the file again and press Stitch: only the missing pairs are matched.',
  },
};
