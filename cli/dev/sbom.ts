import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { lockedPackages, type LockedPackage } from './locked-packages.ts';

/**
 * What is in the build, as a CycloneDX 1.6 bill of materials: packages with version, licence and SHA-512, and the networks
 * with the SHA-256 of their files. The same sources give the same bytes: it has no time and no serial number.
 * @see https://cyclonedx.org/docs/1.6/json/
 */
export function billOfMaterials(root = '.'): string {
  const project = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    name: string;
    version: string;
    license: string;
  };
  const shipped = lockedPackages(join(root, 'package-lock.json')).filter(({ isShipped }) => isShipped);
  const models = modelComponents(join(root, 'public/models'));
  const self = `pkg:npm/${project.name}@${project.version}`;
  const bom = {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      component: {
        type: 'application',
        'bom-ref': self,
        name: project.name,
        version: project.version,
        licenses: [{ license: { id: project.license } }],
        purl: self,
      },
    },
    components: [...shipped.map(componentOf), ...models],
    dependencies: [
      { ref: self, dependsOn: [...directDependencies(root, shipped), ...models.map((model) => model['bom-ref'])] },
      ...shipped.map((one) => ({ ref: refOf(one), dependsOn: refsOf(one.dependencies, shipped) })),
    ],
  };
  return `${JSON.stringify(bom, null, 2)}\n`;
}

/** Package URL; a scope's @ is encoded. One that lies within another package has its path, so that each is one of a kind. */
function refOf({ name, version, path }: LockedPackage): string {
  return `${purlOf({ name, version })}${path === `node_modules/${name}` ? '' : `#${path}`}`;
}

function purlOf({ name, version }: Pick<LockedPackage, 'name' | 'version'>): string {
  return `pkg:npm/${name.replace('@', '%40')}@${version}`;
}

function componentOf(one: LockedPackage) {
  const { name, version, licence, integrity } = one;
  const hash = integrity?.startsWith('sha512-') ? Buffer.from(integrity.slice(7), 'base64').toString('hex') : null;
  return {
    type: 'library',
    'bom-ref': refOf(one),
    name,
    version,
    ...(hash ? { hashes: [{ alg: 'SHA-512', content: hash }] } : {}),
    ...(licence ? { licenses: [/\s/.test(licence) ? { expression: licence } : { license: { id: licence } }] } : {}),
    purl: purlOf(one),
  };
}

function refsOf(names: readonly string[], shipped: readonly LockedPackage[]): string[] {
  return names.flatMap((name) => {
    const found = shipped.find((one) => one.path === `node_modules/${name}`);
    return found ? [refOf(found)] : [];
  });
}

function directDependencies(root: string, shipped: readonly LockedPackage[]): string[] {
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  return refsOf(Object.keys(dependencies).sort(), shipped);
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  readonly files: readonly { readonly path: string; readonly sha256: string }[];
}

/** One component a network, its files within it. */
function modelComponents(folder: string) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .map((bundle) => join(folder, bundle, 'manifest.json'))
    .filter((path) => existsSync(path))
    .map((path) => {
      const { name, version, licence, files } = JSON.parse(readFileSync(path, 'utf8')) as Manifest;
      return {
        type: 'machine-learning-model',
        'bom-ref': `model:${name}@${version}`,
        name,
        version,
        licenses: [{ license: { name: licence } }],
        components: files.map((file) => ({
          type: 'file',
          'bom-ref': `model:${name}@${version}/${file.path}`,
          name: file.path,
          hashes: [{ alg: 'SHA-256', content: file.sha256 }],
        })),
      };
    });
}
