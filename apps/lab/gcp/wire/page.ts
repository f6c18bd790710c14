/** Lists, page by page. */
import { GoogleError, invalid } from './errors.ts';
import { parseFilter } from './filter.ts';

export interface Page<T> {
  items: T[];
  /** Absent on the last page. */
  nextPageToken?: string;
}

/**
 * The page asked for by `filter`, `maxResults` (default and most 500) and `pageToken`. `items` have a fixed order;
 * `keyOf` is unique and rises with it, so that a page goes on after the last one even when that item has gone.
 */
export function pageOf<T>(items: readonly T[], query: URLSearchParams, keyOf: (item: T) => string): Page<T> {
  const filter = query.get('filter');
  const test = filter ? parseFilter(filter) : () => true;
  const most = maxResults(query);
  const token = query.get('pageToken');
  const after = token ? decode(token) : null;
  const rest = items.filter((each) => test(each) && (after === null || keyOf(each) > after));
  const page = rest.slice(0, most);
  const last = page.at(-1);
  return rest.length > page.length && last !== undefined
    ? { items: page, nextPageToken: encode(keyOf(last)) }
    : { items: page };
}

function maxResults(query: URLSearchParams): number {
  const text = query.get('maxResults');
  if (text === null) return 500;
  const number = Number(text);
  if (!/^\d+$/.test(text) || number > 500)
    throw invalid('maxResults', text, 'Must be between 0 and 500, inclusive.');
  return number === 0 ? 500 : number;
}

const encode = (key: string) => Buffer.from(`after:${key}`).toString('base64url');
function decode(token: string): string {
  const text = Buffer.from(token, 'base64url').toString();
  if (!text.startsWith('after:'))
    throw new GoogleError(
      400,
      'invalid',
      `Invalid value for field 'pageToken': '${token}'. Invalid page token.`,
    );
  return text.slice('after:'.length);
}

/** A list as Compute answers it. `path` is that of the collection, from `projects/` on. */
export function listAnswer(
  kind: string,
  path: string,
  items: readonly Record<string, unknown>[],
  query: URLSearchParams,
): Record<string, unknown> {
  const page = pageOf(items, query, (each) => String(each.name));
  return {
    kind,
    id: path,
    ...(page.items.length > 0 ? { items: page.items } : {}),
    ...(page.nextPageToken ? { nextPageToken: page.nextPageToken } : {}),
    selfLink: `https://www.googleapis.com/compute/v1/${path}`,
  };
}

/** An aggregated list: items by scope; scopes without any carry a warning, as at Google. */
export function aggregatedAnswer(
  kind: string,
  path: string,
  field: string,
  scopes: readonly string[],
  scopeOf: (item: Record<string, unknown>) => string,
  items: readonly Record<string, unknown>[],
  query: URLSearchParams,
): Record<string, unknown> {
  const inOrder = items
    .map((item) => ({ ...item, scope: scopeOf(item) }))
    .sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const page = pageOf(inOrder, query, keyOf);
  const result: Record<string, unknown> = {};
  for (const scope of scopes) {
    const here = page.items.filter((each) => each.scope === scope).map(({ scope: _, ...item }) => item);
    if (here.length > 0) result[scope] = { [field]: here };
    else
      result[scope] = {
        warning: {
          code: 'NO_RESULTS_ON_PAGE',
          message: `There are no results for scope '${scope}' on this page.`,
          data: [{ key: 'scope', value: scope }],
        },
      };
  }
  return {
    kind,
    id: path,
    items: result,
    ...(page.nextPageToken ? { nextPageToken: page.nextPageToken } : {}),
    selfLink: `https://www.googleapis.com/compute/v1/${path}`,
  };
}

const keyOf = (item: { scope: string; name?: unknown }) => `${item.scope}/${String(item.name)}`;
