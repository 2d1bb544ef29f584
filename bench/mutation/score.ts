import { roomOf } from './list-mutants.ts';

/** What became of one mutant. */
export interface MutantResult {
  readonly key: string;
  /** Stryker's words: Killed, Timeout, Survived, NoCoverage, Ignored (static), RuntimeError. */
  readonly status: string;
  readonly covering: number;
}

/** The mutants of one room, counted. */
export interface RoomScore {
  readonly room: string;
  readonly killed: number;
  readonly timeout: number;
  readonly survived: number;
  readonly noCoverage: number;
  /** Found of those that count, in percent; Stryker's formula. */
  readonly score: number;
  /** Wilson's 95 % interval of it, in percent. */
  readonly low: number;
  readonly high: number;
  /** Not counted: what only runs while a module is loaded, and mutants that are no program. */
  readonly notCounted: number;
}

/**
 * Wilson's interval of a share, at 95 %.
 * @see Wilson, Probable inference, the law of succession, and statistical inference, 1927
 */
export function wilsonInterval(found: number, count: number): readonly [number, number] {
  if (count === 0) return [0, 1];
  const z = 1.96;
  const share = found / count;
  const scale = 1 + (z * z) / count;
  const centre = (share + (z * z) / (2 * count)) / scale;
  const half = (z / scale) * Math.sqrt((share * (1 - share)) / count + (z * z) / (4 * count * count));
  return [centre - half, centre + half];
}

/** One room's score. */
export function scoreOf(room: string, results: readonly MutantResult[]): RoomScore {
  const count = (status: string) => results.filter((result) => result.status === status).length;
  const [killed, timeout, survived, noCoverage] = ['Killed', 'Timeout', 'Survived', 'NoCoverage'].map(count);
  const counted = killed + timeout + survived + noCoverage;
  const [low, high] = wilsonInterval(killed + timeout, counted);
  const percent = (share: number) => Math.round(1000 * share) / 10;
  return {
    room,
    killed,
    timeout,
    survived,
    noCoverage,
    score: counted === 0 ? NaN : percent((killed + timeout) / counted),
    low: percent(low),
    high: percent(high),
    notCounted: results.length - counted,
  };
}

/** The score of every room, in order, then of all of core, of all of formats, and of both. */
export function scoreRooms(results: readonly MutantResult[]): readonly RoomScore[] {
  const roomOfResult = ({ key }: MutantResult) => roomOf(key.slice(0, key.indexOf(':')));
  const rooms = [...new Set(results.map(roomOfResult))].sort();
  const within = (name: string) => results.filter((result) => roomOfResult(result).split('/')[0] === name);
  return [
    ...rooms.map((room) =>
      scoreOf(
        room,
        results.filter((result) => roomOfResult(result) === room),
      ),
    ),
    scoreOf('all of core', within('core')),
    scoreOf('all of formats', within('formats')),
    scoreOf('both', results),
  ];
}
