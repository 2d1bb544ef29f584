import { readFileSync } from 'node:fs';

/** A package as the lock file has it. */
export interface LockedPackage {
  /** Where it lies: `node_modules/a/node_modules/b`. */
  readonly path: string;
  readonly name: string;
  readonly version: string;
  /** SPDX expression; null when the package states none. */
  readonly licence: string | null;
  /** `sha512-…` in base64; null when missing. */
  readonly integrity: string | null;
  readonly resolved: string | null;
  readonly hasInstallScript: boolean;
  /** Needed by what is built, not only to build or test it. */
  readonly isShipped: boolean;
  /** Names of what it depends on. */
  readonly dependencies: readonly string[];
}

interface LockEntry {
  readonly version?: string;
  readonly license?: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly devOptional?: boolean;
  readonly hasInstallScript?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
}

const folder = 'node_modules/';

/** Every package of a lock file, sorted by path. */
export function lockedPackages(lockFile = 'package-lock.json'): readonly LockedPackage[] {
  const lock = JSON.parse(readFileSync(lockFile, 'utf8')) as { packages: Record<string, LockEntry> };
  return Object.entries(lock.packages)
    .filter(([path]) => path !== '')
    .sort(([p], [q]) => (p < q ? -1 : 1))
    .map(([path, entry]) => ({
      path,
      name: path.slice(path.lastIndexOf(folder) + folder.length),
      version: entry.version ?? '',
      licence: entry.license ?? null,
      integrity: entry.integrity ?? null,
      resolved: entry.resolved ?? null,
      hasInstallScript: entry.hasInstallScript === true,
      isShipped: !entry.dev && !entry.optional && !entry.devOptional,
      dependencies: Object.keys(entry.dependencies ?? {}).sort(),
    }));
}

/** Licences of what ships: all ask for no more than to be named. */
const shippedLicences = ['MIT', 'ISC', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD'];
/** Licences of what only builds and tests: nothing of it reaches the user. */
const toolLicences = [...shippedLicences, 'MPL-2.0', 'BlueOak-1.0.0', 'CC0-1.0', 'CC-BY-4.0', 'Zlib'];

/** True when the package may be used where it is used. SPDX: one of the terms of an OR, all of an AND. */
export function isLicenceAllowed({ licence, isShipped }: Pick<LockedPackage, 'licence' | 'isShipped'>): boolean {
  const allowed = isShipped ? shippedLicences : toolLicences;
  if (!licence) return false;
  return licence
    .replaceAll(/[()]/g, '')
    .split(' OR ')
    .some((choice) => choice.split(' AND ').every((term) => allowed.includes(term.trim())));
}
