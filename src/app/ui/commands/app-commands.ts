import type { TextExportKind } from '../../../../workers/protocol.ts';
import { handOffs } from '../../../formats/index.ts';
import type { HandOffDescriptor } from '../../../formats/index.ts';
import { noTool, type Tool } from '../../state/edits.ts';
import { isSidePanelOpen } from '../../state/attention.ts';
import { namedFiles } from '../../state/dropped-files.ts';
import { updateSlice, type AppState } from '../../state/store.ts';
import type { ResultTab } from '../../state/view.ts';
import { pinHere } from '../edits/pin-here.ts';
import { pickFiles } from '../pick-files.ts';
import type { Command, CommandContext } from './command.ts';

const always = (): boolean => true;
const hasTiles = ({ project }: AppState): boolean => project.tiles.length > 0;
const isEmpty = ({ project }: AppState): boolean => project.tiles.length === 0;
const isRunning = ({ job }: AppState): boolean => job.current.kind === 'running';
const isRun = ({ result }: AppState): boolean => result.run !== null;
const isTileChosen = ({ result, view }: AppState): boolean => result.run !== null && view.selectedTile !== null;

function pick({ jobs }: CommandContext, kind: 'folder' | 'files'): void {
  pickFiles(kind, (files) => void jobs.addFiles(namedFiles(files)));
}

/** What Escape closes, the uppermost first; what has the focus, a dialog or a menu takes the key before them. */
const closingCommands: readonly Command[] = [
  {
    id: 'dismiss-error',
    title: 'Dismiss the message',
    group: 'Help',
    keys: ['Esc'],
    isPossible: ({ job }) => job.errors.length > 0,
    run: ({ store, jobs }) => {
      const last = store.getState().job.errors.at(-1);
      if (last) jobs.dismissError(last.id);
    },
  },
  {
    id: 'leave-tool',
    title: 'Put the tool down: nothing is changed',
    group: 'Corrections',
    keys: ['Esc'],
    isPossible: ({ tool }) => tool.tool !== null,
    run: ({ store }) => updateSlice(store, 'tool', () => noTool),
  },
];

const projectCommands: readonly Command[] = [
  {
    id: 'stitch',
    title: 'Stitch',
    group: 'Project',
    keys: ['Ctrl+Enter'],
    isPossible: (state) => state.project.edits.layout !== null && state.project.tiles.length > 1 && !isRunning(state),
    run: ({ jobs }) => void jobs.stitch(),
  },
  {
    id: 'cancel',
    title: 'Cancel what is running; finished pairs are kept',
    group: 'Project',
    keys: ['Ctrl+.'],
    isPossible: isRunning,
    run: ({ jobs }) => jobs.cancel(),
  },
  {
    id: 'undo',
    title: 'Undo',
    group: 'Project',
    keys: ['Ctrl+Z'],
    isPossible: ({ project }) => project.past.length > 0,
    run: ({ jobs }) => jobs.undo(),
  },
  {
    id: 'redo',
    title: 'Redo',
    group: 'Project',
    keys: ['Ctrl+Shift+Z', 'Ctrl+Y'],
    isPossible: ({ project }) => project.future.length > 0,
    run: ({ jobs }) => jobs.redo(),
  },
  {
    id: 'choose-folder',
    title: 'Open or add a folder of tiles',
    group: 'Project',
    keys: [],
    isPossible: always,
    run: (context) => pick(context, 'folder'),
  },
  {
    id: 'choose-files',
    title: 'Open or add files',
    group: 'Project',
    keys: [],
    isPossible: always,
    run: (context) => pick(context, 'files'),
  },
  {
    id: 'watch-folder',
    title: 'Watch the folder, or stop it: tiles are taken in as they are written',
    group: 'Project',
    keys: [],
    isPossible: ({ watch }) => watch.canWatch,
    run: ({ watch }) => watch.toggle(),
  },
  {
    id: 'pick-watched',
    title: 'Open a folder and watch it',
    group: 'Project',
    keys: [],
    isPossible: (state) => isEmpty(state) && 'showDirectoryPicker' in globalThis,
    run: ({ watch }) => watch.pick?.(),
  },
  {
    id: 'open-project',
    title: 'Open a project or options file',
    group: 'Project',
    keys: ['Ctrl+O'],
    isPossible: always,
    run: ({ jobs }) => pickFiles('files', ([file]) => void (file && jobs.session.openFile(file))),
  },
  {
    id: 'open-sample',
    title: 'Open the built-in sample',
    group: 'Project',
    keys: [],
    isPossible: isEmpty,
    run: ({ jobs }) => void jobs.openSample(),
  },
  {
    id: 'test-matcher',
    title: 'Check this browser: stitch a grid with known truth',
    group: 'Project',
    keys: [],
    isPossible: (state) => !isRunning(state),
    run: ({ jobs }) => void jobs.testMatcher(),
  },
  {
    id: 'start-over',
    title: 'Start over with other tiles',
    group: 'Project',
    keys: [],
    isPossible: hasTiles,
    run: ({ jobs }) => jobs.startOver(),
  },
  {
    id: 'side-panel',
    title: 'Show or hide layout and options',
    group: 'Project',
    keys: ['\\'],
    isPossible: hasTiles,
    run: ({ store }) => {
      const next = isSidePanelOpen(store.getState()) ? 'closed' : 'open';
      updateSlice(store, 'view', (view) => ({ ...view, sidePanel: next }));
    },
  },
];

