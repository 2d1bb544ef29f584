import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

/** Threads in wasm need a cross-origin isolated page. */
const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/** Nothing but our own origin, no inline code: what the page may load, in the built page itself so that any host keeps it. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self'",
  "connect-src 'self'",
  "img-src 'self' blob: data:",
  "style-src 'self'",
  "font-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/** Hash of all code that pair results depend on: results that other code has made are not taken from a browser's cache. */
function resultCodeHash(): string {
  const hash = createHash('sha256');
  for (const room of ['src/core', 'src/matchers', 'src/formats', 'workers']) {
    const files = readdirSync(join(import.meta.dirname, room), { recursive: true, encoding: 'utf8' });
    for (const file of files.filter((name) => /\.ts$/.test(name) && !/\.test\.ts$/.test(name)).sort())
      hash.update(file).update(readFileSync(join(import.meta.dirname, room, file)));
  }
  return hash.digest('hex');
}

/** Writes the policy into the built index.html; the development server needs inline styles and scripts for hot reload. */
function policyInBuild(): Plugin {
  return {
    name: 'content-security-policy',
    apply: 'build',
    transformIndexHtml: () => [
      {
        tag: 'meta',
        attrs: { 'http-equiv': 'Content-Security-Policy', content: contentSecurityPolicy },
        injectTo: 'head-prepend',
      },
    ],
  };
}

export default defineConfig({
  base: './',
  plugins: [react(), policyInBuild()],
  define: { 'import.meta.env.VITE_RESULT_CODE': JSON.stringify(resultCodeHash()) },
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
