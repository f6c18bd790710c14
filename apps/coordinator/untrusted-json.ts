/** JSON from outside, as far as the database can hold it. */

/**
 * Parses. Throws SyntaxError for what is no JSON, and for texts that Postgres refuses in `jsonb` (NUL, half a surrogate
 * pair): one such text from one agent would make the batch of all its network's reports fail.
 */
export function parseUntrusted(text: string): unknown {
  return JSON.parse(text, (_, value: unknown) => {
    if (typeof value === 'string' && (value.includes('\0') || !value.isWellFormed()))
      throw new SyntaxError('a text holds what no text may');
    return value;
  });
}
