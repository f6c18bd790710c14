/**
 * The `filter` of lists: `name = a`, `labels.env:prod`, `(status = RUNNING) AND (name != b)`, and the older
 * `name eq re.*` and `name ne re.*`, whose values are regular expressions for the whole value.
 */
import { GoogleError } from './errors.ts';

type Test = (item: unknown) => boolean;

/** Reads a filter. @throws GoogleError 400 `invalid` when it cannot be read. */
export function parseFilter(text: string): Test {
  const tokens =
    text.match(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[()]|!=|<=|>=|[=<>:]|[^\s()=<>:!"']+/g) ?? [];
  let at = 0;
  const bad = () =>
    new GoogleError(
      400,
      'invalid',
      `Invalid value for field 'filter': '${text}'. Invalid list filter expression.`,
    );

  // OR binds tighter than AND, and expressions side by side are joined by AND, as in Google's filters.
  function all(): Test {
    const parts = [any()];
    while (at < tokens.length && tokens[at] !== ')') {
      if (tokens[at] === 'AND') at += 1;
      parts.push(any());
    }
    return (item) => parts.every((part) => part(item));
  }
  function any(): Test {
    const parts = [one()];
    while (tokens[at] === 'OR') {
      at += 1;
      parts.push(one());
    }
    return (item) => parts.some((part) => part(item));
  }
  function one(): Test {
    if (tokens[at] === 'NOT') {
      at += 1;
      const inner = one();
      return (item) => !inner(item);
    }
    if (tokens[at] === '(') {
      at += 1;
      const inner = all();
      if (tokens[at] !== ')') throw bad();
      at += 1;
      return inner;
    }
    const [field, operator, value] = [tokens[at], tokens[at + 1], tokens[at + 2]];
    if (field === undefined || operator === undefined || value === undefined) throw bad();
    at += 3;
    return compare(field, operator, unquote(value), bad);
  }

  const test = all();
  if (at !== tokens.length) throw bad();
  return test;
}

const unquote = (text: string) => (/^["']/.test(text) ? text.slice(1, -1).replace(/\\(.)/g, '$1') : text);

function compare(field: string, operator: string, value: string, bad: () => GoogleError): Test {
  const values = (item: unknown) => valuesAt(item, field.split('.'));
  switch (operator) {
    case '=':
      return (item) => values(item).some((each) => each === value);
    case '!=':
      return (item) => !values(item).some((each) => each === value);
    case ':':
      return value === '*'
        ? (item) => values(item).length > 0
        : (item) => values(item).some((each) => each.toLowerCase().includes(value.toLowerCase()));
    case 'eq':
    case 'ne': {
      let pattern: RegExp;
      try {
        pattern = new RegExp(`^(?:${value})$`);
      } catch {
        throw bad();
      }
      return (item) => values(item).some((each) => pattern.test(each)) === (operator === 'eq');
    }
    case '<':
    case '<=':
    case '>':
    case '>=':
      return (item) => values(item).some((each) => ordered(each, operator, value));
    default:
      throw bad();
  }
}

function ordered(left: string, operator: string, right: string): boolean {
  const numbers =
    left !== '' && right !== '' && Number.isFinite(Number(left)) && Number.isFinite(Number(right));
  const sign = numbers ? Math.sign(Number(left) - Number(right)) : left < right ? -1 : left > right ? 1 : 0;
  return operator === '<'
    ? sign < 0
    : operator === '<='
      ? sign <= 0
      : operator === '>'
        ? sign > 0
        : sign >= 0;
}

/** All values at a path, lists on the way being gone through. */
function valuesAt(item: unknown, path: readonly string[]): string[] {
  if (Array.isArray(item)) return item.flatMap((each) => valuesAt(each, path));
  if (path.length === 0) return item === undefined || item === null ? [] : [String(item)];
  if (typeof item !== 'object' || item === null) return [];
  const [head = '', ...rest] = path;
  return Object.hasOwn(item, head) ? valuesAt((item as Record<string, unknown>)[head], rest) : [];
}
