import { relative, sep } from 'node:path';
import { StitchError } from '../src/core/errors.ts';
import { findStack, type Section, type Stack } from '../src/core/stack/find-stack.ts';
import { tileId } from '../src/core/tiles/tile.ts';
import type { ByteSource } from '../src/formats/image-file.ts';
import { readers } from '../src/formats/index.ts';
import { CommandError } from './arguments.ts';
import { listFolder } from './node-files.ts';

/** A folder with more entries than this is refused. */
const maxFiles = 5_000_000;

/** A stack as its names show it; no file has been opened. */
export interface NamedStack extends Stack {
  readonly sources: readonly ByteSource[];
}

/**
 * Lists a folder and finds its sections; what lies in `out` is a result, not a tile.
 * @throws StitchError `layout-unknown` when the names show no sections; `unreadable-file`, `no-tiles`
 */
export async function openStack(folder: string, out: string | undefined): Promise<NamedStack> {
  const results = out === undefined ? '..' : relative(folder, out).split(sep).join('/');
  const listed = await listFolder(folder, maxFiles);
  const sources = listed.filter(({ name }) => !name.startsWith(`${results}/`));
  const images = sources.filter(({ name }) => isImageName(name));
  if (images.length === 0)
    throw new StitchError('no-tiles', `${folder} holds no image; name the folder of the stack.`, { file: folder });
  const stack = findStack(
    images.map(({ name }) => ({ id: tileId(name), file: name, page: 0 })),
    true,
  );
  if (!stack)
    throw new StitchError(
      'layout-unknown',
      `The names in ${folder} show no stack: it needs two folders of tiles or more, or a slice index in the names ` +
        '(tile_r1_c2_s00007.tif). For one grid leave --stack out.',
      { file: folder },
    );
  return { ...stack, sources };
}

const extensions = new Set<string>(Object.values(readers).flatMap((reader) => reader.extensions));

function isImageName(name: string): boolean {
  return extensions.has(name.slice(name.lastIndexOf('.') + 1).toLowerCase());
}

/**
 * The files of one section: its images, and what lies beside them that belongs to one of them or to no image at all
 * (headers, lists of positions).
 */
export function sourcesOf(stack: NamedStack, section: Section): readonly ByteSource[] {
  const own = new Set<string>(section.tiles.map(({ file }) => file));
  const stems = new Set([...own].map(stemOf));
  const folders = new Set([...own].map(folderOf));
  const others = new Set(stack.sections.flatMap(({ tiles }) => tiles.map(({ file }) => stemOf(file))));
  return stack.sources.filter(({ name }) => {
    if (own.has(name)) return true;
    if (isImageName(name) || !folders.has(folderOf(name))) return false;
    return stems.has(stemOf(name)) || !others.has(stemOf(name));
  });
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1);
}

function stemOf(path: string): string {
  const dot = path.lastIndexOf('.');
  return dot > path.lastIndexOf('/') ? path.slice(0, dot) : path;
}

/**
 * The sections that `--sections` names: numbers and ranges (`3-7,12`) are the sections' own where they have them, else
 * their places in the list counted from one; anything else is a section's name.
 * @throws CommandError when an entry names no section
 */
export function chooseSections(sections: readonly Section[], text: string | undefined): readonly Section[] {
  if (text === undefined) return sections;
  const numberOf = (section: Section, place: number) => section.index ?? place + 1;
  const chosen = new Set<Section>();
  for (const entry of text.split(',').map((part) => part.trim())) {
    const range = /^(\d+)(?:-(\d+))?$/.exec(entry);
    const named = sections.filter(({ name }) => name === entry);
    const first = Number(range?.[1]);
    const last = Number(range?.[2] ?? range?.[1]);
    const found =
      named.length > 0 || !range
        ? named
        : sections.filter((section, place) => numberOf(section, place) >= first && numberOf(section, place) <= last);
    if (found.length === 0)
      throw new CommandError(
        `--sections: there is no section ${entry}; the stack has ${sections.length}, ` +
          `${numberOf(sections[0], 0)} (${sections[0].name}) to ${numberOf(sections[sections.length - 1], sections.length - 1)} ` +
          `(${sections[sections.length - 1].name})`,
      );
    for (const section of found) chosen.add(section);
  }
  return sections.filter((section) => chosen.has(section));
}
