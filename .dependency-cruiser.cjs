/** Who may import whom: the table of ARCHITECTURE.md as rules. `import type` obeys the same table. */
const testFiles = '\\.test\\.tsx?$';
/** The rooms of core from the ground up: each imports from the rows above its own, and from what lies in core itself. */
const coreRooms = [
  ['geometry'],
  ['raster'],
  ['tiles'],
  ['matching', 'stack'],
  ['graph'],
  ['photometry', 'refine'],
  ['elastic', 'mosaic', 'synthesis'],
  ['diagnosis', 'edits', 'evaluation'],
];

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'core-knows-nobody',
      comment: 'core is the domain: no browser, no Node, no worker, no third party',
      severity: 'error',
      from: { path: '^src/core/', pathNot: testFiles },
      to: { pathNot: '^src/core/' },
    },
    ...coreRooms.map((rooms, row) => ({
      name: `core-${rooms.join('-')}-looks-down`,
      severity: 'error',
      from: { path: `^src/core/(${rooms.join('|')})/`, pathNot: testFiles },
      to: { path: `^src/core/(${coreRooms.slice(row).flat().join('|')})/`, pathNot: '^src/core/$1/' },
    })),
    {
      name: 'testing-is-not-shipped',
      comment: 'synthetic truth and comparers are for tests, benches, the command line and the sample generator',
      severity: 'error',
      from: { path: '^(src|workers)/', pathNot: ['^(src/core|workers)/testing/', testFiles] },
      to: { path: '^(src/core|workers)/testing/' },
    },
    {
      name: 'matchers-import-core',
      severity: 'error',
      from: { path: '^src/matchers/', pathNot: testFiles },
      to: { pathNot: ['^src/(core|matchers)/', 'node_modules/(onnxruntime-common|fft\\.js)/'] },
    },
    {
      name: 'formats-import-core',
      severity: 'error',
      from: { path: '^src/formats/', pathNot: testFiles },
      to: { pathNot: ['^src/(core|formats)/', 'node_modules/(jpeg-js|fzstd|fflate|valibot)/'] },
    },
    {
      name: 'workers-import-domain',
      severity: 'error',
      from: { path: '^workers/', pathNot: testFiles },
      to: {
        pathNot: [
          '^src/(core|matchers|formats)/',
          '^workers/',
          'node_modules/(comlink|onnxruntime-common)/',
          'onnxruntime-web',
        ],
      },
    },
    {
      name: 'onnxruntime-web-in-one-file',
      severity: 'error',
      from: { pathNot: ['^workers/ort-session\\.ts$', '^cli/ort-session\\.ts$', testFiles] },
      to: { path: 'onnxruntime-(web|node)' },
    },
    {
      name: 'app-imports-client-and-descriptors',
      severity: 'error',
      from: { path: '^src/app/', pathNot: testFiles },
      to: {
        path: '^(src|workers|cli|bench|e2e|training)/',
        pathNot: ['^src/(app|core)/', '^workers/(client|protocol)\\.ts$', '^src/(matchers|formats)/index\\.ts$'],
      },
    },
    {
      name: 'app-third-party',
      severity: 'error',
      from: { path: '^src/app/', pathNot: testFiles },
      to: {
        path: 'node_modules/',
        pathNot:
          'node_modules/(react|react-dom|@radix-ui/[^/]+|uplot|zustand|comlink|lucide-react|@tanstack/(react-virtual|virtual-core)|idb|scheduler|@types/[^/]+|valibot)/',
      },
    },
    {
      name: 'cli-and-bench-import-domain',
      severity: 'error',
      from: { path: '^(cli|bench)/', pathNot: testFiles },
      to: { path: '^(src/app|workers|e2e)/' },
    },
    {
      name: 'not-to-unresolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '\\?(url|worker)' },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '\\?url$' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
