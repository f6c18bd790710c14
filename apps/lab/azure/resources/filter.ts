/** `$filter` of resource lists: comparisons joined by `and`. Azure's lists know no more of OData either. Pure. */
import { ArmError } from '../wire/error.ts';

export interface Filtered {
  name: string;
  type: string;
  location: string | null;
  group: string;
  tags: Readonly<Record<string, string>>;
}

const COMPARISON =
  /^(tagName|tagValue|resourceType|name|location|resourceGroup)\s+(eq|ne)\s+'((?:[^']|'')*)'$/i;
const TAG_IN_LIST = /^tags\['((?:[^']|'')*)'\]\s+eq\s+'((?:[^']|'')*)'$/i;

/** The filter of a request. @throws ArmError 400 for what is none */
export function filterOf(query: URLSearchParams): (it: Filtered) => boolean {
  const text = query.get('$filter')?.trim();
  if (!text) return () => true;
  const parts = text.split(/\s+and\s+(?=(?:[^']*'[^']*')*[^']*$)/i);
  const asked = new Map<string, { negated: boolean; value: string }>();
  const checks: ((it: Filtered) => boolean)[] = [];
  for (const part of parts) {
    const tag = TAG_IN_LIST.exec(part.trim());
    if (tag) {
      const [, name = '', value = ''] = tag.map((each) => each.replaceAll("''", "'"));
      checks.push((it) => tagOf(it, name) === value);
      continue;
    }
    const found = COMPARISON.exec(part.trim());
    if (!found)
      throw new ArmError(
        400,
        'InvalidFilterInQueryString',
        `Invalid $filter '${text}' specified in the query string.`,
      );
    const [, field = '', operator = '', value = ''] = found;
    asked.set(field.toLowerCase(), {
      negated: operator.toLowerCase() === 'ne',
      value: value.replaceAll("''", "'"),
    });
  }
  if (asked.has('tagvalue') !== asked.has('tagname') && asked.has('tagvalue'))
    throw new ArmError(
      400,
      'InvalidFilterInQueryString',
      `Invalid $filter '${text}': tagValue needs tagName.`,
    );
  return (it) => {
    const holds = (field: string, given: (value: string) => boolean) => {
      const one = asked.get(field);
      return one === undefined || given(one.value) !== one.negated;
    };
    const equal = (text: string | null) => (value: string) => text?.toLowerCase() === value.toLowerCase();
    const tagValue = asked.get('tagvalue');
    return (
      checks.every((check) => check(it)) &&
      holds('resourcetype', equal(it.type)) &&
      holds('name', equal(it.name)) &&
      holds('location', equal(it.location)) &&
      holds('resourcegroup', equal(it.group)) &&
      holds('tagname', (name) => {
        const value = tagOf(it, name);
        return (
          value !== undefined && (tagValue === undefined || (value === tagValue.value) !== tagValue.negated)
        );
      })
    );
  };
}

/** Names of tags are the same in any case. */
const tagOf = (it: Filtered, name: string): string | undefined =>
  Object.entries(it.tags).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
