import { describe, expect, it } from 'vitest';
import { tileId } from '../../../core/tiles/tile.ts';
import type { MovedRequest } from '../../../../workers/protocol.ts';
import { MovedPictures } from './moved-pictures.ts';

const request = (e: number, side = 500): MovedRequest => ({
  tile: tileId('a'),
  mosaicFromTile: { a: 1, b: 0, c: 0, d: 1, e, f: 0 },
  rect: { x: 0, y: 0, width: side, height: side },
  scale: 1,
  display: { low: 0, high: 255, gamma: 1, invert: false },
  view: 'blend',
});

/** A worker whose answers are given one by one. */
function slowWorker() {
  const asked: {
    readonly request: MovedRequest;
    readonly signal: AbortSignal;
    readonly answer: () => Promise<void>;
  }[] = [];
  const closed: number[] = [];
  const seen: string[] = [];
  const errors: unknown[] = [];
  const pictures = new MovedPictures<{ close(): void }>({
    render: (wanted, signal) =>
      new Promise((resolve, reject) => {
        const answer = async () => {
          resolve({ close: () => void closed.push(wanted.mosaicFromTile.e) });
          await new Promise((done) => setTimeout(done));
        };
        signal.addEventListener('abort', () => reject(new DOMException('given up', 'AbortError')));
        asked.push({ request: wanted, signal, answer });
      }),
    onChange: () => void seen.push(`${pictures.shown?.request.mosaicFromTile.e} at ${pictures.shown?.request.scale}`),
    onError: (error) => void errors.push(error),
  });
  return { pictures, asked, closed, seen, errors };
}

describe('pictures of a held tile', () => {
  it('are made one at a time, and the newest wish is next', async () => {
    const { pictures, asked, closed, seen } = slowWorker();
    for (const e of [1, 2, 3, 4]) pictures.want(request(e));
    expect(asked).toHaveLength(1);
    await asked[0].answer();
    expect(asked.map(({ request: { mosaicFromTile } }) => mosaicFromTile.e)).toEqual([1, 4]);
    expect([seen, pictures.isSettled]).toEqual([['1 at 1'], false]);
    await asked[1].answer();
    expect([seen, pictures.isSettled, closed]).toEqual([['1 at 1', '4 at 1'], true, [1]]);
    pictures.want(request(4));
    expect(asked).toHaveLength(2);
  });

  it('are coarse first where they are large; a newer wish gives up the finer one, never the coarse one', async () => {
    const { pictures, asked, seen } = slowWorker();
    pictures.want(request(1, 2000));
    // 4 million px at a scale of 1, a million first
    expect(asked[0].request.scale).toBeCloseTo(0.5, 9);
    pictures.want(request(2, 2000));
    expect(asked[0].signal.aborted).toBe(false);
    await asked[0].answer();
    await asked[1].answer();
    expect(asked[2].request).toEqual(request(2, 2000));
    pictures.want(request(3, 2000));
    expect(asked[2].signal.aborted).toBe(true);
    await new Promise((done) => setTimeout(done));
    await asked[3].answer();
    await asked[4].answer();
    expect(seen.map((text) => text.slice(0, 6))).toEqual(['1 at 0', '2 at 0', '3 at 0', '3 at 1']);
    expect(pictures.isSettled).toBe(true);
  });

  it('end with the tool: what is on its way is closed, and nobody hears of it', async () => {
    const { pictures, asked, closed, seen, errors } = slowWorker();
    pictures.want(request(1));
    await asked[0].answer();
    pictures.want(request(2));
    pictures.dispose();
    await new Promise((done) => setTimeout(done));
    expect([seen, closed, errors, pictures.shown]).toEqual([['1 at 1'], [1], [], null]);
  });

  it('that fail are told of once, and a newer wish is tried', async () => {
    const errors: unknown[] = [];
    let isBroken = true;
    const pictures = new MovedPictures<{ close(): void }>({
      render: async () => {
        if (isBroken) throw new Error('the tile cannot be read');
        return { close: () => undefined };
      },
      onChange: () => undefined,
      onError: (error) => void errors.push(error),
    });
    pictures.want(request(1));
    await new Promise((done) => setTimeout(done));
    pictures.want(request(1));
    await new Promise((done) => setTimeout(done));
    expect(errors).toHaveLength(1);
    isBroken = false;
    pictures.want(request(2));
    await new Promise((done) => setTimeout(done));
    expect(pictures.isSettled).toBe(true);
  });
});
