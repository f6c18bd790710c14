/** Lists: pages with a link to the next. Pages are small, so that who forgets to follow the link notices at once. */
import { ArmError } from './error.ts';

const PAGE = 3;

/**
 * One page of `items`, which come in a fixed order.
 * @param key orders and names an item; the link names the last one shown, so changes in between lose nothing
 * @param url the request's own address as its caller sees it
 */
export function page<T>(
  items: readonly T[],
  key: (item: T) => string,
  url: URL,
  size = PAGE,
): { value: T[]; nextLink?: string } {
  const sorted = [...items].sort((a, b) => (key(a) < key(b) ? -1 : 1));
  const token = url.searchParams.get('$skiptoken');
  const after = token === null ? null : decode(token);
  const rest = after === null ? sorted : sorted.filter((item) => key(item) > after);
  const top = Number(url.searchParams.get('$top') ?? size);
  if (!Number.isInteger(top) || top < 1)
    throw new ArmError(400, 'InvalidTopQueryStringParameter', `The $top value '${top}' is not valid.`);
  const value = rest.slice(0, Math.min(top, size));
  const last = value.at(-1);
  if (last === undefined || rest.length === value.length) return { value };
  const next = new URL(url);
  next.searchParams.set('$skiptoken', Buffer.from(key(last)).toString('base64url'));
  return { value, nextLink: next.href };
}

function decode(token: string): string {
  const text = Buffer.from(token, 'base64url').toString();
  if (text === '' || Buffer.from(text).toString('base64url') !== token)
    throw new ArmError(400, 'InvalidSkipToken', 'The skip token is not valid.');
  return text;
}
