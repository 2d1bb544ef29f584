/** Nothing but our own origin, no inline code; wasm may compile, nothing else is evaluated. */
const directives = [
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
  // Strings become scripts by the one policy of workers/own-scripts.ts, and HTML or code by none.
  "require-trusted-types-for 'script'",
  'trusted-types default',
];

/** The policy in the built page itself, so that any host keeps it. */
export const pagePolicy = directives.join('; ');

/** The policy as a header; `frame-ancestors` works only there. */
export const headerPolicy = [...directives, "frame-ancestors 'none'"].join('; ');
