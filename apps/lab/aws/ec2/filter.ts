/** Filters and pages, the same in every Describe call. */
import { AwsError } from '../wire/error.ts';
import type { Params } from '../wire/query.ts';
import type { Tags } from './state.ts';

type Values = string | boolean | null | undefined | readonly string[];
export type Filters<Row> = Readonly<Record<string, (row: Row) => Values>>;

/**
 * The rows that the call's `Filter.N` choose, cut to the page that `MaxResults` and `NextToken` ask for. A filter's
 * values are alternatives, filters are all required; `*` and `?` stand for any text and any character.
 */
export function selectRows<Row extends object>(
  params: Params,
  rows: readonly Row[],
  filters: Filters<Row>,
): { page: Row[]; nextToken: string | undefined } {
  const tests = params.structs('Filter').map((filter) => {
    const name = filter.required('Name');
    const values = filter.list('Value');
    if (values.length > 200)
      throw new AwsError('FilterLimitExceeded', 'The maximum length for a filter value list is 200');
    const read = reader(name, filters);
    const patterns = values.map(pattern);
    return (row: Row) => patterns.some((each) => texts(read(row)).some((text) => each.test(text)));
  });
  return cut(
    params,
    rows.filter((row) => tests.every((test) => test(row))),
  );
}

/** Rows named by id: all must exist. Without names, all rows. */
export function chosen<T>(
  ids: readonly string[],
  all: Readonly<Record<string, T>>,
  find: (id: string) => T,
): T[] {
  return ids.length === 0 ? Object.values(all) : [...new Set(ids)].map(find);
}

function reader<Row extends object>(name: string, filters: Filters<Row>): (row: Row) => Values {
  const filter = Object.hasOwn(filters, name) ? filters[name] : undefined;
  if (filter) return filter;
  if (name.startsWith('tag:')) return (row) => tagsOf(row)[name.slice(4)];
  if (name === 'tag-key') return (row) => Object.keys(tagsOf(row));
  throw new AwsError('InvalidParameterValue', `The filter '${name}' is invalid`);
}

function texts(values: Values): readonly string[] {
  if (values === undefined || values === null) return [];
  return typeof values === 'object' ? values : [String(values)];
}

function pattern(value: string): RegExp {
  const source = value.replace(/\\([\s\S])|([*?])|([.+^${}()|[\]\\/])/g, (_, escaped, wild, special) => {
    if (escaped) return /\w/.test(escaped) ? escaped : `\\${escaped}`;
    if (wild) return wild === '*' ? '[\\s\\S]*' : '[\\s\\S]';
    return `\\${special}`;
  });
  return new RegExp(`^${source}$`);
}

function cut<Row>(params: Params, rows: Row[]): { page: Row[]; nextToken: string | undefined } {
  const most = params.integer('MaxResults');
  const token = params.text('NextToken');
  if (most !== undefined && (most < 5 || most > 1000))
    throw new AwsError(
      'InvalidParameterValue',
      `Value ( ${most} ) for parameter maxResults is invalid. Expecting a value greater than or equal to 5.`,
    );
  const start = token ? startOf(token) : 0;
  const end = start + (most ?? 1000);
  return { page: rows.slice(start, end), nextToken: end < rows.length ? tokenAt(end) : undefined };
}

const tokenAt = (start: number) => Buffer.from(JSON.stringify({ start })).toString('base64');

function startOf(token: string): number {
  try {
    const { start } = JSON.parse(Buffer.from(token, 'base64').toString());
    if (Number.isSafeInteger(start) && start >= 0) return start;
  } catch {
    // Not ours: refused below.
  }
  throw new AwsError('InvalidParameterValue', 'Unable to parse pagination token');
}

const tagsOf = (row: object): Tags => ('tags' in row ? (row.tags as Tags) : {});
