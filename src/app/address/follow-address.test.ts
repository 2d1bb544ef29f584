import { describe, expect, it, vi } from 'vitest';
import { StitchError } from '../../core/errors.ts';
import { defaultStitchOptions, type StitchOptions } from '../../core/options.ts';
import { createAppStore } from '../state/store.ts';
import { followAddress } from './follow-address.ts';

/** The app opened by a link with these options; `check` stands for the worker that holds them to the schema. */
async function opened(text: string, check: (text: string) => Promise<StitchOptions>) {
  const store = createAppStore();
  const checked = vi.fn(check);
  const page = { location: { hash: `#options=${encodeURIComponent(text)}` }, addEventListener: () => undefined };
  followAddress(store, { parseOptions: checked }, page as unknown as Window);
  await new Promise((resolve) => setTimeout(resolve));
  const { project, job } = store.getState();
  return { matcher: project.edits.options.matcher, errors: job.errors, checked };
}

const accept = async (text: string) => ({ ...defaultStitchOptions, ...(JSON.parse(text) as Partial<StitchOptions>) });
const link = '{"matcher":"sift"}';

describe('the options of a link', () => {
  it('are taken up once a worker has checked them', async () => {
    const { matcher, errors } = await opened(link, accept);
    expect(matcher).toBe('sift');
    expect(errors).toEqual([]);
  });

  it('are checked again on a fresh worker when the first one is lost', async () => {
    let isFirst = true;
    const { matcher, errors } = await opened(link, async (text) => {
      if (!isFirst) return accept(text);
      isFirst = false;
      throw new StitchError('worker-lost', 'The file worker stopped: unknown reason.');
    });
    expect(matcher).toBe('sift');
    expect(errors).toEqual([]);
  });

  it('are not dropped without a word when no worker can be had', async () => {
    const lost = () => Promise.reject(new StitchError('worker-lost', 'The file worker stopped: unknown reason.'));
    const { matcher, errors, checked } = await opened(link, lost);
    expect(matcher).toBe(defaultStitchOptions.matcher);
    expect(checked).toHaveBeenCalledTimes(2);
    expect(errors).toMatchObject([
      { code: 'bad-options', message: expect.stringContaining('worker stopped') as string },
    ]);
  });

  it('are asked about once when the schema does not accept them, and that is said', async () => {
    const refused = () => Promise.reject(new StitchError('bad-options', 'the address: matcher is no matcher.'));
    const { errors, checked } = await opened('{"matcher":"tarot"}', refused);
    expect(checked).toHaveBeenCalledTimes(1);
    expect(errors).toMatchObject([{ code: 'bad-options' }]);
  });

  it('that are no JSON are named too', async () => {
    const { errors, checked } = await opened('{"matcher":', accept);
    expect(checked).not.toHaveBeenCalled();
    expect(errors).toHaveLength(1);
  });
});
