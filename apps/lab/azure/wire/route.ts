/** Which endpoint a path names. Literal segments match in any case, as ARM's do. Pure. */

export interface Matched<E> {
  endpoint: E;
  params: Record<string, string>;
}

/** `pattern` has segments `:name`; returns the values of these, or undefined where the path is another. */
export function match(
  pattern: readonly string[],
  path: readonly string[],
): Record<string, string> | undefined {
  if (pattern.length !== path.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, part] of pattern.entries()) {
    const given = path[index] as string;
    if (part.startsWith(':')) params[part.slice(1)] = given;
    else if (part.toLowerCase() !== given.toLowerCase()) return undefined;
  }
  return params;
}

/** A path's segments, decoded; undefined where it is not well encoded. */
export function segmentsOf(pathname: string): string[] | undefined {
  try {
    return pathname
      .replace(/^\/+|\/+$/g, '')
      .split('/')
      .map(decodeURIComponent);
  } catch {
    return undefined;
  }
}

/** The endpoint that serves `method` on `path`; 'other-method' where only other methods are served there. */
export function route<E extends { method: string; pattern: readonly string[] }>(
  endpoints: readonly E[],
  method: string,
  path: readonly string[],
): Matched<E> | 'other-method' | undefined {
  let there = false;
  for (const endpoint of endpoints) {
    const params = match(endpoint.pattern, path);
    if (!params) continue;
    if (endpoint.method === method) return { endpoint, params };
    there = true;
  }
  return there ? 'other-method' : undefined;
}
