/** What of the platform's Trusted Types is used here. */
interface TrustedTypes {
  createPolicy(name: string, rules: { readonly createScriptURL: (url: string) => string | null }): unknown;
  readonly defaultPolicy: unknown;
}

/**
 * The one way from a string to a running script under `require-trusted-types-for 'script'`: scripts of the build, from
 * our own origin. Strings that would become HTML or code have no rule, so that the platform refuses them. It is the
 * default policy because the network's runtime starts its threads with a plain URL.
 */
export function allowOwnScripts(scope: {
  readonly trustedTypes?: unknown;
  readonly location: { readonly href: string };
}) {
  const types = scope.trustedTypes as TrustedTypes | undefined;
  if (!types || types.defaultPolicy) return;
  types.createPolicy('default', {
    createScriptURL: (url) => (isOwnScript(url, scope.location.href) ? url : null),
  });
}

/** True for a module of our own origin; never for data:, blob: or a query that could be echoed. */
export function isOwnScript(url: string, base: string): boolean {
  const parsed = URL.parse(url, base);
  const own = new URL(base);
  // The origin of a blob: is that of its maker.
  if (parsed?.protocol !== own.protocol) return false;
  return parsed.origin === own.origin && /\.m?js$/.test(parsed.pathname) && parsed.search === '';
}
