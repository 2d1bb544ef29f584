import * as v from 'valibot';
import { maskUses } from '../core/edits/edit.ts';
import type { EditList } from '../core/edits/edit.ts';
import { StitchError } from '../core/errors.ts';
import { maxGridLines } from './limits.ts';
import { checkedOptions, issueText, jsonOf } from './options-json.ts';

const finite = v.pipe(v.number(), v.finite());
const positive = v.pipe(finite, v.gtValue(0));
const count = v.pipe(v.number(), v.integer(), v.minValue(0));
/** Of a tile's side; neighbours that leave a gap have less than none. */
const share = v.pipe(finite, v.minValue(-1), v.ltValue(1));
const name = v.pipe(v.string(), v.minLength(1));
const point = v.object({ x: finite, y: finite });
const pose = v.object({ x: finite, y: finite, thetaRad: finite });
const rect = v.object({ x: finite, y: finite, width: positive, height: positive });

const editSchema = v.variant('kind', [
  v.object({ kind: v.literal('exclude-link'), a: name, b: name }),
  v.object({ kind: v.literal('restore-link'), a: name, b: name }),
  v.object({ kind: v.literal('pin-tile'), tile: name, pose, sigmaPx: positive }),
  v.object({ kind: v.literal('landmark'), a: name, b: name, inA: point, inB: point, sigmaPx: positive }),
  v.object({
    kind: v.literal('link-tiles'),
    pair: v.object({ a: name, b: name, aFromB: pose, sigmaPx: positive, expectedOverlap: v.nullable(rect) }),
  }),
  v.object({
    kind: v.literal('mask-tile'),
    tile: name,
    polygon: v.pipe(v.array(point), v.minLength(3)),
    use: v.picklist(maskUses),
  }),
  v.object({ kind: v.literal('raise-tile'), tile: name }),
]);

const lines = v.pipe(count, v.minValue(1), v.maxValue(maxGridLines));
const scan = v.object({
  rows: lines,
  columns: lines,
  order: v.object({
    axis: v.picklist(['row', 'column']),
    path: v.picklist(['raster', 'snake']),
    corner: v.picklist(['top-left', 'top-right', 'bottom-left', 'bottom-right']),
  }),
});

const layoutChoice = v.variant('kind', [
  v.object({ kind: v.literal('hypothesis'), index: count }),
  v.object({ kind: v.literal('pattern'), pattern: v.string(), scan: v.nullable(scan) }),
  v.object({ kind: v.literal('scan'), scan }),
  v.object({ kind: v.literal('table'), path: v.string() }),
  v.object({ kind: v.literal('stage') }),
  v.object({
    kind: v.literal('given'),
    layout: v.variant('kind', [
      v.object({
        kind: v.literal('grid'),
        rows: lines,
        columns: lines,
        overlap: v.object({ x: share, y: share }),
        places: v.pipe(v.array(v.object({ tile: name, row: count, column: count })), v.readonly()),
      }),
      v.object({
        kind: v.literal('positions'),
        sigmaPx: positive,
        places: v.pipe(v.array(v.object({ tile: name, x: finite, y: finite, thetaRad: finite })), v.readonly()),
      }),
    ]),
  }),
]);

/** What `kind` says in a project file. */
const projectKind = 'em-stitch-project';

/** The format of this version; one that comes after it turns the older into its own here, before the check. */
const projectVersion = 1;

const projectSchema = v.object({
  kind: v.literal(projectKind),
  version: v.literal(projectVersion),
  /** What the user calls it: the dropped folder. */
  name: v.string(),
  /** The files, with the paths they have in the drop and their identity by content (`fileIdentity`). */
  files: v.pipe(v.array(v.object({ path: name, size: count, identity: v.string() })), v.minLength(1)),
  pages: v.variant('kind', [v.object({ kind: v.literal('page'), page: count }), v.object({ kind: v.literal('all') })]),
  group: v.nullable(v.string()),
  layoutChoice,
  overlap: v.nullable(v.object({ x: share, y: share })),
  /** Checked by `checkedOptions`. */
  options: v.unknown(),
  corrections: v.array(v.object({ id: name, isOn: v.boolean(), edit: editSchema })),
  /** True when there was a mosaic, or one under way: it is made again at once. */
  isStitched: v.boolean(),
  view: v.object({
    tab: v.string(),
    selectedPair: v.nullable(v.string()),
    viewport: v.nullable(v.object({ x: finite, y: finite, zoom: positive })),
  }),
});

type Parsed = v.InferOutput<typeof projectSchema>;

/** A project without its pixels: who has the same files sees the same mosaic. */
export type ProjectFile = Omit<Parsed, 'options' | 'corrections'> & {
  readonly options: ReturnType<typeof checkedOptions>;
  readonly corrections: EditList;
};

/** The project as text. */
export function writeProject(project: ProjectFile): string {
  return `${JSON.stringify(project, null, 1)}\n`;
}

/**
 * Reads a project file.
 * @throws StitchError `bad-project` naming the place; `bad-options` for one in its options.
 */
export function parseProject(text: string, file = 'the project file'): ProjectFile {
  const json = jsonOf(text, file, 'bad-project');
  const version = v.safeParse(v.object({ kind: v.literal(projectKind), version: v.number() }), json);
  if (version.success && version.output.version > projectVersion)
    throw new StitchError(
      'bad-project',
      `${file} was saved by a newer version of this app (format ${version.output.version}, known here: ${projectVersion}). Reload the page to get it, and open the project again.`,
      { file },
    );
  const parsed = v.safeParse(projectSchema, json);
  if (!parsed.success)
    throw new StitchError(
      'bad-project',
      `${file} is no project that can be opened: ${issueText(parsed.issues[0])}. Choose another file, or correct this place.`,
      {
        file,
      },
    );
  const { options, corrections, ...rest } = parsed.output;
  // The schema is the check of what TileId brands.
  return { ...rest, options: checkedOptions(options, file), corrections: corrections as unknown as EditList };
}
