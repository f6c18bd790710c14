/** Domain names as Route 53 writes and orders them. */

/**
 * Absolute, in lower case, `*` as `\052`; undefined when it is no name Route 53 takes. Other characters than
 * letters, digits, `-` and `_` may be written as octal escapes.
 */
export function normalName(text: string): string | undefined {
  const name = `${text.replace(/\.$/, '').toLowerCase()}.`.replace(/\*/g, '\\052');
  const labels = name.slice(0, -1).split('.');
  const good = labels.every(
    (label) => /^(?:[a-z0-9_-]|\\[0-3][0-7]{2})+$/.test(label) && unescape8(label).length <= 63,
  );
  return good && unescape8(name).length <= 255 ? name : undefined;
}

export const unescape8 = (text: string) =>
  text.replace(/\\([0-3][0-7]{2})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8)));

export const isWithin = (name: string, zone: string) => name === zone || name.endsWith(`.${zone}`);

/** Route 53's order: by the labels from the last to the first. */
export function byName(a: string, b: string): number {
  const [x, y] = [key(a), key(b)];
  return x < y ? -1 : x > y ? 1 : 0;
}

const key = (name: string) => name.slice(0, -1).split('.').reverse().join('\u0000');
