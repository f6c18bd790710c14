import type { NewRange } from '@skein/contract/rest/range.ts';

/** A range as its form has it. */
export interface RangeText {
  name: string;
  cidr: string;
  /** Empty for every gateway. */
  peerId: string;
  /** Empty lets Skein choose. */
  replies: '' | NonNullable<NewRange['replies']>;
  /** A line for each host: `printer 10.0.7.9`. */
  hosts: string;
}

/** What the API is to be told. A line of hosts without an address is told as it is, and refused by its place. */
export function rangeWish({ name, cidr, peerId, replies, hosts }: RangeText): unknown {
  return {
    name,
    cidr: cidr.trim(),
    peerId: peerId === '' ? null : peerId,
    ...(replies !== '' && { replies }),
    hosts: hosts
      .split('\n')
      .map((line) => line.trim().split(/[\s=]+/))
      .filter(([host]) => host !== '' && host !== undefined)
      .map(([host = '', address = '']) => ({ name: host, address })),
  };
}

/** Which field of the form a path of the API speaks of, and what of it in words. */
export function problemsOf(
  issues: readonly { path: string; message: string }[],
): Partial<Record<keyof RangeText, string>> {
  const problems: Partial<Record<keyof RangeText, string>> = {};
  for (const { path, message } of issues) {
    const [field = '', at] = path.split('.');
    const words = at === undefined ? message : `host ${Number(at) + 1}: ${message}`;
    problems[field as keyof RangeText] ??= words;
  }
  return problems;
}
