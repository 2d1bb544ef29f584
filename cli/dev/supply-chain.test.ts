import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { auditVerdict } from './audit.ts';
import { isLicenceAllowed, lockedPackages } from './locked-packages.ts';
import { billOfMaterials } from './sbom.ts';

const project = JSON.parse(readFileSync('package.json', 'utf8')) as Record<string, Record<string, string> | undefined>;
const packages = lockedPackages();

describe('the packages that this project takes', () => {
  it('are pinned to one version each, in package.json and, with a SHA-512, in the lock file', () => {
    const wanted = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies'].flatMap((kind) =>
      Object.entries(project[kind] ?? {}),
    );
    expect(wanted.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
    for (const [name, version] of wanted)
      expect(packages.find(({ path }) => path === `node_modules/${name}`)?.version).toBe(version);
    expect(packages.filter(({ integrity }) => !integrity?.startsWith('sha512-'))).toEqual([]);
    expect(packages.filter(({ resolved }) => resolved !== null)).toEqual([]);
  });

  it('have licences of the short list, a shorter one for what ships', () => {
    expect(packages.filter((one) => !isLicenceAllowed(one)).map(({ name, licence }) => [name, licence])).toEqual([]);
    const licences: readonly (readonly [string | null, boolean, boolean])[] = [
      ['MIT', true, true],
      ['(MIT OR GPL-3.0-only)', true, true],
      ['MIT AND GPL-3.0-only', true, false],
      ['MPL-2.0', true, false],
      ['MPL-2.0', false, true],
      ['AGPL-3.0-only', false, false],
      [null, true, false],
    ];
    for (const [licence, isShipped, isAllowed] of licences)
      expect(isLicenceAllowed({ licence, isShipped })).toBe(isAllowed);
  });

  it('run no script when they are installed: npm is told so, and those that have one are known to do without', () => {
    expect(readFileSync('.npmrc', 'utf8')).toContain('ignore-scripts=true');
    const withScript = packages.filter(({ hasInstallScript }) => hasInstallScript).map(({ name }) => name);
    // esbuild: checks its binary, which comes as a package; onnxruntime-node: fetches CUDA, which is not used;
    // protobufjs: warns of its own versions.
    expect(withScript).toEqual(['esbuild', 'onnxruntime-node', 'protobufjs']);
    expect(project.scripts).not.toHaveProperty('postinstall');
    expect(project.scripts).not.toHaveProperty('prepare');
  });
});

describe('the bill of materials', () => {
  interface Bom {
    readonly components: readonly {
      readonly name: string;
      readonly version: string;
      readonly 'bom-ref': string;
      readonly licenses?: readonly object[];
      readonly components?: readonly {
        readonly name: string;
        readonly hashes: readonly { readonly content: string }[];
      }[];
    }[];
    readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
  }
  const bom = JSON.parse(billOfMaterials()) as Bom;

  it('lists every package that ships, once, and nothing of the tools; the same bytes each time', () => {
    const shipped = packages.filter(({ isShipped }) => isShipped).map(({ name, version }) => `${name} ${version}`);
    const listed = bom.components.map(({ name, version }) => `${name} ${version}`);
    expect(listed).toEqual(expect.arrayContaining(shipped));
    expect(listed).toContain(`react ${String(project.dependencies?.react)}`);
    expect(listed.some((name) => /vitest|playwright|eslint/.test(name))).toBe(false);
    const refs = bom.components.map((component) => component['bom-ref']);
    expect(new Set(refs).size).toBe(refs.length);
    const known = new Set([...refs, 'pkg:npm/em-stitch@0.1.0', ...bom.dependencies.map(({ ref }) => ref)]);
    expect(bom.dependencies.flatMap(({ dependsOn }) => dependsOn).filter((ref) => !known.has(ref))).toEqual([]);
    expect(billOfMaterials()).toBe(billOfMaterials());
  });

  it('names the networks with the SHA-256 of the files that are there', () => {
    const model = bom.components.find(({ name }) => name === 'loftr-compact');
    expect(model?.components?.length).toBeGreaterThan(0);
    for (const { name, hashes } of model?.components ?? []) {
      const bytes = readFileSync(join('public/models/loftr-compact', name));
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(hashes[0].content);
    }
  });
});

describe('the audit', () => {
  const counted = (counts: object) => JSON.stringify({ metadata: { vulnerabilities: counts } });

  it('passes without known vulnerabilities and fails with one that matters', () => {
    expect(auditVerdict(counted({ info: 0, low: 0, moderate: 0, high: 0, critical: 0, total: 0 })).outcome).toBe(
      'passed',
    );
    expect(auditVerdict(counted({ info: 1, low: 2, moderate: 0, high: 0, critical: 0, total: 3 })).outcome).toBe(
      'passed',
    );
    const verdict = auditVerdict(counted({ info: 0, low: 0, moderate: 1, high: 2, critical: 0, total: 3 }));
    expect(verdict).toEqual({
      outcome: 'failed',
      sentence: 'npm audit: 3 known vulnerabilities (1 moderate, 2 high) in what ships',
    });
  });

  it('is skipped by name when the registry gives no answer', () => {
    for (const output of ['', 'ENOTFOUND', '{"message":"405 Method Not Allowed","error":{}}'])
      expect(auditVerdict(output)).toEqual({
        outcome: 'skipped',
        sentence: 'npm audit: skipped, the registry gave no answer',
      });
  });
});
