/** What a machine's metadata service answers, by its cloud's rules. Pure but for the tokens, which are given. */

export interface MetadataSource {
  cloud: 'aws' | 'gcp' | 'azure';
  metadata: Readonly<Record<string, string>>;
}

export interface MetadataRequest {
  method: string;
  /** With the query, as it came. */
  url: string;
  /** By lower-case name. */
  headers: Readonly<Record<string, string | string[] | undefined>>;
}

export interface MetadataReply {
  status: number;
  body: string;
  headers: Record<string, string>;
}

const TOKEN_PATH = '/latest/api/token';
const TTL_HEADER = 'x-aws-ec2-metadata-token-ttl-seconds';

/** `newToken` makes an IMDSv2 token that lives so many seconds; `tokenHolds` says whether one is still good. */
export function metadataReply(
  source: MetadataSource,
  request: MetadataRequest,
  tokens: { make(seconds: number): string; holds(token: string): boolean },
): MetadataReply {
  // A machine may ask whatever it likes: `//` is no path of any URL.
  const path = URL.parse(request.url, 'http://169.254.169.254')?.pathname;
  if (path === undefined) return refuse(400, 'Bad Request');
  if (source.cloud === 'gcp') {
    if (request.headers['metadata-flavor'] !== 'Google')
      return refuse(403, 'Missing Metadata-Flavor:Google header.');
    const found = lookUp(source.metadata, path);
    return { ...found, headers: { ...found.headers, 'Metadata-Flavor': 'Google' } };
  }
  if (source.cloud === 'azure') return azureReply(source.metadata, path, request);
  if (path === TOKEN_PATH) {
    if (request.method !== 'PUT') return refuse(405, 'Method Not Allowed');
    const seconds = Number(request.headers[TTL_HEADER]);
    if (!Number.isInteger(seconds) || seconds < 1 || seconds > 21_600) return refuse(400, 'Bad Request');
    return { status: 200, body: tokens.make(seconds), headers: { [TTL_HEADER]: String(seconds) } };
  }
  if (request.method !== 'GET') return refuse(405, 'Method Not Allowed');
  if (!tokens.holds(String(request.headers['x-aws-ec2-metadata-token'] ?? '')))
    return refuse(401, 'Unauthorized');
  return lookUp(source.metadata, path);
}

/** Azure's: one document, of which a path names a part; arrays by index. The version must be named. */
function azureReply(
  metadata: Readonly<Record<string, string>>,
  path: string,
  request: MetadataRequest,
): MetadataReply {
  const json = { 'Content-Type': 'application/json; charset=utf-8' };
  const bad = (why: string) => ({ status: 400, body: JSON.stringify({ error: why }), headers: json });
  if (request.method !== 'GET') return refuse(405, 'Method Not Allowed');
  if (request.headers.metadata?.toString().toLowerCase() !== 'true' || 'x-forwarded-for' in request.headers)
    return bad('Bad request. Required metadata header not specified or not correct');
  const query = new URL(request.url, 'http://169.254.169.254').searchParams;
  if (!/^\d{4}-\d{2}-\d{2}$/.test(query.get('api-version') ?? ''))
    return bad('Bad request. api-version is invalid or was not specified in the request.');
  const root = Object.keys(metadata).find((each) => `${path}/`.startsWith(`${each}/`));
  if (root === undefined) return { status: 404, body: JSON.stringify({ error: 'Not found' }), headers: json };
  let part: unknown = JSON.parse(metadata[root] as string);
  for (const name of path.slice(root.length).split('/').filter(Boolean)) {
    const found = typeof part === 'object' && part !== null && Object.hasOwn(part, name);
    if (!found) return { status: 404, body: JSON.stringify({ error: 'Not found' }), headers: json };
    part = (part as Record<string, unknown>)[name];
  }
  const leaf = typeof part !== 'object' || part === null;
  if (query.get('format') !== 'text')
    return leaf
      ? bad('Bad request. This endpoint only supports text format for leaf nodes.')
      : { status: 200, body: JSON.stringify(part), headers: json };
  return { status: 200, body: leaf ? String(part) : Object.keys(part as object).join('\n'), headers: {} };
}

/** A path's text, or the names below it, one a line, those with more below ending in a slash. */
function lookUp(metadata: Readonly<Record<string, string>>, path: string): MetadataReply {
  const bare = path.replace(/^\/+|\/+$/g, '');
  const entries = Object.entries(metadata).map(
    ([key, text]) => [key.replace(/^\/+|\/+$/g, ''), text] as const,
  );
  const exact = entries.find(([key]) => key === bare);
  if (exact !== undefined) return { status: 200, body: exact[1], headers: {} };
  const start = bare === '' ? '' : `${bare}/`;
  const below = entries.filter(([key]) => key.startsWith(start)).map(([key]) => key.slice(start.length));
  if (below.length === 0) return refuse(404, 'Not Found');
  const names = new Set(below.map((rest) => (rest.includes('/') ? `${rest.split('/')[0]}/` : rest)));
  return { status: 200, body: [...names].sort().join('\n'), headers: {} };
}

function refuse(status: number, body: string): MetadataReply {
  return { status, body, headers: {} };
}
