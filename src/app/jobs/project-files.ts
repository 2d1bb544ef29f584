import { countText, namesText } from '../../core/count-text.ts';
import { StitchError } from '../../core/errors.ts';
import type { NamedFile, ProjectFile, StitchClient } from '../../../workers/protocol.ts';
import { compareNames } from '../../core/tiles/name-fields.ts';
import { tileId } from '../../core/tiles/tile.ts';
import { givenLayout } from '../state/given-layout.ts';
import { resolveLayout, type LayoutChoice } from '../state/layout-choice.ts';
import type { ProjectState } from '../state/project.ts';
import { withNamesThen, type RenamedFiles } from '../state/renamed-files.ts';

/**
 * How a project had its tiles, whose names say something else now: its choice is made once more with the names of then.
 * Null where no name is another, or where none was asked for the layout.
 */
export async function layoutAsSaved(
  { tiles, inspection }: ProjectState,
  saved: ProjectFile,
  renamed: RenamedFiles,
  client: Pick<StitchClient, 'inferLayout'>,
  signal: AbortSignal,
): Promise<LayoutChoice | null> {
  const { layoutChoice, overlap } = saved;
  // In the order in which files are read: which reading is the first depends on it.
  const then = [...withNamesThen(tiles, renamed)].sort((p, q) => compareNames(p.file, q.file));
  const isRenamed = then.some(({ id, file, page }) => tileId(file, page) !== id);
  if (!isRenamed || layoutChoice.kind === 'stage' || layoutChoice.kind === 'given' || tiles.length < 2) return null;
  const positionTables = (inspection?.positionTables ?? []).map((table) => ({
    ...table,
    path: [...renamed.now].find(([, path]) => path === table.path)?.[0] ?? table.path,
  }));
  const ranking = layoutChoice.kind === 'hypothesis' ? await client.inferLayout(then, signal, () => undefined) : null;
  const { layout } = resolveLayout(layoutChoice, overlap, { tiles: then, ranking, positionTables });
  return layout && { kind: 'given', layout: givenLayout(layout) };
}

/** None of the files is known to the project. */
export function strangeFiles({ name, files }: ProjectFile): StitchError {
  const [{ path: example }] = files;
  return new StitchError(
    'project-files',
    `None of these files belongs to the project "${name}", by its content. It was made from ${files.length} files such as ${example}.`,
  );
}

/** Some of the files are known: which are not there, and which have other content. */
export function filesMissing(saved: ProjectFile, files: readonly NamedFile[], { missing }: RenamedFiles): StitchError {
  const paths = new Set(files.map(({ path }) => path));
  const changed = missing.filter((path) => paths.has(path));
  const absent = missing.filter((path) => !paths.has(path));
  const sentences = [
    absent.length > 0 &&
      `${absent.length} of the ${saved.files.length} files of the project "${saved.name}" ${absent.length === 1 ? 'is' : 'are'} not among these: ${listed(absent)}.`,
    changed.length > 0 &&
      `${changed.length === 1 ? 'One file has' : `${changed.length} files have`} other content than in the project "${saved.name}": ${listed(changed)}. Look at the corrections of ${changed.length === 1 ? 'this tile' : 'these tiles'}: they may not fit any more.`,
    'The rest is as it was.',
  ];
  return new StitchError('project-files', sentences.filter(Boolean).join(' '));
}

/** Corrections that cannot be meant were switched off. */
export function brokenCorrections({ name, corrections }: ProjectFile, faults: readonly string[]): StitchError {
  const count = `${faults.length} of ${countText(corrections.length, 'correction')}`;
  return new StitchError(
    'bad-project',
    `${count} of the project "${name}" cannot be meant and ${faults.length === 1 ? 'is' : 'are'} switched off: ${listed(faults)}. Everything else is as it was; look under Corrections.`,
  );
}

/** So many names are said. */
const namesShown = 3;

const listed = (paths: readonly string[]) => namesText(paths, namesShown);
