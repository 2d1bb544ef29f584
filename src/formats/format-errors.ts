import { StitchError } from '../core/errors.ts';

/** The content of `file` is no image: `what` says what it looks like, the message what to do. */
export function notAnImage(file: string, what: string): StitchError {
  return new StitchError(
    'not-an-image',
    `${file}: ${what}. Take it out of the folder, or export it as TIFF, PNG, JPEG, BMP or MRC.`,
    { file },
  );
}

/** `file` ends before its data do: `what` names the part that is missing. */
export function truncatedFile(file: string, what: string, cause?: unknown): StitchError {
  return new StitchError(
    'truncated-file',
    `${file}: ${what}. Copy the file again from the microscope, or leave this tile out.`,
    { file },
    { cause },
  );
}

/** A known format in a variant that is refused: `variant` names it, `nextStep` says what to do instead. */
export function unsupportedImage(
  file: string,
  variant: string,
  nextStep = 'Save it as 8- or 16-bit greyscale TIFF (no compression, LZW or Deflate) and drop it again',
): StitchError {
  return new StitchError('unsupported-image', `${file}: ${variant}. ${nextStep}.`, { file, variant });
}

/** `file` holds bytes that contradict the format: `what` says which. */
export function corruptImage(file: string, what: string, cause?: unknown): StitchError {
  return new StitchError(
    'truncated-file',
    `${file}: ${what}. The file is damaged: copy it again, or leave this tile out.`,
    { file },
    { cause },
  );
}

/** `file` asks for more than a declared limit: `what` says for what, `nextStep` what to do instead. */
export function tooLarge(file: string, what: string, nextStep: string): StitchError {
  return new StitchError('too-large', `${file}: ${what}. ${nextStep}.`, { file });
}
