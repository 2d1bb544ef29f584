import { execFileSync, spawnSync } from 'node:child_process';

/** Debian packages that the tests use as outside oracles, each with a probe that tells whether it is there. */
export const testPackages: readonly { readonly name: string; readonly probe: readonly string[] }[] = [
  { name: 'libtiff-tools', probe: ['sh', '-c', 'command -v tiffinfo && command -v tiffcp'] },
  { name: 'python3-numpy', probe: ['/usr/bin/python3', '-c', 'import numpy'] },
  { name: 'python3-scipy', probe: ['/usr/bin/python3', '-c', 'import scipy'] },
  { name: 'python3-pil', probe: ['/usr/bin/python3', '-c', 'import PIL'] },
  { name: 'python3-opencv', probe: ['/usr/bin/python3', '-c', 'import cv2'] },
  { name: 'python3-skimage', probe: ['/usr/bin/python3', '-c', 'import skimage'] },
  { name: 'python3-tifffile', probe: ['/usr/bin/python3', '-c', 'import tifffile'] },
  { name: 'python3-torch', probe: ['/usr/bin/python3', '-c', 'import torch'] },
  { name: 'python3-onnx', probe: ['/usr/bin/python3', '-c', 'import onnx'] },
];

/**
 * Installs what is missing (root on Debian), else says what to install.
 * @throws Error naming the packages that are missing and cannot be installed here.
 */
export function ensureTestPackages(log: (line: string) => void): void {
  const missing = missingPackages();
  if (missing.length === 0) return;
  const canInstall = process.getuid?.() === 0 && spawnSync('sh', ['-c', 'command -v apt-get']).status === 0;
  if (!canInstall) throw new Error(`The tests need these Debian packages: apt-get install ${missing.join(' ')}`);
  log(`installing ${missing.join(' ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  execFileSync('apt-get', ['update', '-qq'], { stdio: 'inherit', env });
  execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env,
  });
  const still = missingPackages();
  if (still.length > 0) throw new Error(`Installed, but still not usable: ${still.join(' ')}`);
}

function missingPackages(): readonly string[] {
  return testPackages
    .filter(({ probe: [command, ...args] }) => spawnSync(command, args, { stdio: 'ignore' }).status !== 0)
    .map(({ name }) => name);
}
