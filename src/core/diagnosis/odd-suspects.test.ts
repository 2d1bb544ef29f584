import { describe, expect, it } from 'vitest';
import { StitchError } from '../errors.ts';
import type { RejectionReason } from '../matching/link.ts';
import { silentContext } from '../progress.ts';
import { sampleTexture, spotTexture } from '../testing/analytic-texture.ts';
import { tileId } from '../tiles/tile.ts';
import type { Tile, TileReader } from '../tiles/tile.ts';
import { findOddTiles, oddTileSentence } from './tile-orientation.ts';
import type { PairOutcome } from './tile-orientation.ts';

const side = 40;
const names = 'abcdefghijklmnopqrstuvwxyz'.split('');
const tileOf = (name: string): Tile => ({
  ...{ id: tileId(name), file: name, page: 0, channels: 1, sampleType: 'float32', pixelSizeNm: null, stage: null },
  size: { width: side, height: side },
});
const tiles = names.map(tileOf);

function outcome(a: string, b: string, reason: RejectionReason | 'link', x = 30, y = 0): PairOutcome {
  const pair = { a: tileId(a), b: tileId(b), aFromB: { x, y, thetaRad: 0 }, sigmaPx: 3, expectedOverlap: null };
  return reason === 'link' ? { kind: 'link', pair } : { kind: 'rejected', pair, reason };
}

/** The tiles that are looked at, in order: the reader knows none of them. */
async function suspects(...pairs: readonly PairOutcome[]) {
  const read: string[] = [];
  const reader: TileReader = {
    read: async (tile) => {
      read.push(tile);
      throw new StitchError('unreadable-file', `${tile} is gone.`);
    },
  };
  expect(await findOddTiles(pairs, tiles, reader, silentContext)).toEqual([]);
  return read;
}

describe('tiles that are looked at', () => {
  it('have more failed pairs than links, most failures first, then by name', async () => {
    expect(
      await suspects(
        outcome('a', 'b', 'no-consensus'),
        outcome('b', 'c', 'no-consensus'),
        outcome('c', 'd', 'no-consensus'),
        outcome('d', 'e', 'link'),
        outcome('b', 'e', 'link'),
      ),
    ).toEqual(['b', 'c', 'a']);
    expect(await suspects(outcome('x', 'y', 'link'))).toEqual([]);
  });

  it('do not fail by what could not be read or was blank', async () => {
    expect(await suspects(outcome('a', 'b', 'read-failed'), outcome('b', 'c', 'no-texture'))).toEqual([]);
  });

  it('are twelve at most', async () => {
    const pairs = names.slice(1).map((name) => outcome('a', name, 'no-consensus'));
    expect(await suspects(...pairs)).toEqual(names.slice(0, 12));
  });

  it('stop the search where reading fails in a way that nobody foresaw, or is cancelled', async () => {
    const failing = (error: Error): TileReader => ({ read: () => Promise.reject(error) });
    const pairs = [outcome('a', 'b', 'no-consensus')];
    await expect(findOddTiles(pairs, tiles, failing(new Error('a bug')), silentContext)).rejects.toThrow('a bug');
    const abort = Object.assign(new StitchError('unreadable-file', 'stopped'), { name: 'AbortError' });
    await expect(findOddTiles(pairs, tiles, failing(abort), silentContext)).rejects.toThrow('stopped');
  });
});

describe('a mirrored tile', () => {
  const texture = spotTexture(4, 5);
  const view = (x: number, y: number, isMirrored = false) => {
    const pose = isMirrored
      ? { a: -1, b: 0, c: 0, d: 1, e: x + side - 1, f: y }
      : { a: 1, b: 0, c: 0, d: 1, e: x, f: y };
    return sampleTexture(texture, side, side, pose);
  };
  const readerOf = (
    rasters: Readonly<Record<string, ReturnType<typeof view>>>,
  ): TileReader & { readonly asked: string[] } => {
    const asked: string[] = [];
    return {
      asked,
      read: async (tile) => {
        asked.push(tile);
        return [rasters[tile]];
      },
    };
  };

  it.each([
    ['right of it', 28, 0],
    ['left of it', -28, 0],
    ['below it', 0, 28],
    ['above it', 0, -28],
  ])('is told by a neighbour %s, first or second of the pair', async (_, x, y) => {
    const rasters = { a: view(0, 0, true), b: view(x, y), c: view(-x, -y) };
    const [odd] = await findOddTiles(
      [outcome('a', 'b', 'no-consensus', x, y), outcome('c', 'a', 'no-consensus', x, y)],
      tiles,
      readerOf(rasters),
      silentContext,
    );
    expect(odd).toMatchObject({ tile: 'a', oddity: { mirrored: true, quarterTurns: 0, reversed: false } });
    expect(odd.correlation).toBeGreaterThan(0.9);
    expect(odd.correlation).toBeLessThanOrEqual(1);
    expect(odd.rival).toBeLessThan(odd.correlation / 1.5);
  });

  it('is read once, and spoils nothing of its neighbours', async () => {
    const reader = readerOf({ a: view(0, 0, true), b: view(28, 0), c: view(0, 28) });
    const found = await findOddTiles(
      [outcome('a', 'b', 'no-consensus', 28, 0), outcome('a', 'c', 'no-consensus', 0, 28)],
      tiles,
      reader,
      silentContext,
    );
    expect(found.map(({ tile }) => tile)).toEqual(['a']);
    expect(reader.asked).toEqual(['a', 'b', 'c']);
  });

  it('is not told by neighbours that do not overlap it, or are unknown', async () => {
    const rasters = { a: view(0, 0, true), b: view(28, 0) };
    const odd = (pairs: readonly PairOutcome[], known: readonly Tile[]) =>
      findOddTiles(pairs, known, readerOf(rasters), silentContext);
    expect(await odd([outcome('a', 'b', 'no-consensus', 39.5, 0)], tiles)).toEqual([]);
    expect(await odd([outcome('a', 'b', 'no-consensus', 28, 0)], [tileOf('a')])).toEqual([]);
  });
});

describe('the sentence of an odd tile', () => {
  const says = (mirrored: boolean, quarterTurns: 0 | 1 | 2 | 3, reversed: boolean) =>
    oddTileSentence({
      tile: tileId('a.tif'),
      oddity: { mirrored, quarterTurns, reversed },
      correlation: 0.876,
      rival: 0.1,
    });
  const tail =
    ': so it would fit its neighbours (correlation 0.88). Export it again as the others are, and replace it.';

  it('names all that is odd', () => {
    expect(says(true, 0, false)).toBe(`a.tif seems to be mirrored${tail}`);
    expect(says(false, 3, true)).toBe(`a.tif seems to be turned by 270° and reversed in contrast${tail}`);
    expect(says(false, 0, true)).toBe(`a.tif seems to be reversed in contrast${tail}`);
  });
});
