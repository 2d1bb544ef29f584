import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';
import { pagePolicy } from './cli/dev/content-security-policy.ts';
import { serviceWorkerFile, writeOfflineBuild } from './cli/dev/offline-build.ts';
import { resultCodeHash } from './cli/dev/result-code.ts';
import { softwareVersion } from './src/formats/software.ts';
import { billOfMaterials } from './cli/dev/sbom.ts';

/** Threads in wasm need a cross-origin isolated page. */
const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/** Writes the policy into the built index.html; the development server needs inline styles and scripts for hot reload. */
function policyInBuild(): Plugin {
  return {
    name: 'content-security-policy',
    apply: 'build',
    transformIndexHtml: () => [
      {
        tag: 'meta',
        attrs: { 'http-equiv': 'Content-Security-Policy', content: pagePolicy },
        injectTo: 'head-prepend',
      },
    ],
  };
}

/** Writes the hash of what index.html names into it: a damaged or exchanged entry script or style sheet does not run. */
function integrityInBuild(): Plugin {
  return {
    name: 'subresource-integrity',
    apply: 'build',
    writeBundle: {
      order: 'post',
      handler({ dir = 'dist' }) {
        const page = join(dir, 'index.html');
        const html = readFileSync(page, 'utf8');
        const withHashes = html.replaceAll(/(?:src|href)="\.\/(assets\/[^"]+)"/g, (attribute, path: string) => {
          const hash = createHash('sha384')
            .update(readFileSync(join(dir, path)))
            .digest('base64');
          return `${attribute} integrity="sha384-${hash}"`;
        });
        writeFileSync(page, withHashes);
      },
    },
  };
}

/** What is in the build, beside it. */
function billInBuild(): Plugin {
  return {
    name: 'bill-of-materials',
    apply: 'build',
    generateBundle() {
      this.emitFile({ type: 'asset', fileName: 'sbom.json', source: billOfMaterials() });
    },
  };
}

/** The service worker, with the list of all files of the build that it keeps for use without a network. */
function offlineInBuild(): Plugin {
  return {
    name: 'offline',
    apply: 'build',
    buildStart() {
      this.emitFile({ type: 'chunk', id: 'workers/service-worker.ts', fileName: serviceWorkerFile });
    },
    writeBundle: {
      // After the page has got its hashes.
      order: 'post',
      sequential: true,
      handler({ dir = 'dist' }) {
        writeOfflineBuild(dir);
      },
    },
  };
}

export default defineConfig({
  base: './',
  plugins: [react(), policyInBuild(), integrityInBuild(), billInBuild(), offlineInBuild()],
  define: {
    'import.meta.env.VITE_RESULT_CODE': JSON.stringify(resultCodeHash()),
    'import.meta.env.VITE_APP_VERSION': JSON.stringify(softwareVersion),
  },
  worker: { format: 'es' },
  optimizeDeps: { exclude: ['onnxruntime-web'] },
  server: { headers: isolation },
  preview: { headers: isolation },
  build: {
    target: 'es2023',
    sourcemap: false,
    // A data: URL would need an exception in the policy.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1000,
  },
});
