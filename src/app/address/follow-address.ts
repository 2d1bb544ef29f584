import type { StitchClient } from '../../../workers/protocol.ts';
import { StitchError } from '../../core/errors.ts';
import { defaultStitchOptions } from '../../core/options.ts';
import { withError } from '../state/job.ts';
import { difference, merged } from '../state/plain-changes.ts';
import { updateSlice, type AppState, type AppStore } from '../state/store.ts';
import { linkOf, readLink, type LinkedPlace } from '../state/view-link.ts';

/** The address is written at most this often, ms: browsers refuse more than about six times a second. */
const writePeriodMs = 300;

/**
 * Keeps the view and the options in the address after `#`, and takes up what a link says there: settings at once, the
 * place on the mosaic as soon as there is one. Nothing of it ever leaves the machine.
 */
export function followAddress(store: AppStore, client: Pick<StitchClient, 'parseOptions'>, page: Window): void {
  /** What a link says of a mosaic that is not there yet. */
  let pending: LinkedPlace | null = null;
  let timer: ReturnType<typeof setTimeout> | null = null;

  const write = () => {
    timer = null;
    // A link that has not been followed to its place stays.
    if (pending) return;
    const { view, result, project } = store.getState();
    const link = new URLSearchParams(linkOf(view, result.run !== null));
    const changed = difference(project.edits.options, defaultStitchOptions);
    if (changed !== undefined) link.set('options', JSON.stringify(changed));
    const { pathname, search, hash } = page.location;
    const text = link.toString();
    if (hash.replace(/^#/, '') === text) return;
    page.history.replaceState(null, '', `${pathname}${search}${text && `#${text}`}`);
  };

  const goToPlace = (place: LinkedPlace) => {
    const { viewport = null, ...rest } = place;
    updateSlice(store, 'view', (view) => ({ ...view, ...rest, wantedViewport: viewport ?? view.wantedViewport }));
  };

  const read = () => {
    const { settings, place } = readLink(page.location.hash);
    const text = new URLSearchParams(page.location.hash.slice(1)).get('options');
    updateSlice(store, 'view', (view) => ({ ...view, ...settings }));
    if (text !== null) void takeOptions(store, client, text);
    if (store.getState().result.run) goToPlace(place);
    else if (Object.keys(place).length > 0) pending = place;
  };

  read();
  page.addEventListener('hashchange', read);
  store.subscribe((now, before) => {
    // Contrast and contents are settled when the job is done.
    if (pending && now.result.run && now.job.current.kind === 'done') {
      const place = pending;
      pending = null;
      goToPlace(place);
    }
    if (isWorthWriting(now, before)) timer ??= setTimeout(write, writePeriodMs);
  });
}

function isWorthWriting({ view, result, project }: AppState, before: AppState): boolean {
  return (
    (view !== before.view && view.cursor === before.view.cursor) ||
    result.run !== before.result.run ||
    project.edits.options !== before.project.edits.options
  );
}

/**
 * Options of a link are held to the schema of options files; those that it does not accept are left alone, and that is
 * said. What cannot be checked because a worker was lost is checked again on a fresh one.
 */
async function takeOptions(store: AppStore, client: Pick<StitchClient, 'parseOptions'>, text: string): Promise<void> {
  try {
    const said: unknown = JSON.parse(text);
    const asked = JSON.stringify({ kind: 'em-stitch-options', ...merged(defaultStitchOptions, said) });
    const check = () => client.parseOptions(asked, 'the address');
    const options = await check().catch((error: unknown) => {
      if (error instanceof StitchError && error.code === 'bad-options') throw error;
      return check();
    });
    updateSlice(store, 'project', (now) => ({ ...now, edits: { ...now.edits, options } }));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const message = `The options in the address are not used (${why}). Set them in the panel, or open the link again.`;
    updateSlice(store, 'job', (job) => withError(job, new StitchError('bad-options', message, {}, { cause })));
  }
}
