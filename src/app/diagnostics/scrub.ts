/** Names of the user's files and folders, each with the word that stands for it. */
export type NameTokens = ReadonlyMap<string, string>;

/** Shorter names say nothing of anybody, and would be found inside of other words. */
const shortestName = 3;

/** How many words for files and folders a list of names has given out: a count each time would be quadratic. */
const givenOut = new WeakMap<NameTokens, { file: number; folder: number }>();

/** Adds the parts of a dropped path: the whole, its folders, the file's name and that without its ending. */
export function addNames(tokens: Map<string, string>, path: string): void {
  const given = givenOut.get(tokens) ?? { file: 0, folder: 0 };
  givenOut.set(tokens, given);
  const segments = path.split('/').filter((segment) => segment !== '');
  const file = segments.at(-1) ?? '';
  const set = (name: string, token: string): boolean => {
    if (name.length < shortestName || tokens.has(name)) return false;
    tokens.set(name, token);
    return true;
  };
  const known = tokens.get(path);
  const token = known ?? `file ${given.file + 1}`;
  const isNew = [path, file, file.replace(/\.[^.]*$/, '')].map((name) => set(name, token)).includes(true);
  if (known === undefined && isNew) given.file++;
  for (const folder of segments.slice(0, -1)) if (set(folder, `folder ${given.folder + 1}`)) given.folder++;
}

const fileEndings = 'tiff?|ome|png|jpe?g|bmp|mrcs?|rec|st|mdoc|txt|csv|xml|json|onnx|hdr|zip|zarr|dzi';

/**
 * A sentence without anything that names the user, a folder or a file: known names become their tokens, longest first;
 * what looks like a quoted name, an address, a path or a file name becomes a word in angle brackets.
 */
export function scrub(text: string, tokens: NameTokens): string {
  let clean = text;
  for (const [name, token] of [...tokens].sort(([p], [q]) => q.length - p.length))
    if (clean.includes(name)) clean = clean.replaceAll(wholeName(name), token);
  return clean
    .replaceAll(/\b(?:https?|file|blob|data):[^\s"')]+/gi, '<address>')
    .replaceAll(/(^|[\s(:=])"(?=\S)[^"\n]*[\\/.][^"\n]*"/g, '$1"<name>"')
    .replaceAll(/“[^”\n]*”/g, '“<name>”')
    .replaceAll(/(?:\b[A-Za-z]:|\\)\\[^\n"'<>|]*/g, '<path>')
    .replaceAll(/(^|[\s("'=:])~?\/(?:[^\n"'<>|:/]+\/)+[^\s"'<>|:)]*/g, '$1<path>')
    .replaceAll(new RegExp(`[^\\s"'<>|]+\\.(${fileEndings})\\b`, 'gi'), '<name>.$1')
    .replaceAll(/[^\s"'<>|()]+@[^\s"'<>|()]+\.[a-z]{2,}/gi, '<address>');
}

/** The name where it is not a part of a longer word. */
function wholeName(name: string): RegExp {
  const literal = name.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
  const start = /^[\p{L}\p{N}]/u.test(name) ? '(?<![\\p{L}\\p{N}])' : '';
  const end = /[\p{L}\p{N}]$/u.test(name) ? '(?![\\p{L}\\p{N}])' : '';
  return new RegExp(`${start}${literal}${end}`, 'gu');
}
