import { describe, expect, it } from 'vitest';
import { allowOwnScripts, isOwnScript } from './own-scripts.ts';

const base = 'http://localhost:4173/lab/index.html';

describe('the scripts that may run', () => {
  it.each(['http://localhost:4173/lab/assets/match.worker-1.js', 'assets/ort.wasm.bundle.min-1.js', '/x.mjs'])(
    'are those of our own origin: %s',
    (url) => expect(isOwnScript(url, base)).toBe(true),
  );

  it.each([
    'https://elsewhere.test/assets/a.js',
    'http://localhost:4174/assets/a.js',
    '//elsewhere.test/a.js',
    'data:text/javascript,alert(1)//.js',
    'blob:http://localhost:4173/4c1f.js',
    'javascript:alert(1)//.js',
    'assets/a.js?callback=alert',
    'models/a.onnx',
    'http://[',
  ])('are no others: %s', (url) => expect(isOwnScript(url, base)).toBe(false));

  it('get one policy, which makes script addresses and nothing else', () => {
    const made: [string, object][] = [];
    const trustedTypes = {
      defaultPolicy: null as unknown,
      createPolicy(name: string, rules: object) {
        made.push([name, rules]);
        this.defaultPolicy = rules;
      },
    };
    allowOwnScripts({ trustedTypes, location: { href: base } });
    allowOwnScripts({ trustedTypes, location: { href: base } });
    expect(made.map(([name, rules]) => [name, Object.keys(rules)])).toEqual([['default', ['createScriptURL']]]);
    allowOwnScripts({ location: { href: base } }); // a browser without Trusted Types
  });
});