const tabTitles: readonly (readonly [ResultTab, string])[] = [
  ['links', 'Go to the links'],
  ['inspector', 'Go to the inspector'],
  ['corrections', 'Go to the corrections'],
  ['tiles', 'Go to the tiles'],
  ['export', 'Go to export'],
  ['acquisition', 'Go to what the tiles say of the microscope'],
];

const tabCommands = tabTitles.map(([tab, title]): Command => ({
  id: `tab-${tab}`,
  title,
  group: 'Project',
  keys: [],
  isPossible: isRun,
  run: ({ store }) => updateSlice(store, 'view', (view) => ({ ...view, tab })),
}));

/** A tool for the tile that is chosen on the mosaic. */
function tool(id: string, title: string, toolFor: (tile: Tool['tile']) => Tool): Command {
  return {
    id,
    title,
    group: 'Corrections',
    keys: [],
    isPossible: isTileChosen,
    run: ({ store }) => {
      const { selectedTile } = store.getState().view;
      if (selectedTile !== null) updateSlice(store, 'tool', () => ({ tool: toolFor(selectedTile) }));
    },
  };
}

const correctionCommands: readonly Command[] = [
  tool('move-tile', 'Move or turn the chosen tile', (tile) => ({ kind: 'move', tile })),
  {
    id: 'pin-tile',
    title: 'Pin the chosen tile where it is',
    group: 'Corrections',
    keys: [],
    isPossible: isTileChosen,
    run: ({ store, jobs }) => {
      const { result, view } = store.getState();
      if (result.run && view.selectedTile !== null) pinHere(result.run, view.selectedTile, jobs.corrections.add);
    },
  },
  {
    id: 'raise-tile',
    title: 'Put the chosen tile on top',
    group: 'Corrections',
    keys: [],
    isPossible: isTileChosen,
    run: ({ store, jobs }) => {
      const { selectedTile } = store.getState().view;
      if (selectedTile !== null) jobs.corrections.add({ kind: 'raise-tile', tile: selectedTile });
    },
  },
  tool('mask-rectangle', 'Mask a rectangle of the chosen tile', (tile) => ({ kind: 'mask', tile, shape: 'rectangle' })),
  tool('mask-polygon', 'Mask a polygon of the chosen tile', (tile) => ({ kind: 'mask', tile, shape: 'polygon' })),
  {
    id: 'put-tool-down',
    title: 'Give up the tool',
    group: 'Corrections',
    keys: ['Esc'],
    isPossible: (state) => state.tool.tool !== null,
    run: ({ store }) => updateSlice(store, 'tool', () => ({ tool: null })),
  },
];

function textFile(kind: TextExportKind, title: string): Command {
  return {
    id: `export-${kind}`,
    title,
    group: 'Files',
    keys: [],
    isPossible: isRun,
    run: ({ jobs }) => void jobs.exportText(kind),
  };
}

const fileCommands: readonly Command[] = [
  {
    id: 'save-project',
    title: 'Save the project as a file',
    group: 'Files',
    keys: ['Ctrl+S'],
    isPossible: hasTiles,
    run: ({ jobs }) => void jobs.session.saveFile(),
  },
  {
    id: 'save-options',
    title: 'Save the options as a file',
    group: 'Files',
    keys: [],
    isPossible: hasTiles,
    run: ({ jobs }) => jobs.session.saveOptions(),
  },
  {
    id: 'copy-link',
    title: 'Copy a link to this view, with the options',
    group: 'Files',
    keys: [],
    isPossible: isRun,
    run: ({ jobs }) => void navigator.clipboard.writeText(location.href).catch(jobs.report),
  },
  textFile('report', 'Export the report (HTML and JSON)'),
  textFile('solution', 'Export solution.json'),
  textFile('links-csv', 'Export links.csv'),
  textFile('tile-configuration', 'Export for Fiji (TileConfiguration)'),
  ...Object.values<HandOffDescriptor>(handOffs).map(({ id, label }) =>
    textFile(id as TextExportKind, `Export for ${label}`),
  ),
];

const helpCommands: readonly Command[] = [
  {
    id: 'find-update',
    title: 'Look for a new version',
    group: 'Help',
    keys: [],
    isPossible: ({ offline }) => offline.status.kind === 'ready' && !offline.hasUpdate,
    run: ({ offline, jobs }) => void offline.findUpdate().catch(jobs.report),
  },
  {
    id: 'take-update',
    title: 'Reload with the new version',
    group: 'Help',
    keys: [],
    isPossible: ({ offline }) => offline.hasUpdate,
    run: ({ offline }) => offline.takeUpdate(),
  },
  {
    id: 'install',
    title: 'Install as an app',
    group: 'Help',
    keys: [],
    isPossible: ({ offline }) => offline.canInstall,
    run: ({ offline }) => offline.install(),
  },
  {
    id: 'palette',
    title: 'All commands',
    group: 'Help',
    keys: ['Ctrl+K'],
    isPossible: always,
    run: ({ show }) => show('palette'),
  },
  { id: 'keys', title: 'All keys', group: 'Help', keys: ['?'], isPossible: always, run: ({ show }) => show('keys') },
  {
    id: 'diagnostics',
    title: 'Diagnostics',
    group: 'Help',
    keys: [],
    isPossible: always,
    run: ({ show }) => show('diagnostics'),
  },
];

/** What concerns the project as a whole: files, runs, undo, tools, help. */
export const appCommands: readonly Command[] = [
  ...closingCommands,
  ...projectCommands,
  ...tabCommands,
  ...correctionCommands,
  ...fileCommands,
  ...helpCommands,
];
