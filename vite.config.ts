import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';
import { pagePolicy } from './cli/dev/content-security-policy.ts';
import { resultCodeHash } from './cli/dev/result-code.ts';

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
