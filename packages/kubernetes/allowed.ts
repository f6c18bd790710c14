/** Which requests of the control plane an agent passes on to its cluster's API server. */
import { NEEDS, type Need, PLAIN_PATHS, type Verb } from './needs.ts';

interface Asked {
  group: string;
  resource: string;
  namespace?: string;
  name?: string;
  verb: Verb;
}

const SEGMENT = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/;
/** Query parameters that make of a request no other. */
const PARAMETERS: Record<string, RegExp> = {
  fieldManager: /^skein$/,
  force: /^true$/,
  labelSelector: /^[\w./=,!-]{1,300}$/,
  fieldSelector: /^[\w./=,!-]{1,300}$/,
  limit: /^\d{1,5}$/,
  continue: /^[\w.=-]{1,2000}$/,
  resourceVersion: /^\d{1,20}$/,
};

/**
 * Why a request is not passed on, or null where it is. A path is read as the API server reads it, and whatever might be
 * read otherwise (encoded slashes, dots, doubled slashes, unknown parameters) is refused.
 * @param body what is created says its name itself, and where names count it must be one of them
 * @param made whether Skein made the cluster
 */
export function refusalOf(
  request: { method: string; path: string; body: unknown },
  made: boolean,
): string | null {
  const { method, path, body } = request;
  const [bare = '', query = '', ...more] = path.split('?');
  if (more.length > 0 || path.includes('#')) return 'the path is not plain';
  for (const part of query === '' ? [] : query.split('&')) {
    const [name = '', value = ''] = part.split('=', 2).map((text) => safelyDecoded(text));
    if (!PARAMETERS[name]?.test(value)) return `the parameter ${name.slice(0, 40)} is not on the list`;
  }
  if (PLAIN_PATHS.includes(bare)) return method === 'GET' ? null : `${bare} is only read`;
  const asked = readPath(method, bare);
  if (!asked) return 'the path is not one of a resource';
  const name = asked.verb === 'create' ? (asked.name ?? nameIn(body)) : asked.name;
  const granted = NEEDS.some(
    (need) =>
      need.by.includes('control') &&
      (made || need.where === 'any') &&
      covers(need, asked) &&
      (need.names === undefined || (name !== undefined && need.names.includes(name))),
  );
  return granted ? null : `${asked.verb} of ${asked.resource} is not on the list`;
}

function covers(need: Need, asked: Asked): boolean {
  return (
    need.group === asked.group &&
    need.resource === asked.resource &&
    need.verbs.includes(asked.verb) &&
    (need.namespace === undefined || need.namespace === asked.namespace)
  );
}

function readPath(method: string, path: string): Asked | undefined {
  const segments = path.split('/').slice(1);
  if (!path.startsWith('/') || segments.some((one) => !SEGMENT.test(one))) return undefined;
  const [root, ...rest] = segments;
  const group = root === 'api' ? '' : root === 'apis' ? rest.shift() : undefined;
  const version = rest.shift();
  if (group === undefined || version === undefined || !/^v\d/.test(version)) return undefined;
  // `namespaces/a` is a namespace itself, `namespaces/a/pods` what is in it.
  const namespace = rest[0] === 'namespaces' && rest.length > 2 ? rest[1] : undefined;
  if (namespace !== undefined) rest.splice(0, 2);
  const [plural, name, subresource, ...beyond] = rest;
  if (plural === undefined || beyond.length > 0) return undefined;
  const resource = subresource === undefined ? plural : `${plural}/${subresource}`;
  const verb = verbOf(method, name !== undefined);
  if (!verb) return undefined;
  return {
    group,
    resource,
    verb,
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
  };
}

function verbOf(method: string, named: boolean): Verb | undefined {
  if (method === 'GET') return named ? 'get' : 'list';
  if (method === 'POST') return 'create';
  // Of a whole collection nothing is ever changed.
  if (!named) return undefined;
  return ({ PUT: 'update', PATCH: 'patch', DELETE: 'delete' } as const)[method];
}

function nameIn(body: unknown): string | undefined {
  const name = (body as { metadata?: { name?: unknown } } | null)?.metadata?.name;
  return typeof name === 'string' ? name : undefined;
}

function safelyDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '%';
  }
}
