/** Every failure the product can name. Cause and next step of each stand in `errorTable`. */
export type ErrorCode =
  | 'no-tiles' // nothing in the drop is an image
  | 'one-tile' // a mosaic needs two
  | 'unreadable-file' // a file could not be read at all (I/O)
  | 'not-an-image' // the content is no image we know
  | 'truncated-file' // the image ends before its data do
  | 'unsupported-image' // a known format in a variant we refuse by name (1-bit, CMYK, …)
  | 'pattern-mismatch' // the name pattern does not fit the names
  | 'cell-taken' // two tiles in one grid cell
  | 'layout-unknown' // no layout could be inferred
  | 'bad-layout-file' // a positions file that cannot be used
  | 'bad-model' // a model bundle that does not match its manifest
  | 'altered-file' // a file of the app itself is not the one it was built with
  | 'bad-options' // an option out of its range
  | 'bad-project' // a file that is no project, or a project that does not hold
  | 'project-files' // the files are not those that a project was made from
  | 'bad-solution' // a solution.json that does not hold
  | 'inference-failed' // the network could not run
  | 'worker-lost' // a worker or the GPU device went away
  | 'storage-failed' // what the browser keeps between visits cannot be reached
  | 'write-failed' // the sink took fewer bytes than given, or none
  | 'too-large' // a declared limit is exceeded
  | 'numerical-failure'; // the solver met NaN or a singular system

/** What an error is about; every field is optional and plain data, so that it crosses a thread unchanged. */
export interface ErrorDetail {
  readonly file?: string;
  readonly pair?: readonly [string, string];
  readonly [key: string]: unknown;
}

/**
 * The one error type of the domain. The message names the file or pair and the next step.
 * An expected outcome is a value (`RejectedPair`), never this; an abort is rethrown untouched.
 */
export class StitchError extends Error {
  readonly code: ErrorCode;
  readonly detail: ErrorDetail;

  constructor(code: ErrorCode, message: string, detail: ErrorDetail = {}, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'StitchError';
    this.code = code;
    this.detail = detail;
  }
}

/** True for a cancellation (DOMException or Error named AbortError), which is passed on and never reported. */
export function isAbort(error: unknown): boolean {
  return error instanceof Error ? error.name === 'AbortError' : false;
}
