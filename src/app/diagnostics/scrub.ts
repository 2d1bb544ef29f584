/** Names of the user's files and folders, each with the word that stands for it. */
export type NameTokens = ReadonlyMap<string, string>;

/** Shorter names say nothing of anybody, and would be found inside of other words. */
const shortestName = 3;

/** Adds the parts of a dropped path: the whole, its folders, the file's name and that without its ending. */
export function addNames(tokens: Map<string, string>, path: string): void {
  const segments = path.split('/').filter((segment) => segment !== '');
  const file = segments.at(-1) ?? '';
  const known = tokens.get(path) ?? `file ${count(tokens, 'file ') + 1}`;
  const set = (name: string, token: string) => {
    if (name.length >= shortestName && !tokens.has(name)) tokens.set(name, token);
  };
  set(path, known);
  set(file, known);
  set(file.replace(/\.[^.]*$/, ''), known);
  for (const folder of segments.slice(0, -1)) set(folder, `folder ${count(tokens, 'folder ') + 1}`);
}

function count(tokens: NameTokens, kind: string): number {
  return new Set([...tokens.values()].filter((token) => token.startsWith(kind))).size;
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
