import { execFileSync, spawnSync } from 'node:child_process';

interface TestPackage {
  readonly name: string;
  /** A command that succeeds where it is there. */
  readonly probe: readonly string[];
  /** Its tests are skipped by name where it cannot be had. */
  readonly isOptional?: boolean;
}

/** Debian packages that the tests use: outside oracles, and a second browser. */
export const testPackages: readonly TestPackage[] = [
  { name: 'libtiff-tools', probe: ['sh', '-c', 'command -v tiffinfo && command -v tiffcp'] },
  { name: 'python3-numpy', probe: ['/usr/bin/python3', '-c', 'import numpy'] },
  { name: 'python3-scipy', probe: ['/usr/bin/python3', '-c', 'import scipy'] },
  { name: 'python3-pil', probe: ['/usr/bin/python3', '-c', 'import PIL'] },
  { name: 'python3-opencv', probe: ['/usr/bin/python3', '-c', 'import cv2'] },
  { name: 'python3-skimage', probe: ['/usr/bin/python3', '-c', 'import skimage'] },
  { name: 'python3-tifffile', probe: ['/usr/bin/python3', '-c', 'import tifffile'] },
  { name: 'python3-torch', probe: ['/usr/bin/python3', '-c', 'import torch'] },
  { name: 'python3-onnx', probe: ['/usr/bin/python3', '-c', 'import onnx'] },
  { name: 'firefox-esr', probe: ['sh', '-c', 'command -v firefox-esr || command -v firefox'], isOptional: true },
];

/**
 * Installs what is missing (root on Debian), else says what to install.
 * @throws Error naming the packages that are missing and cannot be installed here.
 */
export function ensureTestPackages(log: (line: string) => void): void {
  const missing = missingPackages();
  if (missing.length === 0) return;
  const canInstall = process.getuid?.() === 0 && spawnSync('sh', ['-c', 'command -v apt-get']).status === 0;
  if (canInstall) {
    const needed = missing.filter(({ isOptional }) => !isOptional);
    if (needed.length > 0) install(needed, log);
    for (const each of missing.filter(({ isOptional }) => isOptional)) tryToInstall(each, log);
  }
  const still = missingPackages();
  const needed = namesOf(still.filter(({ isOptional }) => !isOptional));
  if (needed.length > 0)
    throw new Error(
      canInstall
        ? `Installed, but still not usable: ${needed.join(' ')}`
        : `The tests need these Debian packages: apt-get install ${needed.join(' ')}`,
    );
  for (const { name } of still) log(`${name} is absent: its tests are skipped`);
}

function install(packages: readonly TestPackage[], log: (line: string) => void): void {
  const names = namesOf(packages);
  log(`installing ${names.join(' ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  execFileSync('apt-get', ['update', '-qq'], { stdio: 'inherit', env });
  execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...names], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env,
  });
}

/** Not every distribution has every optional package under this name. */
function tryToInstall(optional: TestPackage, log: (line: string) => void): void {
  try {
    install([optional], log);
  } catch (error) {
    log(`${optional.name} could not be installed: ${String(error)}`);
  }
}

function missingPackages(): readonly TestPackage[] {
  return testPackages.filter(
    ({ probe: [command, ...args] }) => spawnSync(command, args, { stdio: 'ignore' }).status !== 0,
  );
}

function namesOf(packages: readonly TestPackage[]): readonly string[] {
  return packages.map(({ name }) => name);
}
